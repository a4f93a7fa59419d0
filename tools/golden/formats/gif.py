"""GIF files built byte by byte: frames that do not cover the canvas, with and without a transparent color."""

import struct

import numpy as np

from drawing import HEIGHT, REFUSED, WIDTH

# The palette entries that the frame below uses; the frame does not use 0.
PALETTE = np.array([(10, 200, 30), (200, 110, 60), (70, 120, 80), (225, 215, 205)], np.uint8)


def lzw(indices):
    """Encodes with 3-bit codes only, by inserting a clear code before the table would require wider ones."""
    codes = []
    for start in range(0, len(indices), 2):
        codes += [4, *indices[start:start + 2]]
    codes.append(5)
    value = sum(int(code) << (3 * index) for index, code in enumerate(codes))
    data = value.to_bytes((3 * len(codes) + 7) // 8, "little")
    return b"\x02" + b"".join(bytes([len(data[at:at + 255])]) + data[at:at + 255] for at in range(0, len(data), 255)) + b"\0"


def frame(left, top, width, height, *, transparent=None, interlaced=False, local=False, disposal=0, delay=0):
    """Returns a chessboard of the colors 1 and 2, with 3 in its first pixel."""
    y, x = np.mgrid[:height, :width]
    indices = 1 + (x // 4 + y // 4) % 2
    if height and width:
        indices[0, 0] = 3
    rows = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)] if interlaced else range(height)
    flags = (0x40 if interlaced else 0) | (0x81 if local else 0)
    control = b"" if transparent is None and not disposal and not delay else \
        b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2 | (transparent is not None), delay, transparent or 0, 0)
    data = control + b"\x2c" + struct.pack("<HHHHB", left, top, width, height, flags) + \
        (PALETTE.tobytes() if local else b"") + lzw(indices[list(rows)].reshape(-1) if height and width else [])
    return data, indices


def gif(*frames, canvas=(WIDTH, HEIGHT), background=0, table=True, extensions=b"", version=b"GIF89a"):
    screen = struct.pack("<HHBBB", *canvas, 0x81 if table else 0, background, 0)
    return version + screen + (PALETTE.tobytes() if table else b"") + extensions + b"".join(data for data, _ in frames) + b";"


def right(left, top, indices, transparent=None, canvas=(WIDTH, HEIGHT)):
    """Returns what a browser shows on white: the canvas is enlarged to contain the first frame."""
    width, height = max(canvas[0], left + indices.shape[1]), max(canvas[1], top + indices.shape[0])
    pixels = np.full((height, width, 3), 255, np.uint8)
    for (row, column), index in np.ndenumerate(indices):
        if index != transparent:
            pixels[top + row, left + column] = PALETTE[index]
    return pixels


def one(left, top, width, height, canvas=(WIDTH, HEIGHT), **options):
    gif_options = {key: options.pop(key) for key in ("background", "table", "extensions", "version") if key in options}
    data, indices = frame(left, top, width, height, **options)
    return gif((data, indices), canvas=canvas, **gif_options), right(left, top, indices, options.get("transparent"), canvas)


def cases():
    yield "whole", *one(0, 0, WIDTH, HEIGHT)
    yield "whole, interlaced", *one(0, 0, WIDTH, HEIGHT, interlaced=True)
    yield "whole, GIF87a", *one(0, 0, WIDTH, HEIGHT, version=b"GIF87a")
    yield "whole, transparent index", *one(0, 0, WIDTH, HEIGHT, transparent=2)
    yield "whole, local colors", *one(0, 0, WIDTH, HEIGHT, local=True, table=False)
    comment = b"\x21\xfe\x05hello\0\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    yield "smaller frame", *one(12, 8, 12, 8)
    yield "smaller frame, at the start", *one(0, 0, 12, 8)
    yield "smaller frame, background index 3", *one(12, 8, 12, 8, background=3)
    yield "smaller frame, transparent index", *one(12, 8, 12, 8, transparent=2)
    yield "smaller frame, transparent index not in use", *one(12, 8, 12, 8, transparent=0)
    yield "smaller frame, interlaced", *one(4, 3, 12, 11, interlaced=True)
    yield "smaller frame, local colors", *one(12, 8, 12, 8, local=True, table=False)
    yield "smaller frame after comments and other extensions", *one(3, 2, 12, 8, extensions=comment)
    yield "smaller frame, disposal 2", *one(12, 8, 12, 8, disposal=2)
    data, shown = one(0, 0, WIDTH, HEIGHT)
    yield "bytes after the end", data + b"behind", shown
    yield "no end", data[:-1], shown
    yield "frame of one pixel", *one(5, 5, 1, 1)
    yield "frame to the right of the canvas in part", *one(16, 8, 12, 8)
    yield "frame larger than the canvas", *one(0, 0, WIDTH + 8, HEIGHT + 8)
    yield "frame outside of the canvas", *one(40, 40, 12, 8)
    yield "frame of no size", one(4, 4, 0, 0)[0], REFUSED
    yield "canvas of no size", *one(0, 0, 12, 8, canvas=(0, 0))
    yield "canvas of 640 × 480 that the frame does not cover", *one(100, 10, 12, 8, canvas=(640, 480))
    yield "canvas of 2100 × 10 that the frame does not cover", *one(100, 1, 12, 8, canvas=(2100, 10))
    yield "no frame", gif(), REFUSED
    first, second = frame(12, 8, 12, 8, delay=5, disposal=1), frame(0, 0, WIDTH, HEIGHT, delay=5)
    yield "animated, smaller first frame", gif(first, second), right(12, 8, first[1])
    second = frame(0, 0, WIDTH, HEIGHT, delay=5, transparent=1)
    yield "animated, smaller first frame, transparent index in the second", gif(first, second), right(12, 8, first[1])
    first = frame(12, 8, 12, 8, delay=5, transparent=2)
    yield "animated, smaller first frame, transparent index in the first", gif(first, second), right(12, 8, first[1], 2)
    first, second = frame(0, 0, WIDTH, HEIGHT, delay=5), frame(4, 4, 40, 40, delay=5)
    yield "animated, larger second frame", gif(first, second), right(0, 0, first[1])
