"""Compares the output of `chorus features` with Keras' features of the same files: load_img(target_size,
interpolation="bilinear"), preprocess_input, the model without its top, average pooling.

    python3 -m venv VENV && VENV/bin/pip install -r tools/golden/requirements.txt
    pnpm chorus features --backbone mobilenet --weights FILE.h5 --size 224 --out F.npy FILE...
    VENV/bin/python tools/golden/features_check.py --backbone mobilenet --weights FILE.h5 --size 224 --out F.npy FILE...

Takes the options of `chorus features`; a folder stands for its files in the order of their names. Prints one line of JSON per
check, and fails if an error exceeds its limit.
"""

import argparse
import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

LIMIT = 1e-4
BATCH = 32


def application(backbone):
    """Returns the function that builds a family's models, such as MobileNetV2 for mobilenet-v2."""
    functions = {name.lower(): one for name, one in vars(keras.applications).items() if callable(one)}
    return functions[backbone.replace("-", "")]


def keras_features(paths, backbone, weights, size, alpha=None):
    """[images, width], float32."""
    build = application(backbone)
    model = build(include_top=False, pooling="avg", weights=str(weights), input_shape=(size, size, 3),
                  **({} if alpha is None else {"alpha": alpha}))
    preprocess = sys.modules[build.__module__].preprocess_input
    load = lambda path: keras.utils.img_to_array(
        keras.utils.load_img(path, target_size=(size, size), interpolation="bilinear"))
    batches = (paths[start:start + BATCH] for start in range(0, len(paths), BATCH))
    return np.concatenate([
        model.predict_on_batch(preprocess(np.stack([load(path) for path in batch]))) for batch in batches
    ])


def files_of(path):
    return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]


def check():
    parser = argparse.ArgumentParser(description="Compares the output of `chorus features` with Keras.")
    parser.add_argument("paths", type=pathlib.Path, nargs="+")
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--alpha", type=float)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--out", required=True, help="file written by chorus features")
    options = parser.parse_args()

    paths = [file for path in options.paths for file in files_of(path)]
    theirs = keras_features(paths, options.backbone, options.weights, options.size, options.alpha).astype("float64")
    ours = np.load(options.out)
    assert ours.dtype == np.dtype("<f4") and ours.shape == theirs.shape, (ours.dtype, ours.shape, theirs.shape)
    assert np.isfinite(ours).all()
    differences = np.abs(ours - theirs)
    errors = {
        "largest difference over largest feature": differences.max() / np.abs(theirs).max(),
        "norm": np.linalg.norm(differences) / np.linalg.norm(theirs),
        "norm, worst image": (np.linalg.norm(differences, axis=1) / np.linalg.norm(theirs, axis=1)).max(),
    }
    # Features that hardly depend on the image would agree in any case.
    spread = theirs.std(axis=0).mean()
    assert spread > 0.02, spread
    for what, error in errors.items():
        print(json.dumps({"check": f"features of {len(paths)} files, {what}", "worst": float(error), "limit": LIMIT,
                          "where": f"{options.size} px, spread {spread:.2f}"}))
    return 0 if max(errors.values()) <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(check())
