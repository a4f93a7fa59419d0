"""scikit-learn's LogisticRegression on features of frozen backbones, and cleanlab's audit of the labels by it.

usage: logistic_peer.py TASK RESULT

TASK is JSON as src/compare/logistic-peers.ts writes it. RESULT becomes JSON: per draw, the probabilities of each way for the test
images, the training images that cleanlab lists, and seconds.
"""

import json
import sys
import time

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MOST_STEPS = 10_000


def read(parts, images):
    """Features of all members side by side [images, 2, width]: of each image and of its mirror image."""
    return np.concatenate([np.fromfile(part["path"], np.float32).reshape(images, 2, -1) for part in parts], axis=2)


def ways(weight):
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    chosen = dict(Cs=10, cv=folds, scoring="neg_log_loss", use_legacy_attributes=False)
    return {
        "defaults": lambda: LogisticRegression(class_weight=weight, max_iter=MOST_STEPS),
        "cross-validated": lambda: LogisticRegressionCV(class_weight=weight, max_iter=MOST_STEPS, **chosen),
    }


def main(task_path, result_path):
    with open(task_path) as file:
        task = json.load(file)
    train, test = (read(task[name]["features"], task[name]["count"]) for name in ("train", "test"))
    draws = []
    for draw in task["draws"]:
        labels = np.array(draw["labels"])
        weight = "balanced" if task["balances"] else None
        result = {"probabilities": {}, "seconds": {}}
        for views, columns in {"": [0], ", with mirror images": [0, 1]}.items():
            known, unseen = (rows[:, columns].mean(1) for rows in (train[draw["images"]], test))
            for name, regression in ways(weight).items():
                started = time.perf_counter()
                model = make_pipeline(StandardScaler(), regression()).fit(known, labels)
                result["seconds"][name + views] = time.perf_counter() - started
                result["probabilities"][name + views] = model.predict_proba(unseen).ravel().tolist()
        if task["audits"]:
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MOST_STEPS))
            folds = StratifiedKFold(5, shuffle=True, random_state=0)
            outside = cross_val_predict(model, train[draw["images"], 0], labels, cv=folds, method="predict_proba")
            ranked = find_label_issues(labels, outside, return_indices_ranked_by="normalized_margin")
            result["implausible"] = [draw["images"][row] for row in ranked]
        draws.append(result)
    with open(result_path, "w") as file:
        json.dump(draws, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
