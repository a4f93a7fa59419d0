"""What the reference programs of the backbones share: the numbers of the comparison, and how tensors are stored."""

import base64
import json
import pathlib
import zlib

import numpy as np

from formula import bits, rounded

# Streams of formula.py; a model's weights use consecutive streams from the case's first one, in order.
BATCH_PIXELS, OTHER_PIXELS, SIGNS, STATISTICS_PIXELS = 0, 3, 6, 10
BATCH, STEPS, LEARNING_RATE = 16, 3, 1e-5
PROJECTIONS = 16
# As in src/cases.ts and src/checks.ts: the limit for gradients, and the share of all gradients below which one is rounding.
GRADIENT_LIMIT, NEGLIGIBLE = 1e-3, 1e-6
TRIALS = 3


class Tensors:
    """Collects float32 tensors, either whole or as length, norm and projections onto vectors of ±1."""

    def __init__(self, whole):
        self.index, self.chunks, self.whole, self.length = {}, [], whole, 0

    def add(self, name, tensor):
        values = np.asarray(tensor, "float32").ravel()
        assert np.isfinite(values).all() and name not in self.index, name
        if self.whole:
            self.index[name] = {"first": self.length, "length": values.size}
            self.chunks.append(values)
            self.length += values.size
        else:
            self.index[name] = [values.size, *rounded(summary(values), digits=6)]


def summary(values):
    """Returns [norm, projections...]. The norm of a difference is about the root mean square of its projections."""
    exact = values.astype("float64")
    signs = bits(SIGNS, values.size)
    projections = [np.dot(exact, 1.0 - 2.0 * ((signs >> np.uint32(bit)) & 1)) for bit in range(PROJECTIONS)]
    return [np.linalg.norm(exact), *projections]


def packed(statistics):
    """Encodes the upper halves of the numbers; the lower halves are 0."""
    halves = (statistics.view(np.uint32) >> np.uint32(16)).astype("<u2")
    return base64.b64encode(zlib.compress(halves.tobytes(), 9)).decode()


def truncated(statistics):
    """Truncates to bfloat16."""
    return (statistics.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def write_all(arguments, measure, versions):
    """Writes NAME.json and, for whole tensors, NAME.bin for each case.

    Arguments are those of the command line: CASES.json OUT (summaries | whole).
    """
    cases, out, mode = arguments
    whole = {"summaries": False, "whole": True}[mode]
    for case in json.loads(pathlib.Path(cases).read_text()):
        reference, chunks = measure(case, whole)
        if whole:
            np.concatenate(chunks or [np.zeros(0, "float32")]).tofile(pathlib.Path(out, f"{case['name']}.bin"))
        # Written last: marks the case as complete.
        text = json.dumps({"versions": versions, "case": case} | reference)
        pathlib.Path(out, f"{case['name']}.json").write_text(text + "\n")
        print(case["name"], flush=True)
