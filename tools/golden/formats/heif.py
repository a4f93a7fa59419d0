"""AVIF files written by Pillow, HEIC files written by pillow-heif, and files with their boxes rearranged."""

import io
import struct

import imagecodecs
import numpy as np
from PIL import Image
import pillow_heif

import icc
from drawing import HEIGHT, REFUSED, WIDTH, alpha, as_rgb, by_pillow, by_profile, gray, over, picture
from tiff import with_extra


def saved(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "AVIF", **({"quality": 95, "subsampling": "4:4:4"} | options))
    return out.getvalue()


def branded(data, brand):
    return data[:8] + brand + data[12:]


def heic(pixels):
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=60)
    return out.getvalue()


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def full(kind, content, version=0):
    return box(kind, bytes([version, 0, 0, 0]) + content)


def find(data, kind):
    """Returns a whole box by its name; each of the names below occurs once in a file."""
    at = data.index(kind) - 4
    return data[at:at + struct.unpack(">I", data[at:at + 4])[0]]


def tiled(files):
    """Combines the still images of files into one image, side by side."""
    payloads = [find(data, b"mdat")[8:] for data in files]
    derivation = struct.pack(">BBBBHH", 0, 0, 0, len(files) - 1, WIDTH * len(files), HEIGHT)
    names = [b"grid", *[b"av01"] * len(files)]
    infos = b"".join(full(b"infe", struct.pack(">HH", 1 + index, 0) + name + b"\0", 2) for index, name in enumerate(names))
    properties = box(b"ipco", find(files[0], b"av1C") + find(files[0], b"ispe") + find(files[0], b"pixi") +
                     full(b"ispe", struct.pack(">II", WIDTH * len(files), HEIGHT)))
    links = struct.pack(">I", len(names)) + struct.pack(">HBBB", 1, 2, 4, 3) + \
        b"".join(struct.pack(">HBBBB", 2 + index, 3, 0x81, 2, 3) for index in range(len(files)))
    references = full(b"iref", box(b"dimg", struct.pack(f">HH{len(files)}H", 1, len(files), *range(2, 2 + len(files)))))

    def meta(start):
        places, at = b"", start
        for index, payload in enumerate([derivation, *payloads]):
            places += struct.pack(">HHHII", 1 + index, 0, 1, at, len(payload))
            at += len(payload)
        return full(b"meta", full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + full(b"pitm", struct.pack(">H", 1)) +
                    full(b"iloc", b"\x44\0" + struct.pack(">H", len(names)) + places) +
                    full(b"iinf", struct.pack(">H", len(names)) + infos) + references +
                    box(b"iprp", properties + full(b"ipma", links)))

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miafMA1A")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", derivation + b"".join(payloads))


