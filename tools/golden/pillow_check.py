"""Draws image files of many kinds and sizes, and writes the pixels that Keras' load_img returns for them and for photographs.
src/live/pillow.ts compares them with those of Chorus.

    python pillow_check.py OUT SIZE,SIZE… PHOTOGRAPH…

Prints one line of JSON per file, {"what", "path"}. Writes to OUT/squares.u8, file by file and size by size, the pixels
[size, size, 3] of load_img(target_size, interpolation="bilinear").
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from PIL import Image

from formula import images
from pillow import picture

SIDES = (1, 2, 31, 161, 500, 1400)
# 28 times as wide and 7 times as high as the largest size.
LARGE = (6272, 1568)
JPEGS = [
    *({"quality": quality, "subsampling": subsampling}
      for quality in (30, 75, 95) for subsampling in ("4:4:4", "4:2:2", "4:2:0")),
    {"quality": 85, "progressive": True},
    {"quality": 85, "optimize": True, "restart_marker_rows": 1},
]


def photograph_like(size):
    """Returns colors, patches and noise, as for the networks: pictures with edges alone are atypical of JPEG."""
    return images(0, 1, size)[0].astype("uint8")


def drawn(folder):
    """Yields (kind, path) of each file once it is written."""

    def save(what, pixels, name, **options):
        Image.fromarray(pixels).save(folder / name, **options)
        return what, folder / name

    for width, height in [*((width, height) for width in SIDES for height in SIDES), LARGE]:
        yield save("drawn PNGs", picture(width, height), f"{width}x{height}.png", compress_level=1)
    for number, options in enumerate(JPEGS):
        for width, height in ((1, 1), (31, 17), (161, 500), (500, 161)):
            yield save("drawn JPEGs", picture(width, height), f"{width}x{height}-{number}.jpg", **options)
        for size in (33, 480):
            yield save("drawn JPEGs", photograph_like(size), f"{size}-{number}.jpg", **options)
            yield save("drawn JPEGs", photograph_like(size)[:, :, 0], f"{size}-{number}-gray.jpg",
                       **{key: value for key, value in options.items() if key != "subsampling"})
    for size in (33, 480):
        yield save("drawn WebPs, GIFs, TIFFs", photograph_like(size), f"{size}.webp", lossless=True)
        yield save("drawn WebPs, GIFs, TIFFs", photograph_like(size)[:, :, 0], f"{size}.gif")
        for compression in ("raw", "tiff_lzw", "tiff_deflate"):
            yield save("drawn WebPs, GIFs, TIFFs", photograph_like(size), f"{size}-{compression}.tif",
                       compression=compression)
        yield save("drawn PNGs", photograph_like(size)[:, :, 0], f"{size}-gray.png")


def main(out, sizes, photographs):
    with open(out / "squares.u8", "wb") as squares:
        for what, path in [*drawn(out), *(("photographs", path) for path in photographs)]:
            for size in sizes:
                square = keras.utils.load_img(path, target_size=(size, size), interpolation="bilinear")
                squares.write(np.asarray(square, "uint8").tobytes())
            print(json.dumps({"what": what, "path": str(path)}), flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), [int(size) for size in sys.argv[2].split(",")], sys.argv[3:])
