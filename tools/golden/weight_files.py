"""Writes weight files of both Keras, of every layout, with random numbers (3 GB), for a check that is not part of
`pnpm test`: packages/models/src/weights/keras-files.test.ts reads them back bit for bit.

    python3 -m venv VENV && VENV/bin/pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 keras==3.15.1
    VENV/bin/python tools/golden/weight_files.py DIR
    cd packages/models && CHORUS_KERAS_FILES=DIR npx vitest run src/weights/keras-files.test.ts

DIR/<keras or tf_keras>/<application>_<alpha>_<top or notop>.<suffix>, and beside each `.f32`: the same numbers in the
model's order, one behind the other.
"""

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tf_keras

APPLICATIONS = [
    *(("MobileNet", alpha) for alpha in (0.25, 0.5, 0.75, 1.0)),
    *(("MobileNetV2", alpha) for alpha in (0.5, 1.0)),
    ("InceptionV3", 1.0),
    ("Xception", 1.0),
]
SUFFIXES = {"keras": ("weights.h5",), "tf_keras": ("weights.h5", "old.h5")}

for library in (keras, tf_keras):
    folder = pathlib.Path(sys.argv[1], library.__name__)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (application, alpha) in enumerate(APPLICATIONS):
        width = {"alpha": alpha} if application.startswith("Mobile") else {}
        for top in (True, False):
            model = getattr(library.applications, application)(weights=None, include_top=top, **width)
            generator = np.random.default_rng([seed, top])
            model.set_weights([generator.normal(size=w.shape).astype("<f4") for w in model.get_weights()])
            stem = f"{application}_{alpha}_{'top' if top else 'notop'}"
            np.concatenate([w.ravel() for w in model.get_weights()]).tofile(folder / f"{stem}.f32")
            for suffix in SUFFIXES[library.__name__]:
                model.save_weights(folder / f"{stem}.{suffix}")
            model.save(folder / f"{stem}.model.h5")
