"""Writes features.json: Keras' features of three of the photographs next to the clone, for
packages/orchestration/src/features.test.ts. See features_check.py for the setup and the computation.

    VENV/bin/python tools/golden/features.py ../shared/data && npx biome check --write tools/golden
"""

import base64
import json
import pathlib
import sys

import keras
import numpy as np
import PIL
import tensorflow as tf

from features_check import keras_features

# A wide one, a tall one (Pillow begins with its rows), and one that is narrower than the model's input.
PHOTOGRAPHS = ["dogs/dog.4001.jpg", "cats/cat.4026.jpg", "cats/cat.4029.jpg"]
WEIGHTS = "mobilenet_2_5_128_tf_no_top.h5"
ALPHA, SIZE = 0.25, 128

data = pathlib.Path(sys.argv[1])
paths = [data / "cats-vs-dogs" / "validation" / name for name in PHOTOGRAPHS]
features = keras_features(paths, "mobilenet", data / "pretrained" / WEIGHTS, SIZE, ALPHA)
golden = {
    "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "pillow": PIL.__version__},
    "photographs": PHOTOGRAPHS,
    "weights": WEIGHTS,
    "alpha": ALPHA,
    "size": SIZE,
    # Little-endian float32 [photographs, width].
    "features": base64.b64encode(features.astype("<f4").tobytes()).decode(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
