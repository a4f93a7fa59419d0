"""Writes pillow.json: the exact results of Pillow's bilinear resize for small drawn pictures, for
packages/data/src/decode-pillow.test.ts.

    python3 -m venv VENV && VENV/bin/pip install pillow==13.0.0 numpy
    VENV/bin/python tools/golden/pillow.py && npx biome check --write tools/golden

keras.utils.load_img(interpolation="bilinear") resizes in the same way.
"""

import base64
import json
import pathlib

import numpy as np
import PIL
from PIL import Image

# Width, height, side of the result.
CASES = [
    (37, 23, 8), (12, 12, 6), (500, 375, 32),  # smaller
    (5, 4, 7), (2, 3, 31), (16, 16, 17),  # larger
    (9, 9, 9), (8, 20, 8), (20, 8, 8), (17, 16, 16), (40, 5, 10),  # in one direction, or in both
    (448, 448, 16), (1400, 3, 5), (3, 1400, 5),  # 28:1 and beyond
    (20, 32, 8), (20, 33, 8), (4, 8, 8), (4, 9, 8),  # where the order of the two passes changes
    (1, 1, 4), (1, 50, 8), (50, 1, 8),  # one pixel wide or high
]

# Width, height, side of the result, box (left, upper, right, lower).
BOXES = [
    (37, 23, 8, (0, 0, 36.5, 22.75)), (37, 23, 8, (0.5, 0.25, 37, 23)), (80, 60, 16, (1.5, 0, 80, 59.25)),
    (60, 80, 16, (0.75, 0.5, 59.25, 79.5)), (16, 16, 16, (0, 0, 15.5, 16)), (9, 9, 20, (0.25, 1.75, 8, 8.5)),
]


def picture(width, height):
    """Draws a picture with many edges; picture.fixture.ts draws the same one."""
    y, x, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * x * 3 + y * y * 5 + x * y * 7 + (x + 1) * channel * 53) % 256).astype(np.uint8)


def resized(width, height, size, box=None):
    pixels = Image.fromarray(picture(width, height)).resize((size, size), Image.Resampling.BILINEAR, box).tobytes()
    return base64.b64encode(pixels).decode()


if __name__ == "__main__":
    golden = {
        "versions": {"pillow": PIL.__version__},
        "cases": [
            {"width": width, "height": height, "size": size, "pixels": resized(width, height, size)}
            for width, height, size in CASES
        ],
        "boxes": [
            {"width": width, "height": height, "size": size, "box": box, "pixels": resized(width, height, size, box)}
            for width, height, size, box in BOXES
        ],
    }
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
