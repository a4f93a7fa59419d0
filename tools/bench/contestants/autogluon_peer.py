"""AutoGluon's TabularPredictor on features of frozen backbones.

usage: autogluon_peer.py TASK RESULT

TASK is JSON as src/compare/autogluon-peer.ts writes it. RESULT becomes JSON: per draw, the probabilities of the test images and seconds.
"""

import json
import os
import sys
import tempfile
import time

import numpy as np
import pandas
from autogluon.tabular import TabularPredictor


def read(part):
    """Features of all members side by side, without those of mirror images."""
    rows = [np.fromfile(one["path"], np.float32).reshape(part["count"], 2, -1)[:, 0] for one in part["features"]]
    table = np.concatenate(rows, 1)
    return pandas.DataFrame(table, columns=[f"feature {index}" for index in range(table.shape[1])])


def main(task_path, result_path):
    with open(task_path) as file:
        task = json.load(file)
    train, test = read(task["train"]), read(task["test"])
    results = []
    for draw in task["draws"]:
        known = train.iloc[draw["images"]].assign(label=draw["labels"])
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            predictor = TabularPredictor("label", eval_metric="log_loss", path=os.path.join(folder, "models"), verbosity=1)
            predictor.fit(known, presets=task["preset"], time_limit=task["seconds"])
            probabilities = predictor.predict_proba(test).to_numpy()
            results.append({"probabilities": probabilities.ravel().tolist(), "seconds": time.perf_counter() - started})
    with open(result_path, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
