"""TIFF files built byte by byte: variants that the format allows and few encoders write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

import icc
from drawing import HEIGHT, REFUSED, WIDTH, alpha, as_rgb, by_pillow, by_profile, gray, over, picture, with_info

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 11: 4, 12: 8, 16: 8}
CODES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 11: "f", 12: "d", 16: "Q"}


def packed(rows, bits):
    """Packs integers [height, width, samples] into the bytes of each row, most significant bit first."""
    height = rows.shape[0]
    flat = rows.reshape(height, -1)
    unpacked = (flat[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(unpacked.reshape(height, -1).astype(np.uint8), axis=1).tobytes()


def tiff(samples, photometric, *, bits=None, tags=None, compression=1, planar=1, tile=None, endian="<", big=False,
         raw=None, rows=None, without=()):
    """Builds a file from `samples` [height, width, channels]. `tags` {number: (type, values)} override the tags derived from
    the samples; `raw` replaces the samples, strip by strip; `rows` is the number of rows per strip."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    ordered = samples.astype(samples.dtype.newbyteorder(endian))

    def encode(block):
        data = packed(block, bits) if bits and bits < 8 else np.ascontiguousarray(block).tobytes()
        return zlib.compress(data) if compression == 8 else data

    planes = [ordered] if planar == 1 else [ordered[..., channel:channel + 1] for channel in range(channels)]
    if raw is not None:
        blocks = [zlib.compress(strip) if compression == 8 else strip for strip in ([raw] if isinstance(raw, bytes) else raw)]
    elif tile:
        blocks = []
        for plane in planes:
            for top in range(0, height, tile):
                for left in range(0, width, tile):
                    block = np.zeros((tile, tile, plane.shape[2]), plane.dtype)
                    part = plane[top:top + tile, left:left + tile]
                    block[:part.shape[0], :part.shape[1]] = part
                    blocks.append(encode(block))
    else:
        blocks = [encode(plane[top:top + (rows or height)]) for plane in planes for top in range(0, height, rows or height)]
    kind = 1 if bits else {"u": 1, "i": 2, "f": 3, "c": 6}[samples.dtype.kind]
    entries = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [bits or samples.dtype.itemsize * 8] * channels),
        259: (3, [compression]), 262: (3, [photometric]), 277: (3, [channels]), 284: (3, [planar]),
        339: (3, [kind] * channels),
    }
    offsets, counts = (324, 325) if tile else (273, 279)
    if tile:
        entries |= {322: (4, [tile]), 323: (4, [tile])}
    else:
        entries[278] = (4, [rows or height])
    head = 16 if big else 8
    body = b""
    positions = []
    for block in blocks:
        positions.append(head + len(body))
        body += block + bytes(-len(block) % 2)
    entries |= {offsets: (4, positions), counts: (4, [len(block) for block in blocks])} | (tags or {})
    for tag in without:
        del entries[tag]
    word, size, room = ("Q", 20, 8) if big else ("I", 12, 4)
    directory_at = head + len(body)
    count = struct.pack(endian + ("Q" if big else "H"), len(entries))
    outside_at = directory_at + len(count) + size * len(entries) + room
    directory, outside = count, b""
    for tag in sorted(entries):
        kind, values = entries[tag]
        data = values if isinstance(values, bytes) else struct.pack(endian + CODES[kind] * len(values), *values) \
            if kind != 5 else struct.pack(endian + "II" * len(values), *(n for v in values for n in v))
        directory += struct.pack(endian + "HH" + word, tag, kind, len(data) // SIZES[kind])
        if len(data) <= room:
            directory += data + bytes(room - len(data))
        else:
            directory += struct.pack(endian + word, outside_at + len(outside))
            outside += data + bytes(len(data) % 2)
    directory += bytes(room)
    order = b"II" if endian == "<" else b"MM"
    start = order + (struct.pack(endian + "HHHQ", 43, 8, 0, directory_at) if big
                     else struct.pack(endian + "HI", 42, directory_at))
    return start + body + directory + outside


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, "TIFF", **options)
    return out.getvalue()


