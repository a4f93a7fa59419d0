"""Writes hostile-h5.json: weight files that no JavaScript library can write, in base64, for
packages/models/src/weights/stored-layers.test.ts.

    python3 -m venv VENV && VENV/bin/pip install h5py==3.14.0
    VENV/bin/python tools/golden/hostile_h5.py && npx biome check --write tools/golden

Each file has a layer `conv1` with a kernel that Keras never writes, once in the layout with layer names and once in the layout of
`.weights.h5`.
"""

import base64
import json
import os
import pathlib
import tempfile

import h5py

SHAPE = (3, 3, 3, 8)


def virtual(group, name):
    layout = h5py.VirtualLayout(SHAPE, "<f4")
    layout[:] = h5py.VirtualSource("other.h5", "kernel", SHAPE)
    group.create_virtual_dataset(name, layout)


def external(group, name):
    # Reads as zeros where the device exists.
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_external(b"/dev/null", 0, 4 * 3 * 3 * 3 * 8)
    space = h5py.h5s.create_simple(SHAPE)
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, dcpl=layout)


def terabytes(group, name):
    # Never written, so that no data is stored.
    group.create_dataset(name, (1_000_000, 1_000_000), "<f4")


def float16(group, name):
    group.create_dataset(name, SHAPE, "<f2")


def big_endian(group, name):
    group.create_dataset(name, SHAPE, ">f4")


def file_with(write, listed):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.h5")
        with h5py.File(path, "w", libver="latest") as file:
            if listed:
                file.attrs["layer_names"] = [b"conv1"]
                layer = file.create_group("conv1")
                layer.attrs["weight_names"] = [b"kernel:0"]
                write(layer, "kernel:0")
            else:
                write(file.create_group("layers/conv2d/vars"), "0")
        return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


files = {
    write.__name__: {"listed": file_with(write, True), "counted": file_with(write, False)}
    for write in (virtual, external, terabytes, float16, big_endian)
}
output = pathlib.Path(__file__).with_name("hostile-h5.json")
output.write_text(json.dumps({"versions": {"h5py": h5py.__version__}, "files": files}))
