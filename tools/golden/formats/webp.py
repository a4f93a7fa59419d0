"""WebP files written by Pillow, some of them with changed chunks."""

import io
import struct

import numpy as np
from PIL import Image

import icc
from drawing import HEIGHT, REFUSED, WIDTH, alpha, by_pillow, by_profile, gray, over, picture, with_info
from tiff import with_extra


def saved(pixels, **options):
    out = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(out, "WEBP", **options)
    return out.getvalue()


def chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def u24(value):
    return struct.pack("<I", value)[:3]


def animated(left, top, pixels, canvas=(WIDTH, HEIGHT), background=b"\x20\x40\x80\xff"):
    image = saved(pixels, lossless=True)[12:]
    head = chunk(b"VP8X", bytes([0x12, 0, 0, 0]) + u24(canvas[0] - 1) + u24(canvas[1] - 1))
    frame = chunk(b"ANMF", u24(left // 2) + u24(top // 2) + u24(pixels.shape[1] - 1) + u24(pixels.shape[0] - 1) + u24(100) + b"\0" + image)
    second = chunk(b"ANMF", u24(0) + u24(0) + u24(canvas[0] - 1) + u24(canvas[1] - 1) + u24(100) + b"\0" +
                   saved(np.full((canvas[1], canvas[0], 3), 99, np.uint8), lossless=True)[12:])
    return riff(head, chunk(b"ANIM", background + b"\0\0"), frame, second)


def cases():
    rgb, opacity = picture(), alpha()
    rgba = with_extra(rgb, opacity)
    yield "lossless", saved(rgb, lossless=True), rgb
    yield "lossless, alpha", saved(rgba, lossless=True, exact=True), over(rgb, opacity)
    yield "lossy", (data := saved(rgb, quality=90)), by_pillow(data)
    yield "lossy, alpha", (data := saved(rgba, quality=90)), by_pillow(data)
    yield "bytes after the end", saved(rgb, lossless=True) + b"behind", rgb
    yield "gray", saved(np.stack([gray()] * 3, -1), lossless=True), np.stack([gray()] * 3, -1)
    wide = by_profile(with_info(Image.fromarray(rgb), icc.WIDE))
    yield "with a profile", saved(rgb, lossless=True, icc_profile=icc.WIDE), wide
    yield "alpha, with a profile", saved(rgba, lossless=True, exact=True, icc_profile=icc.WIDE), over(wide, opacity)
    yield "with a broken profile", saved(rgb, lossless=True, icc_profile=icc.BROKEN), rgb
    yield "with a gray image's profile", saved(rgb, lossless=True, icc_profile=icc.GREY_GAMMA), rgb
    for number in range(1, 9):
        exif = Image.Exif()
        exif[274] = number
        yield f"orientation {number}", (data := saved(rgb, lossless=True, exif=exif)), by_pillow(data)
    part = rgb[:8, :12]
    right = np.full_like(rgb, 255)
    right[8:, 12:] = part
    yield "animated", animated(0, 0, rgb), rgb
    yield "animated, smaller first frame", animated(12, 8, part), right
    yield "animated, smaller first frame, alpha", animated(12, 8, rgba[:8, :12]), \
        np.concatenate([right[:8], np.concatenate([right[8:, :12], over(part, opacity[:8, :12])], 1)])
    yield "animated, first frame outside of the canvas", animated(40, 40, part), REFUSED