def jpeg_stream(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, **options)
    return out.getvalue()


def ycbcr():
    return np.asarray(Image.fromarray(picture()).convert("YCbCr"))


def subsampled(horizontal, vertical, **options):
    """Returns YCbCr in TIFF's data units (the lumas of a block, then its Cb and Cr), and the correct pixels."""
    pixels = ycbcr().copy()
    out = bytearray()
    for top in range(0, HEIGHT, vertical):
        for left in range(0, WIDTH, horizontal):
            block = pixels[top:top + vertical, left:left + horizontal]
            block[..., 1:] = np.round(block[..., 1:].reshape(-1, 2).mean(0))
            out += bytes(block[..., 0].reshape(-1)) + bytes(block[0, 0, 1:])
    return bytes(out), by_formula(pixels, **options)


def by_formula(pixels, luma=(0.299, 0.587, 0.114), levels=(0, 255, 128, 255, 128, 255)):
    """Converts YCbCr to RGB (TIFF 6.0, section 21)."""
    y, cb, cr = ((pixels[..., index] - float(levels[2 * index])) * full / (levels[2 * index + 1] - levels[2 * index])
                 for index, full in enumerate((255, 127, 127)))
    red, blue = cr * (2 - 2 * luma[0]) + y, cb * (2 - 2 * luma[2]) + y
    green = (y - luma[0] * red - luma[2] * blue) / luma[1]
    return np.clip(np.round(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)


def lab(colors):
    """Converts sRGB to CIE L*a*b* with white point D50, as floats, by LittleCMS."""
    from PIL import ImageCms
    image = ImageCms.profileToProfile(Image.fromarray(colors), ImageCms.createProfile("sRGB"),
                                      ImageCms.createProfile("LAB"), outputMode="LAB")
    values = np.asarray(image).astype(int)
    return np.stack([values[..., 0] / 2.55, values[..., 1].astype(np.int8), values[..., 2].astype(np.int8)], -1)


def with_extra(colors, *extra):
    colors = colors[..., None] if colors.ndim == 2 else colors
    return np.concatenate([colors, *(np.broadcast_to(e, colors.shape[:2])[..., None] for e in extra)], -1).astype(colors.dtype)


def extra(*kinds):
    return {338: (3, list(kinds))}


def orientation(number):
    return {274: (3, [number])}


def cases():
    rgb, one, opacity = picture(), gray(), alpha()
    deep = rgb.astype(np.uint16) * 257
    zero = np.uint8(0)
    # Name, file, correct pixels.
    yield "gray, 8 bit", tiff(one, 1), as_rgb(one)
    yield "gray, white is 0", tiff(255 - one, 0), as_rgb(one)
    for bits in (1, 2, 4):
        levels = (one.astype(int) * (2**bits - 1) + 127) // 255
        right = as_rgb(np.round(levels * 255 / (2**bits - 1)).astype(np.uint8))
        yield f"gray, {bits} bit", tiff(levels, 1, bits=bits), right
        yield f"gray, {bits} bit, white is 0", tiff(2**bits - 1 - levels, 0, bits=bits), right
    yield "gray, 16 bit", tiff(one.astype(np.uint16) * 257, 1), as_rgb(one)
    yield "gray, 16 bit, big-endian", tiff(one.astype(np.uint16) * 257, 1, endian=">"), as_rgb(one)
    yield "gray, 16 bit, white is 0", tiff(65535 - one.astype(np.uint16) * 257, 0), as_rgb(one)
    yield "gray, 16 bit, with a profile", tiff(one.astype(np.uint16) * 257, 1, tags={34675: (7, icc.GREY_GAMMA)}), \
        by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA))
    yield "gray, with a profile", tiff(one, 1, tags={34675: (7, icc.GREY_GAMMA)}), \
        by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA))
    yield "gray, 32 bit", tiff(one.astype(np.uint32) * 16843009, 1), REFUSED
    yield "gray, signed 8 bit", tiff((one.astype(int) - 128).astype(np.int8), 1), REFUSED
    yield "gray, signed 16 bit", tiff((one.astype(int) * 257 - 32768).astype(np.int16), 1), REFUSED
    yield "gray, float", tiff(one.astype(np.float32) / 255, 1), REFUSED
    yield "gray, double", tiff(one.astype(np.float64) / 255, 1), REFUSED
    yield "gray, complex", tiff(one.astype(np.complex64) / 255, 1), REFUSED

    yield "RGB", tiff(rgb, 2), rgb
    yield "RGB, big-endian", tiff(rgb, 2, endian=">"), rgb
    yield "RGB, BigTIFF", tiff(rgb, 2, big=True), rgb
    yield "RGB, BigTIFF, big-endian", tiff(rgb, 2, big=True, endian=">"), rgb
    yield "RGB, planes", tiff(rgb, 2, planar=2), rgb
    yield "RGB, several strips", tiff(rgb, 2, rows=5), rgb
    yield "RGB, planes in several strips", tiff(rgb, 2, rows=5, planar=2), rgb
    yield "RGB, deflate with predictor", tiff(np.diff(rgb, axis=1, prepend=np.uint8(0)), 2, compression=8, tags={317: (3, [2])}), rgb
    yield "RGB, 16 bit, deflate with predictor, big-endian", tiff(np.diff(deep, axis=1, prepend=np.uint16(0)), 2, compression=8, endian=">", tags={317: (3, [2])}), rgb
    yield "RGB, tiles", tiff(rgb, 2, tile=16), rgb
    yield "RGB, tiles and planes", tiff(rgb, 2, tile=16, planar=2), REFUSED
    yield "gray, tiles and planes", tiff(one, 1, tile=16, planar=2), REFUSED
    yield "RGB, a lost subdirectory", tiff(rgb, 2, tags={330: (4, [7])}), rgb
    stored = jpeg_stream(Image.fromarray(rgb), keep_rgb=True)
    yield "JPEG compression, RGB", tiff(rgb, 2, compression=7, raw=stored), by_pillow(stored)
    yield "RGB, deflate", tiff(rgb, 2, compression=8), rgb
    for name, compression in (("LZW", "tiff_lzw"), ("PackBits", "packbits"), ("Adobe deflate", "tiff_adobe_deflate")):
        yield f"RGB, {name}", saved(Image.fromarray(rgb), compression=compression), rgb
    for name, compression in (("Zstandard", "zstd"), ("LZMA", "lzma")):
        yield f"RGB, {name}", saved(Image.fromarray(rgb), compression=compression), REFUSED
    yield "RGB, WebP compression", tiff(rgb, 2, compression=50001), REFUSED
    yield "RGB, LZW with predictor", saved(Image.fromarray(rgb), compression="tiff_lzw", tiffinfo={317: 2}), rgb
    yield "RGB, 16 bit", tiff(deep, 2), rgb
    yield "RGB, 16 bit, big-endian", tiff(deep, 2, endian=">"), rgb
    yield "RGB, 16 bit, planes", tiff(deep, 2, planar=2), rgb
    yield "RGB, 32 bit", tiff(rgb.astype(np.uint32) * 16843009, 2), REFUSED
    yield "RGB, float", tiff(rgb.astype(np.float32) / 255, 2), REFUSED
    yield "RGB, 4 bit", tiff(rgb.astype(int) >> 4, 2, bits=4), REFUSED
    yield "RGB, 5, 6 and 5 bit", tiff(rgb, 2, tags={258: (3, [5, 6, 5])}), REFUSED
    wide = with_info(Image.fromarray(rgb), icc.WIDE)
    yield "RGB, with a profile", tiff(rgb, 2, tags={34675: (7, icc.WIDE)}), by_profile(wide)
    yield "RGB, 16 bit, with a profile", tiff(deep, 2, tags={34675: (7, icc.WIDE)}), by_profile(wide)
    yield "RGB, with a broken profile", tiff(rgb, 2, tags={34675: (7, icc.BROKEN)}), rgb
    yield "RGB, with a gray image's profile", tiff(rgb, 2, tags={34675: (7, icc.GREY_GAMMA)}), rgb
    yield "RGB, with a CMYK profile", tiff(rgb, 2, tags={34675: (7, icc.CMYK)}), rgb
    for number in range(1, 9):
        data = tiff(rgb, 2, tags=orientation(number))
        yield f"RGB, orientation {number}", data, by_pillow(data)

    bilevel = Image.fromarray((one > 128).astype(np.uint8) * 255).convert("1")
    for name, compression in (("group 3", "group3"), ("group 4", "group4")):
        yield f"bilevel, {name}", saved(bilevel, compression=compression), as_rgb(np.asarray(bilevel).astype(np.uint8) * 255)
    yield "bilevel, modified Huffman", saved(bilevel, compression="tiff_ccitt"), REFUSED
    yield "JPEG compression, YCbCr", (data := saved(Image.fromarray(rgb), compression="jpeg", quality=95)), by_pillow(data)
    yield "JPEG compression, gray", (data := saved(Image.fromarray(one), compression="jpeg", quality=95)), by_pillow(data)
    yield "JPEG compression, CMYK", (data := saved(Image.fromarray(with_extra(255 - rgb, zero), "CMYK"), compression="jpeg", quality=95)), by_profile(data, icc.DEFAULT_CMYK)

    for bits in (1, 2, 4, 8):
        count = 2**bits
        palette = np.random.default_rng(1).integers(0, 256, (count, 3))
        indices = (np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) * 5) % count
        table = {320: (3, [int(v) * 257 for v in palette.T.reshape(-1)])}
        yield f"palette, {bits} bit", tiff(indices if bits < 8 else indices.astype(np.uint8), 3, bits=bits, tags=table), palette[indices].astype(np.uint8)
    yield "palette, with an extra sample 0", tiff(with_extra(indices.astype(np.uint8), zero), 3, tags=table | extra(0)), palette[indices].astype(np.uint8)
    yield "palette, with an extra sample 2", tiff(with_extra(indices.astype(np.uint8), opacity), 3, tags=table | extra(2)), over(palette[indices], opacity)

    inks = with_extra(255 - rgb, np.uint8(20))
    plain = by_profile(Image.fromarray(inks, "CMYK"), icc.DEFAULT_CMYK)
    yield "CMYK, with a profile", tiff(inks, 5, tags={34675: (7, icc.CMYK)}), by_profile(with_info(Image.fromarray(inks, "CMYK"), icc.CMYK))
    yield "CMYK, 16 bit, with a profile", tiff(inks.astype(np.uint16) * 257, 5, tags={34675: (7, icc.CMYK)}), by_profile(with_info(Image.fromarray(inks, "CMYK"), icc.CMYK))
    yield "CMYK, planes, with a profile", tiff(inks, 5, planar=2, tags={34675: (7, icc.CMYK)}), by_profile(with_info(Image.fromarray(inks, "CMYK"), icc.CMYK))
    yield "CMYK", tiff(inks, 5), plain
    yield "CMYK, 16 bit", tiff(inks.astype(np.uint16) * 257, 5), plain
    yield "CMYK, with a broken profile", tiff(inks, 5, tags={34675: (7, icc.BROKEN)}), plain
    yield "CMYK, with an RGB image's profile", tiff(inks, 5, tags={34675: (7, icc.WIDE)}), plain
    yield "CMYK, extra sample 0, with a profile", tiff(with_extra(inks, zero), 5, tags={34675: (7, icc.CMYK)} | extra(0)), by_profile(with_info(Image.fromarray(inks, "CMYK"), icc.CMYK))
    yield "CMYK, extra sample 2", tiff(with_extra(inks, opacity), 5, tags=extra(2)), over(plain, opacity)
    yield "CMYK, extra sample 2, with a profile", tiff(with_extra(inks, opacity), 5, tags=extra(2) | {34675: (7, icc.CMYK)}), over(by_profile(with_info(Image.fromarray(inks, "CMYK"), icc.CMYK)), opacity)
    yield "CMYK, 16 bit, extra sample 0", tiff(with_extra(inks, zero).astype(np.uint16) * 257, 5, tags=extra(0)), plain
    yield "other inks", tiff(inks, 5, tags={332: (3, [2])}), REFUSED
    yield "six inks", tiff(with_extra(inks, zero, zero), 5, tags={332: (3, [2])}), REFUSED

    yield "YCbCr", tiff(ycbcr(), 6, tags={530: (3, [1, 1])}), by_formula(ycbcr())
    yield "YCbCr, deflate", tiff(ycbcr(), 6, compression=8, tags={530: (3, [1, 1])}), by_formula(ycbcr())
    yield "YCbCr, LZW", (data := saved(Image.fromarray(rgb).convert("YCbCr"), compression="tiff_lzw")), by_pillow(data)
    yield "YCbCr, no subsampling tag", tiff(ycbcr(), 6), REFUSED
    yield "YCbCr, planes", tiff(ycbcr(), 6, planar=2, tags={530: (3, [1, 1])}), REFUSED
    yield "YCbCr, tiles", tiff(ycbcr(), 6, tile=16, tags={530: (3, [1, 1])}), by_formula(ycbcr())
    yield "YCbCr, 16 bit", tiff(ycbcr().astype(np.uint16) * 257, 6, tags={530: (3, [1, 1])}), REFUSED
    yield "YCbCr, 4:2:0", tiff(ycbcr(), 6, raw=subsampled(2, 2)[0], tags={530: (3, [2, 2])}), subsampled(2, 2)[1]
    yield "YCbCr, 4:2:2", tiff(ycbcr(), 6, raw=subsampled(2, 1)[0], tags={530: (3, [2, 1])}), subsampled(2, 1)[1]
    for horizontal, vertical in ((4, 1), (1, 2), (4, 4)):
        data, right = subsampled(horizontal, vertical)
        yield f"YCbCr, subsampled {horizontal} × {vertical}", tiff(ycbcr(), 6, raw=data, tags={530: (3, [horizontal, vertical])}), right
    half, right = subsampled(2, 2)
    strips = [half[at:at + len(half) // 4] for at in range(0, len(half), len(half) // 4)]
    yield "YCbCr, 4:2:0, four strips", tiff(ycbcr(), 6, raw=strips, rows=4, tags={530: (3, [2, 2])}), right
    yield "YCbCr, 4:2:0, deflate", tiff(ycbcr(), 6, raw=half, compression=8, tags={530: (3, [2, 2])}), right
    yield "YCbCr, 4:2:0, with a profile", tiff(ycbcr(), 6, raw=half, tags={530: (3, [2, 2]), 34675: (7, icc.WIDE)}), \
        by_profile(with_info(Image.fromarray(right), icc.WIDE))
    for number in range(1, 9):
        exif = Image.Exif()
        exif[274] = number
        turned = Image.fromarray(right)
        turned.info["exif"] = exif.tobytes()
        turned.getexif()[274] = number
        yield f"YCbCr, 4:2:0, orientation {number}", tiff(ycbcr(), 6, raw=half, tags={530: (3, [2, 2])} | orientation(number)), \
            np.asarray(ImageOps.exif_transpose(turned))
    yield "YCbCr, 4:2:0, coefficients of BT.709", tiff(ycbcr(), 6, raw=half, tags={530: (3, [2, 2]), 529: (5, [(2126, 10000), (7152, 10000), (722, 10000)])}), \
        subsampled(2, 2, luma=(0.2126, 0.7152, 0.0722))[1]
    yield "YCbCr, 4:2:0, video levels", tiff(ycbcr(), 6, raw=half, tags={530: (3, [2, 2]), 532: (5, [(16, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1)])}), \
        subsampled(2, 2, levels=(16, 235, 128, 240, 128, 240))[1]
    yield "YCbCr, with a profile", tiff(ycbcr(), 6, tags={530: (3, [1, 1]), 34675: (7, icc.WIDE)}), REFUSED
    yield "YCbCr, coefficients of BT.709", tiff(ycbcr(), 6, tags={530: (3, [1, 1]), 529: (5, [(2126, 10000), (7152, 10000), (722, 10000)])}), by_formula(ycbcr(), luma=(0.2126, 0.7152, 0.0722))
    yield "YCbCr, video levels", tiff(ycbcr(), 6, tags={530: (3, [1, 1]), 532: (5, [(16, 1), (235, 1), (128, 1), (240, 1), (128, 1), (240, 1)])}), by_formula(ycbcr(), levels=(16, 235, 128, 240, 128, 240))
    yield "YCbCr, full levels", tiff(ycbcr(), 6, tags={530: (3, [1, 1]), 532: (5, [(0, 1), (255, 1), (128, 1), (255, 1), (128, 1), (255, 1)])}), by_formula(ycbcr())
    yield "YCbCr, extra sample 0", tiff(with_extra(ycbcr(), zero), 6, tags={530: (3, [1, 1])} | extra(0)), REFUSED
    yield "YCbCr, orientation 6", (data := tiff(ycbcr(), 6, tags={530: (3, [1, 1])} | orientation(6))), by_pillow(data)

    values = lab(rgb)
    lab8 = np.stack([np.round(values[..., 0] * 2.55), values[..., 1], values[..., 2]], -1).astype(np.int64)
    lab16 = np.stack([np.round(values[..., 0] * 655.35), np.round(values[..., 1] * 256), np.round(values[..., 2] * 256)], -1).astype(np.int64)
    icc8 = lab8 + [0, 128, 128]
    icc16 = np.stack([values[..., 0] * 652.8, (values[..., 1] + 128) * 256, (values[..., 2] + 128) * 256], -1)
    yield "CIELab, 8 bit", tiff((lab8 & 255).astype(np.uint8), 8), rgb
    yield "CIELab, 8 bit, planes", tiff((lab8 & 255).astype(np.uint8), 8, planar=2), rgb
    yield "CIELab, 8 bit, tiles", tiff((lab8 & 255).astype(np.uint8), 8, tile=16), rgb
    yield "CIELab, 16 bit", tiff((lab16 & 65535).astype(np.uint16), 8), rgb
    yield "CIELab, 16 bit, big-endian", tiff((lab16 & 65535).astype(np.uint16), 8, endian=">"), rgb
    yield "CIELab, 8 bit, extra sample 0", tiff(with_extra((lab8 & 255).astype(np.uint8), zero), 8, tags=extra(0)), rgb
    yield "CIELab, 8 bit, extra sample 2", tiff(with_extra((lab8 & 255).astype(np.uint8), opacity), 8, tags=extra(2)), over(rgb, opacity)
    yield "CIELab, 16 bit, extra sample 0", tiff(with_extra((lab16 & 65535).astype(np.uint16), zero), 8, tags=extra(0)), rgb
    yield "CIELab, 8 bit, extra sample 1", tiff(with_extra((lab8 & 255).astype(np.uint8), opacity), 8, tags=extra(1)), REFUSED
    yield "CIELab, JPEG compression", tiff(rgb, 8, compression=7, raw=stored), REFUSED
    yield "CIELab, 1 sample", tiff(one, 8), REFUSED
    yield "CIELab, with a profile", tiff((lab8 & 255).astype(np.uint8), 8, tags={34675: (7, icc.WIDE)}), rgb
    yield "ICCLab, 8 bit", tiff(icc8.astype(np.uint8), 9), rgb
    yield "ICCLab, 16 bit", tiff(icc16.astype(np.uint16), 9), rgb
    yield "ITULab, 8 bit", tiff(icc8.astype(np.uint8), 10), REFUSED
    yield "LogLuv", tiff(rgb, 32845), REFUSED
    yield "color filter array", tiff(one, 32803), REFUSED
    yield "linear raw", tiff(deep, 34892), REFUSED
    yield "mask", tiff(one, 4), REFUSED
    yield "unknown photometric", tiff(rgb, 99), REFUSED

    for kind in (0, 1, 2):
        colors = np.round(rgb * (opacity / 255)[..., None]).astype(np.uint8) if kind == 1 else rgb
        right = rgb if kind == 0 else over(rgb, opacity)
        yield f"RGB, extra sample {kind}", tiff(with_extra(colors, opacity), 2, tags=extra(kind)), right
        yield f"RGB, extra sample {kind}, planes", tiff(with_extra(colors, opacity), 2, planar=2, tags=extra(kind)), right
        yield f"RGB, extra sample {kind}, tiles", tiff(with_extra(colors, opacity), 2, tile=16, tags=extra(kind)), right
        yield f"RGB, extra sample {kind}, 16 bit", tiff(with_extra(colors.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 2, tags=extra(kind)), right
        gray = np.round(one * (opacity / 255)).astype(np.uint8) if kind == 1 else one
        right = as_rgb(one) if kind == 0 else over(as_rgb(one), opacity)
        yield f"gray, extra sample {kind}", tiff(with_extra(gray, opacity), 1, tags=extra(kind)), right
        yield f"gray, extra sample {kind}, 16 bit", tiff(with_extra(gray.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 1, tags=extra(kind)), right
        yield f"gray, white is 0, extra sample {kind}", tiff(with_extra(255 - one, opacity), 0, tags=extra(kind)), REFUSED if kind == 1 else right
    yield "RGB, extra sample 0, all 0", tiff(with_extra(rgb, zero), 2, tags=extra(0)), rgb
    yield "RGB, extra sample 0, with a profile", tiff(with_extra(rgb, zero), 2, tags=extra(0) | {34675: (7, icc.WIDE)}), by_profile(wide)
    yield "RGB, extra sample 2, with a profile", tiff(with_extra(rgb, opacity), 2, tags=extra(2) | {34675: (7, icc.WIDE)}), over(by_profile(wide), opacity)
    associated = np.round(rgb * (opacity / 255)[..., None]).astype(np.uint8)
    yield "RGB, extra sample 1, with a profile", tiff(with_extra(associated, opacity), 2, tags=extra(1) | {34675: (7, icc.WIDE)}), over(by_profile(wide), opacity)
    yield "RGB, extra sample 2, 16 bit, with a profile", tiff(with_extra(deep, opacity.astype(np.uint16) * 257), 2, tags=extra(2) | {34675: (7, icc.WIDE)}), over(by_profile(wide), opacity)
    yield "RGB, extra sample 0, 16 bit, with a profile", tiff(with_extra(deep, opacity.astype(np.uint16) * 257), 2, tags=extra(0) | {34675: (7, icc.WIDE)}), by_profile(wide)
    yield "gray, extra sample 0, 16 bit, with a profile", tiff(with_extra(one.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 1, tags=extra(0) | {34675: (7, icc.GREY_GAMMA)}), by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA))
    yield "gray, extra sample 2, 16 bit, with a profile", tiff(with_extra(one.astype(np.uint16) * 257, opacity.astype(np.uint16) * 257), 1, tags=extra(2) | {34675: (7, icc.GREY_GAMMA)}), over(by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA)), opacity)
    yield "gray, extra samples 0 0, with a profile", tiff(with_extra(one, zero, zero), 1, tags=extra(0, 0) | {34675: (7, icc.GREY_GAMMA)}), by_profile(with_info(Image.fromarray(one), icc.GREY_GAMMA))
    yield "RGB, extra samples 0 0, orientation 6", tiff(with_extra(rgb, zero, zero), 2, tags=extra(0, 0) | orientation(6)), by_pillow(tiff(rgb, 2, tags=orientation(6)))
    yield "RGB, 4 samples, no tag for the extra one", tiff(with_extra(rgb, opacity), 2), over(rgb, opacity)
    yield "gray, 2 samples, no tag for the extra one", tiff(with_extra(one, zero), 1), REFUSED
    yield "gray, extra samples 0 0", tiff(with_extra(one, zero, zero), 1, tags=extra(0, 0)), as_rgb(one)
    yield "gray, extra samples 0 0 0", tiff(with_extra(one, zero, zero, zero), 1, tags=extra(0, 0, 0)), as_rgb(one)
    yield "RGB, extra samples 0 0", tiff(with_extra(rgb, zero, zero), 2, tags=extra(0, 0)), rgb
    yield "RGB, extra samples 0 0 0 0 0", tiff(with_extra(rgb, *[zero] * 5), 2, tags=extra(*[0] * 5)), REFUSED
    yield "RGB, extra samples 0 0, 16 bit", tiff(with_extra(deep, zero, zero), 2, tags=extra(0, 0)), rgb
    yield "RGB, extra samples 2 0", tiff(with_extra(rgb, opacity, zero), 2, tags=extra(2, 0)), over(rgb, opacity)
    yield "RGB, extra samples 0 2", tiff(with_extra(rgb, zero, opacity), 2, tags=extra(0, 2)), over(rgb, opacity)
    yield "RGB, extra samples 1 0", tiff(with_extra(np.round(rgb * (opacity / 255)[..., None]).astype(np.uint8), opacity, zero), 2, tags=extra(1, 0)), REFUSED
    yield "RGB, extra sample 999", tiff(with_extra(rgb, opacity), 2, tags=extra(999)), over(rgb, opacity)
    yield "RGB, extra sample of an unknown kind", tiff(with_extra(rgb, opacity), 2, tags=extra(77)), REFUSED
    yield "RGB, one extra sample said, two there", tiff(with_extra(rgb, zero, zero), 2, tags=extra(0)), REFUSED
    yield "RGB of 2 samples", tiff(rgb[..., :2], 2), REFUSED
    yield "RGB of 1 sample", tiff(rgb[..., 0], 2), REFUSED
    yield "gray of 3 samples", tiff(rgb, 1), REFUSED
    yield "no photometric tag", tiff(rgb, 2, without=(262,)), REFUSED
    yield "gray, no photometric tag", tiff(one, 1, without=(262,)), REFUSED
    yield "no rows per strip", tiff(rgb, 2, without=(278,)), rgb
    yield "no byte counts", tiff(rgb, 2, without=(279,)), rgb
    yield "no planar configuration", tiff(rgb, 2, without=(284,)), rgb
    yield "no sample format", tiff(rgb, 2, without=(339,)), rgb
    yield "no samples per pixel, gray", tiff(one, 1, without=(277,)), as_rgb(one)
    yield "no bits per sample, 1 bit", tiff((one > 128).astype(int), 1, bits=1, without=(258, 339)), as_rgb((one > 128).astype(np.uint8) * 255)
    yield "one count of bits for three samples", tiff(rgb, 2, tags={258: (3, [8])}), rgb
    yield "bits in the order of fax machines", tiff(rgb, 2, tags={266: (3, [2])}), np.packbits(np.unpackbits(rgb[..., None], axis=-1)[..., ::-1], axis=-1)[..., 0]
    two = io.BytesIO()
    Image.fromarray(rgb).save(two, "TIFF", save_all=True, append_images=[Image.fromarray(255 - rgb)])
    yield "two pages", two.getvalue(), rgb
    yield "DNG", tiff(rgb, 2, tags={50706: (1, [1, 4, 0, 0])}), REFUSED
    yield "CR2", tiff(rgb, 2, raw=b"CR\x02\0" + rgb.tobytes()), REFUSED
    preview = tiff(rgb, 2, tags={254: (4, [1]), 330: (4, [0])})
    values = b"\x01\0" + struct.pack("<HHII", 262, 3, 1, 32803) + bytes(4)
    yield "NEF and alike, a preview before the raw values", tiff(rgb, 2, tags={254: (4, [1]), 330: (4, [len(preview)])}) + values, REFUSED
    yield "bytes after the end", tiff(rgb, 2) + b"behind", rgb
    yield "old JPEG compression", tiff(rgb, 6, compression=6), REFUSED
    yield "JPEG 2000 compression", tiff(rgb, 2, compression=34712), REFUSED
    yield "camera raw compression", tiff(one, 1, compression=34713), REFUSED

