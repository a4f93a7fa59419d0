"""Writes formats.json: small files of every variant of the accepted formats, with the correct pixels of each, for
packages/data/src/formats.test.ts.

    python3 -m venv VENV && VENV/bin/pip install pillow==13.0.0 pillow-heif==1.8.1 imagecodecs==2026.3.6 numpy
    VENV/bin/python tools/golden/formats/write.py && npx biome check --write tools/golden

Every file shows the same drawn picture unless noted otherwise. The correct pixels come from Pillow; for files with a profile, from
LittleCMS through Pillow; and for files that Pillow cannot read, from the formulas of the format. docs/formats.md lists the outcome
of each file.
"""

import base64
import json
import pathlib
import zlib

import imagecodecs
import numpy as np
import PIL
from PIL import features
import pillow_heif

import gif
import heif
import jpeg
import png
import tiff
import webp
from drawing import by_pillow

FORMATS = {"JPEG": jpeg, "PNG": png, "WebP": webp, "GIF": gif, "TIFF": tiff, "AVIF and HEIC": heif}


def agrees(data, right):
    """Returns whether Pillow reads the same pixels without any profile."""
    try:
        pixels = by_pillow(data)
    except Exception:
        return False
    return pixels.shape == right.shape and int(np.abs(pixels.astype(int) - right).max()) <= 1


def text(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def described(kind, name, data, right):
    case = {"format": kind, "name": name, "file": text(data)}
    if right is None:
        return case
    reference = "Pillow" if agrees(data, right) else "ICC profile" if "CMYK" in name or "profile" in name else "formula"
    height, width, _ = right.shape
    return case | {"reference": reference, "width": width, "height": height,
                   "pixels": text(np.ascontiguousarray(right, np.uint8).tobytes())}


if __name__ == "__main__":
    golden = {
        "versions": {"pillow": PIL.__version__, "littlecms": features.version("littlecms2"),
                     "pillow-heif": pillow_heif.__version__, "imagecodecs": imagecodecs.__version__},
        "cases": [described(kind, *case) for kind, module in FORMATS.items() for case in module.cases()],
    }
    names = [(case["format"], case["name"]) for case in golden["cases"]]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    (pathlib.Path(__file__).parents[1] / "formats.json").write_text(json.dumps(golden, indent=2) + "\n")
