"""Small ICC profiles built byte by byte (ICC.1:2001)."""

import pathlib
import struct
import subprocess


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def xyz(*values):
    return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def profile(space, tags, device=b"mntr", connection=b"XYZ "):
    tags = {b"desc": b"desc\0\0\0\0\0\0\0\x04own\0" + bytes(78), b"cprt": b"text\0\0\0\0none\0\0\0\0",
            b"wtpt": xyz(0.9642, 1, 0.8249), **tags}
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    head = bytearray(128)
    head[0:4] = struct.pack(">I", 128 + len(table) + len(body))
    head[8:12] = bytes([2, 0x10, 0, 0])
    head[12:24] = device + space + connection
    head[36:40] = b"acsp"
    head[68:80] = xyz(0.9642, 1, 0.8249)[8:]
    return bytes(head) + table + body


def matrix(red, green, blue, exponent):
    curve = gamma(exponent)
    return profile(b"RGB ", {b"rXYZ": xyz(*red), b"gXYZ": xyz(*green), b"bXYZ": xyz(*blue),
                             b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


# Adobe RGB (1998), version 2005-05, 4.3.6.1.
ADOBE_RGB = matrix((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457), 563 / 256)
# Display P3's primaries adapted to D50, with a plain gamma.
WIDE = matrix((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407), 2.2)
GREY_GAMMA = profile(b"GRAY", {b"kTRC": gamma(1.4)})


def cmyk():
    """Returns a profile of four inks, each linear in Lab from none to full: a table of 2 × 2 × 2 × 2 points."""
    grid = b""
    for index in range(16):
        cyan, magenta, yellow, black = (index >> 3 & 1, index >> 2 & 1, index >> 1 & 1, index & 1)
        lightness = max(0, 100 - 35 * cyan - 45 * magenta - 8 * yellow - 80 * black)
        a, b = (-30 * cyan + 65 * magenta - 5 * yellow), (-40 * cyan - 5 * magenta + 80 * yellow)
        share = 0.15 if black else 1
        grid += bytes([round(lightness * 2.55), round(a * share) + 128, max(0, min(255, round(b * share) + 128))])
    ramp = bytes(range(256))
    identity = b"".join(fixed(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + grid + ramp * 3
    return profile(b"CMYK", {b"A2B0": table}, device=b"prtr", connection=b"Lab ")


CMYK = cmyk()
# Only the size and the signature are correct.
BROKEN = ADOBE_RGB[:128] + bytes(len(ADOBE_RGB) - 128)


def default_cmyk():
    """Returns the profile built into libvips, which it uses for CMYK without a profile."""
    script = """require('sharp')({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
        .toColourspace('cmyk').withIccProfile('cmyk').tiff().toBuffer()
        .then((file) => require('sharp')(file).metadata()).then(({ icc }) => process.stdout.write(icc))"""
    folder = pathlib.Path(__file__).parents[3] / "packages" / "data"
    return subprocess.run(["node", "-e", script], cwd=folder, stdout=subprocess.PIPE, check=True).stdout


DEFAULT_CMYK = default_cmyk()
