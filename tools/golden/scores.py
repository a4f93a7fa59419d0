"""Writes scores.json: results of scikit-learn and SciPy for small tables of probabilities, for
packages/evaluation/src/scikit-learn.test.ts and packages/models/src/stackers/logistic.test.ts.

    VENV/bin/python tools/golden/scores.py && npx biome check --write tools/golden
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import optimize, stats
from sklearn import metrics

random = np.random.default_rng(15)


def table(rows, classes, levels):
    """Returns probabilities that are multiples of 1 / levels, a power of two: exact in float32, with many ties."""
    counts = random.multinomial(levels, random.dirichlet(np.ones(classes)), size=rows)
    labels = random.permutation(np.arange(rows) % classes)
    return counts / levels, labels


def area(probabilities, labels):
    """Returns the area under the ROC curve, of several classes the mean of those that are defined; None if none is."""
    rows, classes = probabilities.shape
    if classes > 2 and set(labels) == set(range(classes)):
        every = list(range(classes))
        return float(metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro", labels=every))
    defined = [label for label in ([1] if classes == 2 else range(classes)) if 0 < (labels == label).sum() < rows]
    areas = [metrics.roc_auc_score(labels == label, probabilities[:, label]) for label in defined]
    return float(np.mean(areas)) if areas else None


def score(name, probabilities, labels):
    rows, classes = probabilities.shape
    every = list(range(classes))
    # Clipped as in Keras and Chorus.
    clipped = np.clip(probabilities[np.arange(rows), labels], 1e-7, 1 - 1e-7)
    predicted = probabilities.argmax(axis=1)
    recalls = metrics.recall_score(labels, predicted, labels=every, average=None, zero_division=np.nan)
    # log_loss of the two columns (other, true): the mean of -ln(probability of the true class).
    log_loss = metrics.log_loss(np.ones(rows), np.stack([1 - clipped, clipped], axis=1), labels=[0, 1])
    return {
        "name": name,
        "classCount": classes,
        "probabilities": probabilities.ravel().tolist(),
        "labels": labels.tolist(),
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        "logLoss": float(log_loss),
        "auc": area(probabilities, labels),
        "balancedAccuracy": float(metrics.balanced_accuracy_score(labels, predicted)),
        "macroF1": float(metrics.f1_score(labels, predicted, average="macro", zero_division=0)),
        "brier": float(((probabilities - np.eye(classes)[labels]) ** 2).sum(axis=1).mean()),
        "recalls": [None if np.isnan(recall) else float(recall) for recall in recalls],
        "confusion": metrics.confusion_matrix(labels, predicted, labels=every).tolist(),
    }


def logistic(rows, members):
    """Minimizes the logistic stacker's objective for two classes with SciPy."""
    labels = random.permutation(np.arange(rows) % 2)
    logits = np.round((2 * labels - 1) * random.uniform(0, 2, size=(members, 1)) + random.normal(size=(members, rows)), 3)
    logits = logits.astype(np.float32).astype(np.float64)
    prior = np.append(np.full(members, 1 / members), 0)
    inputs = np.vstack([logits, np.ones(rows)])

    def objective(coefficients):
        combined = coefficients @ inputs
        loss = np.logaddexp(0, combined) - labels * combined
        slopes = 1 / (1 + np.exp(-combined)) - labels
        distance = coefficients - prior
        return loss.sum() + 5 * distance @ distance, inputs @ slopes + 10 * distance

    found = optimize.minimize(objective, prior, jac=True, method="BFGS", options={"gtol": 1e-9})
    return {"logits": logits.tolist(), "labels": labels.tolist(), "coefficients": found.x.tolist()}


counts = [(0, 1), (1, 1), (0, 10), (979, 1000), (3, 7), (50_000, 100_000)]
pairs = [(0, 0), (0, 5), (1, 9), (10, 2), (40, 61), (900, 1100), (40_000, 40_500)]
golden = {
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
    "scores": [
        score("two classes with ties", *table(60, 2, 8)),
        score("three classes with ties", *table(60, 3, 8)),
        score("seven classes", *table(70, 7, 1024)),
        score("two classes, constant", np.full((10, 2), 0.5), np.arange(10) % 2),
        score("four classes, constant", np.full((12, 4), 0.25), np.arange(12) % 4),
        score("certain and wrong", np.eye(2)[(np.arange(8) + 1) % 2], np.arange(8) % 2),
        score("a single image", np.array([[0.25, 0.75]]), np.array([1])),
        score("a single class of two", np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]]), np.zeros(3, int)),
        score("a class of three without images", np.eye(3)[[0, 1, 2, 2, 0]], np.array([0, 1, 1, 0, 0])),
        score("a class of three that is never predicted", np.eye(3)[[0, 1, 1, 0]], np.array([0, 1, 2, 2])),
        score("constant and certain, of three", np.eye(3)[np.zeros(6, int)], np.arange(6) % 3),
    ],
    "wilson": [
        {"correct": k, "count": n, "interval": list(stats.binomtest(k, n).proportion_ci(method="wilson"))}
        for k, n in counts
    ],
    "mcnemar": [
        {"onlyFirst": b, "onlySecond": c, "p": float(stats.binomtest(b, b + c).pvalue) if b + c > 0 else 1.0}
        for b, c in pairs
    ],
    "logistic": [logistic(40, 1), logistic(40, 2), logistic(200, 5)],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
