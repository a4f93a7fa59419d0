"""Writes nearest-neighbors.json: leave-one-out predictions of scikit-learn's nearest neighbors, for
packages/evaluation/src/nearest-neighbors.test.ts.

    VENV/bin/pip install scikit-learn==1.9.1
    VENV/bin/python tools/golden/nearest_neighbors.py && npx biome check --write tools/golden
"""

import json
import pathlib

import numpy as np
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

random = np.random.default_rng(29)


def case(name, images, width, classes, neighbors, spread):
    """Returns features around one center per class, their labels and the predictions.

    Args:
        spread: standard deviation around the centers, whose own is 1.
    """
    labels = np.arange(images) % classes
    centers = random.normal(size=(classes, width))
    # Multiples of 1 / 64 are exact in float32, and short in JSON.
    features = np.round((centers[labels] + spread * random.normal(size=(images, width))) * 64) / 64
    model = KNeighborsClassifier(n_neighbors=neighbors, metric="cosine", weights="distance", algorithm="brute")
    predicted = cross_val_predict(model, features, labels, cv=LeaveOneOut())
    return {
        "name": name,
        "width": width,
        "classCount": classes,
        "neighborCount": neighbors,
        "features": features.ravel().tolist(),
        "labels": labels.tolist(),
        "predicted": predicted.tolist(),
    }


cases = [
    case("two classes", 70, 6, 2, 15, 2.0),
    case("four classes", 60, 5, 4, 10, 1.0),
    case("one neighbor", 40, 3, 3, 1, 1.5),
    case("all others", 20, 4, 2, 19, 1.5),
]
path = pathlib.Path(__file__).with_name("nearest-neighbors.json")
path.write_text(json.dumps({"cases": cases}))
