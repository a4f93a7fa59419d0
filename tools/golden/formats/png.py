"""PNG files built byte by byte."""

import struct
import zlib

import numpy as np

import icc
from PIL import Image
from drawing import HEIGHT, REFUSED, WIDTH, alpha, as_rgb, by_pillow, by_profile, gray, over, picture, with_info
from tiff import packed, with_extra

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def iccp(profile):
    return chunk(b"iCCP", b"own\0\0" + zlib.compress(profile))


def lines(samples, bits):
    rows = samples.reshape(samples.shape[0], -1)
    if bits == 16:
        return b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    return b"".join(b"\0" + packed(row[None, :, None], bits) for row in rows)


def png(samples, kind, bits=8, before=b"", after=b"", signature=SIGNATURE, first=b""):
    head = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, kind, 0, 0, 0)
    return signature + first + chunk(b"IHDR", head) + before + chunk(b"IDAT", zlib.compress(lines(samples, bits))) + \
        after + chunk(b"IEND", b"")


def exif(orientation):
    return chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HH", orientation, 0) + bytes(4))


def cases():
    rgb, one, opacity = picture(), gray(), alpha()
    deep = rgb.astype(np.uint16) * 257
    for bits in (1, 2, 4, 8, 16):
        levels = (one.astype(int) * (2**bits - 1) + 127) // 255
        yield f"gray, {bits} bit", png(levels, 0, bits), as_rgb(np.round(levels * 255 / (2**bits - 1)).astype(np.uint8))
        if bits < 8:
            key = int(levels[0, 0])
            yield f"gray, {bits} bit, a transparent value", (data := png(levels, 0, bits, before=chunk(b"tRNS", struct.pack(">H", key)))), \
                over(as_rgb(np.round(levels * 255 / (2**bits - 1)).astype(np.uint8)), (levels != key) * 255)
    yield "gray, a transparent value", png(one, 0, before=chunk(b"tRNS", struct.pack(">H", 200))), over(as_rgb(one), (one != 200) * 255)
    yield "gray, 16 bit, a transparent value", png(one.astype(np.uint16) * 257, 0, 16, before=chunk(b"tRNS", struct.pack(">H", 200 * 257))), over(as_rgb(one), (one != 200) * 255)
    yield "gray and alpha", png(with_extra(one, opacity), 4), over(as_rgb(one), opacity)
    yield "gray and alpha, 16 bit", png(with_extra(one.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 4, 16), over(as_rgb(one), opacity)
    yield "RGB", png(rgb, 2), rgb
    yield "RGB, 16 bit", png(deep, 2, 16), rgb
    yield "RGB, a transparent color", png(rgb, 2, before=chunk(b"tRNS", struct.pack(">HHH", 200, 110, 60))), over(rgb, (rgb != rgb[0, 0]).any(-1) * 255)
    yield "RGB, 16 bit, a transparent color", png(deep, 2, 16, before=chunk(b"tRNS", struct.pack(">HHH", 200 * 257, 110 * 257, 60 * 257))), over(rgb, (rgb != rgb[0, 0]).any(-1) * 255)
    yield "RGBA", png(with_extra(rgb, opacity), 6), over(rgb, opacity)
    yield "RGBA, 16 bit", png(with_extra(deep, opacity.astype(np.uint16) * 257), 6, 16), over(rgb, opacity)
    for bits in (1, 2, 4, 8):
        palette = np.random.default_rng(1).integers(0, 256, (2**bits, 3))
        indices = (np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) * 5) % 2**bits
        table = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        yield f"palette, {bits} bit", png(indices, 3, bits, before=table), palette[indices].astype(np.uint8)
        yield f"palette, {bits} bit, transparent entries", png(indices, 3, bits, before=table + chunk(b"tRNS", bytes([0, 128]))), \
            over(palette[indices], np.where(indices == 0, 0, np.where(indices == 1, 128, 255)))
    wide = by_profile(with_info(Image.fromarray(rgb), icc.WIDE))
    greys = by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA))
    yield "RGB, with a profile", png(rgb, 2, before=iccp(icc.WIDE)), wide
    yield "RGB, 16 bit, with a profile", png(deep, 2, 16, before=iccp(icc.WIDE)), wide
    yield "RGBA, with a profile", png(with_extra(rgb, opacity), 6, before=iccp(icc.WIDE)), over(wide, opacity)
    yield "RGBA, 16 bit, with a profile", png(with_extra(deep, opacity.astype(np.uint16) * 257), 6, 16, before=iccp(icc.WIDE)), over(wide, opacity)
    yield "palette, with a profile", png(indices, 3, 8, before=iccp(icc.WIDE) + table), by_profile(with_info(Image.fromarray(palette[indices].astype(np.uint8)), icc.WIDE))
    yield "RGB, with a broken profile", png(rgb, 2, before=iccp(icc.BROKEN)), rgb
    yield "RGB, with a profile that is no profile", png(rgb, 2, before=iccp(b"none")), rgb
    yield "RGB, with a gray image's profile", png(rgb, 2, before=iccp(icc.GREY_GAMMA)), rgb
    yield "RGB, 16 bit, with a broken profile", png(deep, 2, 16, before=iccp(icc.BROKEN)), rgb
    yield "RGB, 16 bit, with a gray image's profile", png(deep, 2, 16, before=iccp(icc.GREY_GAMMA)), rgb
    yield "gray, with a profile", png(one, 0, before=iccp(icc.GREY_GAMMA)), greys
    yield "gray and alpha, with a profile", png(with_extra(one, opacity), 4, before=iccp(icc.GREY_GAMMA)), over(greys, opacity)
    yield "gray, 16 bit, with a profile", png(one.astype(np.uint16) * 257, 0, 16, before=iccp(icc.GREY_GAMMA)), greys
    yield "gray and alpha, 16 bit, with a profile", png(with_extra(one.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 4, 16, before=iccp(icc.GREY_GAMMA)), over(greys, opacity)
    yield "gray, with an RGB image's profile", png(one, 0, before=iccp(icc.WIDE)), as_rgb(one)
    yield "gray, 16 bit, with an RGB image's profile", png(one.astype(np.uint16) * 257, 0, 16, before=iccp(icc.WIDE)), as_rgb(one)
    yield "RGB, gamma of 1", png(rgb, 2, before=chunk(b"gAMA", struct.pack(">I", 100000))), rgb
    yield "RGB, sRGB chunk", png(rgb, 2, before=chunk(b"sRGB", b"\0")), rgb
    yield "RGB, cICP chunk of BT.2020 and PQ", png(rgb, 2, before=chunk(b"cICP", bytes([9, 16, 0, 1]))), rgb
    chroma = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000))
    yield "RGB, chromaticities", png(rgb, 2, before=chroma), rgb
    yield "RGB, background chunk", png(rgb, 2, before=chunk(b"bKGD", bytes(6))), rgb
    for number in range(1, 9):
        yield f"RGB, orientation {number}", (data := png(rgb, 2, before=exif(number))), by_pillow(data)
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    shown = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0))
    later = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0)) + \
        chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(lines(255 - rgb, 8)))
    yield "animated", png(rgb, 2, before=control + shown, after=later), rgb
    yield "animated, the default image is no frame", png(rgb, 2, before=control, after=later), rgb
    yield "CgBI", png(rgb, 2, first=chunk(b"CgBI", b"\x50\0\x20\x02")), REFUSED
    yield "bytes after the end", png(rgb, 2) + b"behind", rgb
    yield "MNG", b"\x8aMNG\r\n\x1a\n" + bytes(40), REFUSED
    yield "JNG", b"\x8bJNG\r\n\x1a\n" + bytes(40), REFUSED
