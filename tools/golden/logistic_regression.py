"""Writes logistic-regression.json: probabilities of scikit-learn's logistic regression on small tables of features, for
packages/models/src/stackers/features/scikit-learn.test.ts.

    VENV/bin/pip install scikit-learn==1.9.1
    VENV/bin/python tools/golden/logistic_regression.py && npx biome check --write tools/golden
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(5)


def table(images, features, classes):
    """Returns features [images, features], exact in float32 and short in JSON, and labels of which some are surprising."""
    labels = random.permutation(np.arange(images) % classes)
    centers = random.normal(size=(classes, features))
    # Pooled features are not negative, often 0, and of different sizes; one is always 0.
    raw = np.maximum(0, centers[labels] + 2 * random.normal(size=(images, features))) * random.integers(1, 20, features)
    raw[:, features // 2] = 0
    return np.round(raw * 8) / 8, labels


cases = []
for classes, images, features in [(2, 60, 12), (2, 25, 40), (4, 60, 12), (3, 25, 40)]:
    x, labels = table(images + 10, features, classes)
    train, test = slice(0, images), slice(images, None)
    fits = []
    for strength in [1000, 10, 0.1]:
        # The penalty is 1 / (2 C) x the squared coefficients.
        regression = LogisticRegression(C=1 / strength, solver="lbfgs", tol=1e-12, max_iter=100_000)
        model = make_pipeline(StandardScaler(), regression).fit(x[train], labels[train])
        probabilities = np.round(model.predict_proba(x[test]), 9).ravel().tolist()
        fits.append({"strength": strength, "probabilities": probabilities})
    cases.append(
        {
            "classCount": classes,
            "width": features,
            "features": x[train].ravel().tolist(),
            "labels": labels[train].tolist(),
            "unseen": x[test].ravel().tolist(),
            "fits": fits,
        }
    )

path = pathlib.Path(__file__).parent / "logistic-regression.json"
path.write_text(json.dumps({"scikit-learn": sklearn.__version__, "cases": cases}))
