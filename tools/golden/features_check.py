"""Compares what `chorus features` wrote with Keras' features of the same files: load_img(target_size,
interpolation="bilinear"), preprocess_input, the model without its top, average pooling.

    python3 -m venv VENV && VENV/bin/pip install tensorflow-cpu==2.21.0 keras==3.15.1 pillow==13.0.0
    pnpm chorus features --backbone mobilenet --weights FILE.h5 --out F.npy FILE...
    VENV/bin/python tools/golden/features_check.py --backbone mobilenet --weights FILE.h5 --out F.npy FILE...

Takes the options of `chorus features`; a folder stands for its files in the order of their names. Prints one line of
JSON, and fails when an error is above the limit.
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

# Family -> function, module of its preprocess_input, and default size.
BACKBONES = {
    "mobilenet": (keras.applications.MobileNet, keras.applications.mobilenet, 224),
    "mobilenet-v2": (keras.applications.MobileNetV2, keras.applications.mobilenet_v2, 224),
    "inception-v3": (keras.applications.InceptionV3, keras.applications.inception_v3, 299),
    "xception": (keras.applications.Xception, keras.applications.xception, 299),
}
LIMIT = 1e-4
BATCH = 32


def keras_features(paths, backbone, weights, size=None, alpha=None):
    """[images, width], float32."""
    build, module, default_size = BACKBONES[backbone]
    size = size or default_size
    model = build(include_top=False, pooling="avg", weights=str(weights), input_shape=(size, size, 3),
                  **({} if alpha is None else {"alpha": alpha}))
    load = lambda path: keras.utils.img_to_array(
        keras.utils.load_img(path, target_size=(size, size), interpolation="bilinear"))
    batches = (paths[start:start + BATCH] for start in range(0, len(paths), BATCH))
    return np.concatenate([
        model.predict_on_batch(module.preprocess_input(np.stack([load(path) for path in batch])))
        for batch in batches
    ])


def files_of(path):
    return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]


def check():
    parser = argparse.ArgumentParser(description="Compares the output of `chorus features` with Keras.")
    parser.add_argument("paths", type=pathlib.Path, nargs="+")
    parser.add_argument("--backbone", choices=BACKBONES, required=True)
    parser.add_argument("--alpha", type=float)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--size", type=int)
    parser.add_argument("--out", required=True, help="what chorus features wrote")
    options = parser.parse_args()

    paths = [file for path in options.paths for file in files_of(path)]
    theirs = keras_features(paths, options.backbone, options.weights, options.size, options.alpha).astype("float64")
    ours = np.load(options.out)
    assert ours.dtype == np.dtype("<f4") and ours.shape == theirs.shape, (ours.dtype, ours.shape, theirs.shape)
    differences = np.abs(ours - theirs)
    errors = {
        # Largest difference over the largest feature.
        "largest": differences.max() / np.abs(theirs).max(),
        # Norm of the difference over the norm of the features: of all images, and of the worst one.
        "norm": np.linalg.norm(differences) / np.linalg.norm(theirs),
        "worstImage": (np.linalg.norm(differences, axis=1) / np.linalg.norm(theirs, axis=1)).max(),
    }
    spread = theirs.std(axis=0).mean()
    print(json.dumps({"images": len(paths), "width": ours.shape[1], "spread": round(spread, 4),
                      **{name: float(f"{error:.2g}") for name, error in errors.items()}, "limit": LIMIT}))
    # Features that hardly depend on the image prove nothing.
    return 0 if max(errors.values()) <= LIMIT and spread > 0.02 else 1


if __name__ == "__main__":
    sys.exit(check())
