"""Writes jpeg-damage.json: small JPEGs of every flavor and, for many kinds of damage, whether libjpeg-turbo warns about it, for
packages/data/src/jpeg-damage.test.ts.

    python3 -m venv VENV && VENV/bin/pip install pillow==13.0.0 numpy
    VENV/bin/python tools/golden/jpeg_damage.py && npx biome check --write tools/golden

Requires libjpeg-turbo's djpeg and jpegtran (Debian's libjpeg-turbo-progs 2.1.5). Damage is determined by its kind and number alone;
jpeg-damage.fixture.ts applies the same damage.
"""

import base64
import io
import json
import pathlib
import subprocess

import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT = 88, 72
KINDS = ["cut", "cut, end marker set", "zero", "remove", "duplicate", "insert", "overwrite", "stray before a marker"]
COUNT = 16


def picture(channels):
    y, x, channel = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(channels), indexing="ij")
    waves = 128 + 60 * np.sin(x / 5 + channel * 2) + 50 * np.cos(y / 7 - channel) + (x * y * 7 + x * 13) % 17
    return np.clip(waves, 0, 255).astype(np.uint8)


def encoded(channels=3, **options):
    image = Image.fromarray(picture(channels).squeeze(), {1: "L", 3: "RGB", 4: "CMYK"}[channels])
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **{"quality": 80, "subsampling": "4:2:0", **options})
    return buffer.getvalue()


def transcoded(jpeg, *options):
    return subprocess.run(["jpegtran", *options], input=jpeg, capture_output=True, check=True).stdout


FLAVORS = {
    "4:2:0": lambda: encoded(),
    "4:2:2": lambda: encoded(subsampling="4:2:2"),
    "4:4:4": lambda: encoded(subsampling="4:4:4"),
    "gray": lambda: encoded(1),
    "CMYK": lambda: encoded(4),
    "optimized": lambda: encoded(optimize=True),
    "restart markers": lambda: encoded(restart_marker_blocks=4),
    "progressive": lambda: encoded(progressive=True),
    "progressive, restart markers": lambda: encoded(progressive=True, restart_marker_rows=1),
    "arithmetic": lambda: transcoded(encoded(), "-arithmetic"),
    "arithmetic, progressive": lambda: transcoded(encoded(), "-arithmetic", "-progressive"),
    "arithmetic, restart markers": lambda: transcoded(encoded(), "-arithmetic", "-restart", "1"),
}


def version():
    return subprocess.run(["djpeg", "-version"], capture_output=True, text=True).stderr.split()[2]


class Random:
    """Marsaglia's 32-bit xorshift generator."""

    def __init__(self, seed):
        self.state = (seed * 0x9E3779B1 + 1) & 0xFFFFFFFF
        for _ in range(4):
            self.below(1)

    def below(self, limit):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % limit


def damaged(jpeg, kind, number):
    random = Random(1000 * KINDS.index(kind) + number)
    at = 2 + random.below(len(jpeg) - 2)
    length = 1 + random.below([4, 40, 400][random.below(3)])
    noise = bytes(random.below(256) for _ in range(length))
    if kind == "cut":
        return jpeg[:at]
    if kind == "cut, end marker set":
        return jpeg[:at] + b"\xff\xd9"
    if kind == "zero":
        return jpeg[:at] + bytes(len(jpeg[at:at + length])) + jpeg[at + length:]
    if kind == "remove":
        return jpeg[:at] + jpeg[at + length:]
    if kind == "duplicate":
        return jpeg[:at] + jpeg[at:at + length] + jpeg[at:]
    if kind == "insert":
        return jpeg[:at] + noise + jpeg[at:]
    if kind == "overwrite":
        return (jpeg[:at] + noise + jpeg[at + length:])[:len(jpeg)]
    # Bytes that contain no marker, before a segment or the end marker. Before the first segment, the file would not be a JPEG.
    starts = segments(jpeg)[1:]
    place = starts[random.below(len(starts))]
    return jpeg[:place] + noise.replace(b"\xff", b"\xfe") + jpeg[place:]


def segments(jpeg):
    """Returns the offsets of the markers that have a segment, and of the end marker."""
    starts, at = [], 2
    while at < len(jpeg):
        starts.append(at)
        code = jpeg[at + 1]
        if code == 0xD9:
            break
        at += 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
        if code == 0xDA:
            while jpeg[at] != 0xFF or jpeg[at + 1] == 0 or 0xD0 <= jpeg[at + 1] <= 0xD7:
                at += 1
    return starts


def outcome(jpeg):
    """Returns libjpeg-turbo's verdict: - no warning, w a warning, x not decoded."""
    return "-xw"[subprocess.run(["djpeg"], input=jpeg, capture_output=True).returncode]


def flavor(name):
    jpeg = FLAVORS[name]()
    assert outcome(jpeg) == "-"
    return {
        "name": name,
        "jpeg": base64.b64encode(jpeg).decode(),
        "outcomes": {kind: "".join(outcome(damaged(jpeg, kind, number)) for number in range(COUNT)) for kind in KINDS},
    }


if __name__ == "__main__":
    golden = {
        "versions": {"pillow": PIL.__version__, "libjpeg-turbo": version()},
        "flavors": [flavor(name) for name in FLAVORS],
    }
    pathlib.Path(__file__).with_name("jpeg-damage.json").write_text(json.dumps(golden, indent=2) + "\n")
