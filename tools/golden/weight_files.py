"""Writes weight files of Keras 2 and 3, in every layout, with random numbers (4 GB).
packages/models/src/weights/keras-files.test.ts reads them back bit for bit; `pnpm parity` runs both. Prints one line per file.

    python weight_files.py CASES.json DIR

CASES.json contains the cases of src/cases.ts. Writes <keras or tf_keras>/<application>_<variant>_<top or notop>.<suffix> into DIR
and, next to each, a `.f32` file with the same numbers, concatenated in the model's order.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tf_keras

SUFFIXES = {"keras": ("weights.h5",), "tf_keras": ("weights.h5", "old.h5")}


def write(library, case, seed, folder):
    for top in (True, False):
        build = getattr(library.applications, case["keras"])
        model = build(weights=None, include_top=top, **case["arguments"])
        generator = np.random.default_rng([seed, top])
        model.set_weights([generator.normal(size=w.shape).astype("<f4") for w in model.get_weights()])
        stem = folder / f"{case['keras']}_{case['variant']}_{'top' if top else 'notop'}"
        np.concatenate([w.ravel() for w in model.get_weights()]).tofile(f"{stem}.f32")
        for suffix in SUFFIXES[library.__name__]:
            model.save_weights(f"{stem}.{suffix}")
            print(f"{stem}.{suffix}")
        model.save(f"{stem}.model.h5")
        print(f"{stem}.model.h5")


for library in (keras, tf_keras):
    folder = pathlib.Path(sys.argv[2], library.__name__)
    folder.mkdir(parents=True)
    for seed, case in enumerate(json.loads(pathlib.Path(sys.argv[1]).read_text())):
        write(library, case, seed, folder)
