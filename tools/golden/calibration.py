"""Writes calibration.json: temperature and vector scaling by SciPy, for packages/models/src/calibration/calibration.test.ts.

    VENV/bin/python tools/golden/calibration.py && npx biome check --write tools/golden
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import optimize, special

random = np.random.default_rng(29)
# Probabilities are multiples of 1 / levels: exact in float32, and short in JSON. Some are 0.
levels = 2**12
prior_strength = 10


def table(rows, classes, confidence):
    """Returns probabilities of a classifier that is over-confident (above 1) or under-confident, and differs by class."""
    logits = 2 * random.normal(size=(rows, classes))
    labels = np.array([random.choice(classes, p=row) for row in special.softmax(logits, axis=1)])
    skewed = special.softmax(confidence * logits + np.linspace(-1, 1, classes), axis=1)
    counts = np.array([random.multinomial(levels, row) for row in skewed])
    return counts / levels, labels


def minimum(logs, labels, coefficients_of, gradient_of, prior):
    """Minimizes the sum of the log losses and the prior, from the coefficients without a calibration."""
    targets = np.eye(logs.shape[1])[labels]

    def objective(coefficients):
        scales, biases = coefficients_of(coefficients)
        logits = scales * logs + biases
        loss = (special.logsumexp(logits, axis=1) - (logits * targets).sum(axis=1)).sum()
        slopes = special.softmax(logits, axis=1) - targets
        distance = coefficients - prior
        return (
            loss + prior_strength / 2 * distance @ distance,
            gradient_of((slopes * logs).sum(axis=0), slopes.sum(axis=0)) + prior_strength * distance,
        )

    return optimize.minimize(objective, prior, jac=True, method="BFGS", options={"gtol": 1e-9}).x


def case(rows, classes, confidence):
    probabilities, labels = table(rows, classes, confidence)
    logs = np.log(np.maximum(probabilities, 1e-7))
    exponent = minimum(
        logs, labels, lambda one: (one[0], 0), lambda scales, biases: np.array([scales.sum()]), np.ones(1)
    )
    vector = minimum(
        logs,
        labels,
        lambda both: (both[:classes], both[classes:]),
        lambda scales, biases: np.append(scales, biases),
        np.append(np.ones(classes), np.zeros(classes)),
    )
    scaled = {
        "temperature": special.softmax(exponent[0] * logs, axis=1),
        "vector": special.softmax(vector[:classes] * logs + vector[classes:], axis=1),
    }
    return {
        "classCount": classes,
        "probabilities": probabilities.ravel().tolist(),
        "labels": labels.tolist(),
        "temperature": float(1 / exponent[0]),
        "scales": vector[:classes].tolist(),
        "biases": vector[classes:].tolist(),
        # Of the first three images.
        "calibrated": {kind: rows[:3].ravel().tolist() for kind, rows in scaled.items()},
    }


golden = {
    "versions": {"scipy": scipy.__version__, "numpy": np.__version__},
    "cases": [case(60, 2, 2), case(150, 3, 0.5), case(200, 5, 3)],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
