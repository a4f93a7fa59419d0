"""Compares the members of an export and its ensemble, loaded in Keras, with predictions that Chorus recorded.

    VENV/bin/python tools/golden/export_check.py EXPORT ANSWERS [savedmodel] [tflite]

EXPORT: the folder written by `chorus export --format keras`. ANSWERS: a folder of little-endian float32 files without headers:
`images_<S>.f32` [N, S, S, 3] for each size, `<member>.f32` [N, classes] for each member, and `ensemble/probabilities.f32` [N, classes].
Prints one line of JSON for each. With `savedmodel` or `tflite`, also writes the ensemble by `members.py`, as a user would, and
compares what TensorFlow or TensorFlow Lite makes of it.
Exits with 1 if a probability differs by more than LIMIT, or if predictions hardly depend on the image, because such predictions
would agree in any case.

Written for keras 3.15.1 on tensorflow-cpu 2.21.0.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

LIMIT = 1e-5
SMALLEST_SPREAD = 0.1
# A stacker of features that was not fitted on those of these images hardly tells them apart.
SMALLEST_SPREAD_OF_ENSEMBLES = 500 * LIMIT

export, answers = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
kinds = sys.argv[3:]
sys.path.insert(0, str(export / "keras"))
import members  # noqa: E402

failed = False


def images_of(size):
    return np.fromfile(answers / f"images_{size}.f32", "<f4").reshape(-1, size, size, 3)


def compare(name, found, file, smallest_spread):
    """Prints a finding; returns whether it is above the limit."""
    found = np.asarray(found)
    wanted = np.fromfile(answers / file, "<f4").reshape(found.shape)
    assert np.isfinite(found).all(), f"{name}: {found} in Keras"
    difference = float(np.abs(found - wanted).max())
    spread = float(np.ptp(wanted, axis=0).max())
    assert spread >= smallest_spread, f"{name}: predictions differ by only {spread:.2g} between images"
    finding = {"name": name, "check": "export in Keras, probabilities", "worst": difference, "limit": LIMIT,
               "where": f"{spread:.2f} between images"}
    print(json.dumps(finding), flush=True)
    return not difference <= LIMIT


for member in members.EXPORT["members"]:
    name = member["name"]
    found = members.load_member(name)(images_of(member["inputSize"]))
    failed |= compare(name, found, f"{name}.f32", SMALLEST_SPREAD)
try:
    members.load_member("no such member")
    sys.exit("load_member accepts unknown names")
except ValueError as error:
    assert "expected one of" in str(error), error
inputs = [images_of(one["size"]) for one in members.EXPORT["ensemble"]["inputs"]]
stacker = members.EXPORT["ensemble"]["stacker"]
ensemble = members.load_ensemble()(inputs)
failed |= compare(f"ensemble ({stacker})", ensemble, "ensemble/probabilities.f32", SMALLEST_SPREAD_OF_ENSEMBLES)


def run_savedmodel(path):
    import tensorflow

    model = tensorflow.saved_model.load(path)
    return model.serve(inputs if len(inputs) > 1 else inputs[0])


def run_tflite(path):
    import tensorflow

    interpreter = tensorflow.lite.Interpreter(path)
    names = [one["name"] for one in members.EXPORT["ensemble"]["inputs"]]
    signature = interpreter.get_signature_runner()
    answers = [signature(**{name: images[row : row + 1] for name, images in zip(names, inputs)}) for row in range(len(inputs[0]))]
    return np.concatenate([next(iter(answer.values())) for answer in answers])


def write_by_script(*arguments):
    return subprocess.run([sys.executable, export / "keras" / "members.py", *arguments], capture_output=True, text=True)


if kinds:
    refused = write_by_script("savedmodel", "unused", "no such member")
    assert refused.returncode == 1 and "Unknown member" in refused.stderr, refused.stderr[-2000:]
    assert "Traceback" not in refused.stderr, refused.stderr[-2000:]
for kind in kinds:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/ensemble.tflite" if kind == "tflite" else f"{folder}/ensemble"
        written = write_by_script(kind, path)
        assert written.returncode == 0, written.stderr[-2000:]
        found = {"savedmodel": run_savedmodel, "tflite": run_tflite}[kind](path)
    failed |= compare(f"ensemble as {kind}", found, "ensemble/probabilities.f32", SMALLEST_SPREAD_OF_ENSEMBLES)
sys.exit(failed)
