"""JPEG files written by Pillow and imagecodecs, with changed markers."""

import io
import struct

import imagecodecs
import numpy as np
from PIL import Image

import icc
from drawing import HEIGHT, REFUSED, WIDTH, alpha, as_rgb, by_pillow, by_profile, gray, picture
from tiff import with_extra


def saved(image, **options):
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, "JPEG", **({"quality": 95} | options))
    return out.getvalue()


def segments(data):
    """Yields (marker, start, end) of the segments up to the first scan."""
    at = 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        yield marker, at, at + 2 + length
        if marker == 0xda:
            return
        at += 2 + length


def without(data, marker):
    for kind, start, end in segments(data):
        if kind == marker:
            return data[:start] + data[end:]
    raise ValueError


def adobe(data, transform):
    """Sets the transform in Adobe's marker, which is added if it is missing; None removes the marker."""
    if any(kind == 0xee for kind, _, _ in segments(data)):
        data = without(data, 0xee)
    if transform is None:
        return data
    return data[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform]) + data[2:]


def ids(data, *names):
    """Replaces the component identifiers in the headers of the frame and the scan."""
    data = bytearray(data)
    for kind, start, _ in segments(bytes(data)):
        if kind in (0xc0, 0xc1, 0xc2):
            for index, name in enumerate(names):
                data[start + 10 + 3 * index] = name
        if kind == 0xda:
            for index, name in enumerate(names):
                data[start + 5 + 2 * index] = name
    return bytes(data)


def cases():
    rgb, one = picture(), gray()
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield subsampling, (data := saved(rgb, subsampling=subsampling)), by_pillow(data)
    yield "progressive", (data := saved(rgb, progressive=True)), by_pillow(data)
    yield "gray", (data := saved(one)), by_pillow(data)
    plain = saved(rgb, keep_rgb=True)
    yield "RGB, Adobe transform 0", (data := adobe(without(plain, 0xe0) if b"JFIF" in plain else plain, 0)), by_pillow(data)
    yield "RGB, named R, G and B", (data := ids(adobe(without(plain, 0xe0) if b"JFIF" in plain else plain, None), 82, 71, 66)), by_pillow(data)
    yield "YCbCr, Adobe transform 1", (data := adobe(without(saved(rgb), 0xe0), 1)), by_pillow(data)
    yield "YCbCr, no JFIF and no Adobe marker", (data := without(saved(rgb), 0xe0)), by_pillow(data)
    for number in range(1, 9):
        exif = Image.Exif()
        exif[274] = number
        yield f"orientation {number}", (data := saved(rgb, exif=exif, subsampling="4:4:4")), by_pillow(data)
    yield "with a profile", (data := saved(rgb, icc_profile=icc.WIDE, subsampling="4:4:4")), by_profile(data)
    yield "Adobe RGB (1998)", (data := saved(rgb, icc_profile=icc.ADOBE_RGB, subsampling="4:4:4")), by_profile(data)
    yield "gray, with a profile", (data := saved(one, icc_profile=icc.GREY_GAMMA)), by_profile(data)
    yield "with a broken profile", (data := saved(rgb, icc_profile=icc.BROKEN)), by_pillow(data)
    yield "with a profile that is no profile", (data := saved(rgb, icc_profile=b"none")), by_pillow(data)
    yield "with a gray image's profile", (data := saved(rgb, icc_profile=icc.GREY_GAMMA)), by_pillow(data)
    yield "with a CMYK profile", (data := saved(rgb, icc_profile=icc.CMYK)), by_pillow(data)
    yield "gray, with an RGB image's profile", (data := saved(one, icc_profile=icc.WIDE)), by_pillow(data)
    yield "with a profile in two segments", (data := saved(rgb, icc_profile=icc.WIDE + bytes(70000), subsampling="4:4:4")), by_profile(saved(rgb, icc_profile=icc.WIDE, subsampling="4:4:4"))
    halves = saved(rgb, icc_profile=icc.WIDE + bytes(70000), subsampling="4:4:4")
    yield "half of a profile", (data := without(halves, 0xe2)), by_pillow(data)

    inks = with_extra(255 - rgb, np.uint8(20))
    cmyk = saved(Image.fromarray(inks, "CMYK"), subsampling="4:4:4")
    profiled = saved(Image.fromarray(inks, "CMYK"), icc_profile=icc.CMYK, subsampling="4:4:4")
    # Pillow inverts CMYK when it writes, as Adobe does, and when it reads a file with Adobe's marker.
    yield "CMYK, with a profile", profiled, by_profile(profiled)
    yield "CMYK", cmyk, by_profile(cmyk, icc.DEFAULT_CMYK)
    yield "CMYK, no Adobe marker", (data := adobe(cmyk, None)), by_profile(data, icc.DEFAULT_CMYK)
    yield "CMYK, no Adobe marker, with a profile", (data := adobe(profiled, None)), by_profile(data)
    ycck = np.asarray(Image.fromarray(255 - inks[..., :3]).convert("YCbCr"))
    # Pillow inverts the values when it writes the file.
    stored = adobe(saved(Image.fromarray(with_extra(255 - ycck, inks[..., 3]), "CMYK"), icc_profile=icc.CMYK, subsampling="4:4:4"), 2)
    yield "YCCK, with a profile", stored, by_profile(stored)
    yield "YCCK", (data := adobe(saved(Image.fromarray(with_extra(255 - ycck, inks[..., 3]), "CMYK"), subsampling="4:4:4"), 2)), by_profile(data, icc.DEFAULT_CMYK)
    yield "CMYK, with an RGB image's profile", (data := saved(Image.fromarray(inks, "CMYK"), icc_profile=icc.WIDE, subsampling="4:4:4")), by_profile(data, icc.DEFAULT_CMYK)
    yield "CMYK, with a broken profile", (data := saved(Image.fromarray(inks, "CMYK"), icc_profile=icc.BROKEN, subsampling="4:4:4")), by_profile(data, icc.DEFAULT_CMYK)

    deep = rgb.astype(np.uint16) * 16
    yield "12 bit", imagecodecs.jpeg_encode(deep, level=95, bitspersample=12), REFUSED
    yield "12 bit, gray", imagecodecs.jpeg_encode(one.astype(np.uint16) * 16, level=95, bitspersample=12), REFUSED
    yield "lossless", imagecodecs.jpeg_encode(rgb, lossless=True), REFUSED
    yield "lossless, gray", imagecodecs.ljpeg_encode(one), REFUSED
    yield "lossless, 16 bit gray", imagecodecs.ljpeg_encode(one.astype(np.uint16) * 257), REFUSED
    yield "JPEG-LS", imagecodecs.jpegls_encode(one), REFUSED
    mpo = io.BytesIO()
    Image.fromarray(rgb).save(mpo, "MPO", save_all=True, append_images=[Image.fromarray(255 - rgb)], quality=95)
    yield "MPO", mpo.getvalue(), by_pillow(mpo.getvalue())
