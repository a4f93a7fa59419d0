"""The picture in every file of this folder, and its correct pixels on a white background."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

WIDTH, HEIGHT = 24, 16
# Takes the place of the correct pixels of a file that is refused; docs/formats.md gives the reason.
REFUSED = None
# Within the gamut of CMYK and wide-gamut files.
COLORS = ((200, 110, 60), (70, 120, 80), (225, 215, 205), (90, 80, 120))


def picture(width=WIDTH, height=HEIGHT):
    """Returns [height, width, 3]: a color in each quarter, slightly lighter towards the right and the bottom."""
    y, x = np.mgrid[:height, :width]
    quarter = (x >= width // 2) + 2 * (y >= height // 2)
    return (np.array(COLORS)[quarter] + (x % (width // 2))[..., None] + (y % (height // 2))[..., None]).astype(np.uint8)


def gray():
    return picture()[..., 0]


def alpha():
    """Returns gray columns from 40 to 240."""
    return np.broadcast_to((40 + np.arange(WIDTH) * 200 // (WIDTH - 1)).astype(np.uint8), (HEIGHT, WIDTH))


def over(colors, opacity, background=(255, 255, 255)):
    """Applies Porter and Duff's "over" operator; opacity 0 … 255."""
    share = np.asarray(opacity)[..., None] / 255
    return np.round(colors * share + np.array(background) * (1 - share)).astype(np.uint8)


def as_rgb(pixels):
    pixels = np.asarray(pixels)
    return np.stack([pixels] * 3, -1) if pixels.ndim == 2 else pixels


def by_pillow(data):
    """Returns the first frame, upright, as RGB on white."""
    image = Image.open(io.BytesIO(data))
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        return as_rgb(np.round(np.asarray(image).astype(float) / 257).astype(np.uint8))
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return over(rgba[..., :3], rgba[..., 3])
    return np.asarray(image.convert("RGB"))


def with_info(image, profile):
    image.info["icc_profile"] = profile
    return image


def by_profile(source, profile=None):
    """Converts a file or a picture to sRGB by its own or another profile, with perceptual intent."""
    image = Image.open(io.BytesIO(source)) if isinstance(source, bytes) else source
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile or image.info["icc_profile"]))
    return np.asarray(ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"),
                                                renderingIntent=0, outputMode="RGB"))
