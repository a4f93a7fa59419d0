"""AutoGluon on photographs: MultiModal fine-tunes EfficientNet-Lite0, and Tabular fits models on features of frozen backbones.

usage: autogluon_peer.py TASK RESULT

TASK is JSON as src/compare/autogluon.ts writes it. RESULT becomes JSON: per way, the probabilities for the test images and seconds.
"""

import json
import os
import shutil
import sys
import tempfile
import time

# The weights come from a file; without a network, looking for them would only take time.
os.environ["HF_HUB_OFFLINE"] = "1"
REPOSITORY = "models--timm--tf_efficientnet_lite0.in1k"


def offer_weights(path, cache):
    """Lays a file out as Hugging Face's cache does, in which timm looks for initial weights."""
    snapshot = os.path.join(cache, "hub", REPOSITORY, "snapshots", "0" * 40)
    os.makedirs(snapshot)
    shutil.copy(path, os.path.join(snapshot, "model.safetensors"))
    refs = os.path.join(cache, "hub", REPOSITORY, "refs")
    os.makedirs(refs)
    with open(os.path.join(refs, "main"), "w") as file:
        file.write("0" * 40)
    os.environ["HF_HOME"] = cache


def multimodal(task, folder):
    offer_weights(task["weights"], os.path.join(folder, "cache"))
    import pandas
    from autogluon.multimodal import MultiModalPredictor

    frame = pandas.DataFrame({"image": task["train"]["paths"], "label": task["train"]["labels"]})
    settings = {
        "model.names": ["timm_image"],
        "model.timm_image.checkpoint_name": "tf_efficientnet_lite0",
        "env.num_gpus": 0,
        "env.accelerator": "cpu",
        "env.num_workers": 0,
        "env.num_workers_inference": 0,
    }
    started = time.perf_counter()
    predictor = MultiModalPredictor(label="label", eval_metric="log_loss", path=os.path.join(folder, "multimodal"))
    predictor.fit(frame, hyperparameters=settings, time_limit=task["seconds"], seed=0)
    fitted = time.perf_counter()
    probabilities = predictor.predict_proba(pandas.DataFrame({"image": task["test"]["paths"]}), as_pandas=False)
    return probabilities, {"fit": fitted - started, "predict": time.perf_counter() - fitted}


def tabular(task, folder):
    import numpy as np
    import pandas
    from autogluon.tabular import TabularPredictor

    def frame(part):
        rows = np.concatenate([np.fromfile(one["path"], np.float32).reshape(part["pool"], 2, -1)[:, 0] for one in part["features"]], 1)
        return pandas.DataFrame(rows[part["images"]], columns=[f"feature {index}" for index in range(rows.shape[1])])

    known = frame(task["train"])
    known["label"] = task["train"]["labels"]
    started = time.perf_counter()
    predictor = TabularPredictor(label="label", eval_metric="log_loss", path=os.path.join(folder, "tabular"))
    predictor.fit(known, presets=task["preset"], time_limit=task["seconds"])
    fitted = time.perf_counter()
    probabilities = predictor.predict_proba(frame(task["test"])).to_numpy()
    return probabilities, {"fit": fitted - started, "predict": time.perf_counter() - fitted}


def main(task_path, result_path):
    with open(task_path) as file:
        task = json.load(file)
    results = {}
    for name in task["ways"]:
        with tempfile.TemporaryDirectory() as folder:
            probabilities, seconds = {"multimodal": multimodal, "tabular": tabular}[name](task, folder)
        results[name] = {"probabilities": probabilities.ravel().tolist(), "seconds": seconds}
    with open(result_path, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
