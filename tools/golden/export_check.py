"""Compares the members of an export, loaded in Keras, with predictions that Chorus recorded.

    VENV/bin/python tools/golden/export_check.py EXPORT ANSWERS

EXPORT: the folder written by `chorus export --format keras`. ANSWERS: a folder of little-endian float32 files without headers:
`images_<S>.f32` [N, S, S, 3] for each size and `<member>.f32` [N, classes] for each member. Prints one line of JSON per member.
Exits with 1 if a probability differs by more than LIMIT, or if predictions hardly depend on the image, because such predictions
would agree in any case.

Written for keras 3.15.1 on tensorflow-cpu 2.21.0.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

LIMIT = 1e-5
SMALLEST_SPREAD = 0.1

export, answers = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
sys.path.insert(0, str(export / "keras"))
import members  # noqa: E402

failed = False
for member in members.EXPORT["members"]:
    name, size = member["name"], member["inputSize"]
    images = np.fromfile(answers / f"images_{size}.f32", "<f4").reshape(-1, size, size, 3)
    wanted = np.fromfile(answers / f"{name}.f32", "<f4").reshape(len(images), len(members.CLASSES))
    found = np.asarray(members.load_member(name)(images))
    assert np.isfinite(found).all(), f"{name}: {found} in Keras"
    difference = float(np.abs(found - wanted).max())
    spread = float(np.ptp(wanted, axis=0).max())
    assert spread >= SMALLEST_SPREAD, f"{name}: predictions differ by only {spread:.2g} between images"
    failed |= not difference <= LIMIT
    finding = {"name": name, "check": "export in Keras, probabilities", "worst": difference, "limit": LIMIT,
               "where": f"{spread:.2f} between images"}
    print(json.dumps(finding), flush=True)
sys.exit(failed)
