"""Writes corpus/h5/symbol-tables.h5: the HDF5 format of 2017, with superblock 0 and symbol tables, which no JavaScript library writes.

    python3 -m venv VENV && VENV/bin/pip install h5py==3.14.0
    VENV/bin/python tools/fuzz/symbol_tables_h5.py

The layers are laid out as Keras 2.0 laid them out, and all weights are zeros.
"""

import pathlib

import h5py
import numpy as np

LAYERS = {
    "conv1": {"kernel:0": (3, 3, 3, 2)},
    "conv1_bn": {"gamma:0": (2,), "beta:0": (2,), "moving_mean:0": (2,), "moving_variance:0": (2,)},
}

path = pathlib.Path(__file__).with_name("corpus") / "h5" / "symbol-tables.h5"
with h5py.File(path, "w", libver="earliest") as file:
    file.attrs["layer_names"] = [name.encode() for name in LAYERS]
    file.attrs["backend"] = b"tensorflow"
    file.attrs["keras_version"] = b"2.0.8"
    for name, weights in LAYERS.items():
        group = file.create_group(name)
        group.attrs["weight_names"] = [f"{name}/{weight}".encode() for weight in weights]
        for weight, shape in weights.items():
            group.create_dataset(f"{name}/{weight}", data=np.zeros(shape, "<f4"))