def cases():
    rgb, opacity = picture(), alpha()
    yield "8 bit", (data := saved(rgb)), by_pillow(data)
    yield "4:2:0", (data := saved(rgb, subsampling="4:2:0")), by_pillow(data)
    yield "monochrome", (data := saved(rgb, subsampling="4:0:0")), by_pillow(data)
    grey_profile = saved(gray(), subsampling="4:0:0", icc_profile=icc.GREY_GAMMA)
    yield "monochrome, with a profile", grey_profile, by_profile(Image.fromarray(by_pillow(grey_profile)[..., 0]), icc.GREY_GAMMA)
    yield "monochrome, with an RGB image's profile", (data := saved(gray(), subsampling="4:0:0", icc_profile=icc.WIDE)), by_profile(Image.fromarray(by_pillow(data)), icc.WIDE)
    yield "monochrome, alpha", (data := saved(with_extra(as_rgb(gray()), opacity), subsampling="4:0:0")), by_pillow(data)
    yield "alpha, with a profile", (data := saved(with_extra(rgb, opacity), icc_profile=icc.WIDE)), \
        over(by_profile(Image.fromarray(np.asarray(Image.open(io.BytesIO(data)))[..., :3]), icc.WIDE), opacity)
    yield "alpha", (data := saved(with_extra(rgb, opacity))), by_pillow(data)
    yield "premultiplied alpha", (data := saved(with_extra(rgb, opacity), alpha_premultiplied=True)), by_pillow(data)
    yield "limited range", (data := saved(rgb, range="limited")), by_pillow(data)
    wide = saved(rgb, icc_profile=icc.WIDE)
    yield "with a profile", wide, by_profile(wide)
    yield "with a broken profile", (data := saved(rgb, icc_profile=icc.BROKEN)), by_pillow(data)
    yield "with a gray image's profile", (data := saved(rgb, icc_profile=icc.GREY_GAMMA)), by_pillow(data)
    for number in range(1, 9):
        exif = Image.Exif()
        exif[274] = number
        yield f"orientation {number}", (data := saved(rgb, exif=exif)), by_pillow(data)
    exif = Image.Exif()
    exif[0x0113] = 6
    data = saved(rgb, exif=exif)
    at = data.index(b"\x13\x01\x03\0") if b"\x13\x01\x03\0" in data else data.index(b"\x01\x13\0\x03")
    yield "orientation in Exif only, which does not count", data[:at] + data[at:at + 2].replace(b"\x13", b"\x12") + data[at + 2:], by_pillow(data)
    moving = saved(rgb, save_all=True, append_images=[Image.fromarray(255 - rgb)], duration=100)
    yield "animated", moving, by_pillow(moving)
    yield "animated, as still", branded(moving, b"avif"), by_pillow(moving)
    yield "animated, as msf1", branded(moving, b"msf1"), by_pillow(moving)
    rgba = with_extra(rgb, opacity)
    moving = saved(rgba, save_all=True, append_images=[Image.fromarray(255 - rgba)], duration=100)
    yield "animated, alpha", moving, by_pillow(moving)
    plain = saved(rgb)
    yield "AVIF, as mif1", branded(plain, b"mif1"), by_pillow(plain)
    yield "AVIF, as heic", branded(plain, b"heic"), by_pillow(plain)
    yield "AVIF, as mp42", branded(plain, b"mp42"), by_pillow(plain)
    hevc = heic(rgb)
    yield "HEIC", hevc, REFUSED
    for brand in (b"mif1", b"heix", b"hevc", b"avif", b"msf1"):
        yield f"HEIC, as {brand.decode()}", branded(hevc, brand), REFUSED
    yield "items of VVC", hevc.replace(b"hvc1", b"vvc1"), REFUSED
    yield "items of JPEG", hevc.replace(b"hvc1", b"jpeg"), REFUSED
    yield "items of JPEG 2000", hevc.replace(b"hvc1", b"j2k1"), REFUSED
    yield "items of AVC", hevc.replace(b"hvc1", b"avc1"), REFUSED
    yield "items that are raw", hevc.replace(b"hvc1", b"unci"), REFUSED
    for bits in (10, 12):
        deep = imagecodecs.avif_encode(rgb.astype(np.uint16) << (bits - 8), level=95, bitspersample=bits, pixelformat="444")
        yield f"{bits} bit", deep, by_pillow(deep)
    tiles = tiled([saved(part) for part in (rgb, 255 - rgb)])
    yield "grid of two tiles", tiles, np.concatenate([by_pillow(saved(part)) for part in (rgb, 255 - rgb)], 1)
    yield "grid of two HEVC tiles", tiles.replace(b"av01", b"hvc1"), REFUSED
    yield "grid of no tile", tiles.replace(b"dimg", b"cdsc"), REFUSED
    yield "bytes after the end", plain + b"\0\0\0\3" * 9, by_pillow(plain)
    yield "no primary item", plain.replace(b"pitm", b"free"), REFUSED
    yield "no meta box", plain.replace(b"meta", b"free"), REFUSED
