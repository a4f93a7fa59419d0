"""The picture that every file of this folder shows, and what is right of it on a white background."""

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

WIDTH, HEIGHT = 24, 16
# In place of what is right of a file, where docs/formats.md gives the reason.
REFUSED = None
# Within what a CMYK or wide-gamut file can hold.
COLORS = ((200, 110, 60), (70, 120, 80), (225, 215, 205), (90, 80, 120))


def picture(width=WIDTH, height=HEIGHT):
    """A color in each quarter, a little lighter to the right and to the bottom: [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    quarter = (x >= width // 2) + 2 * (y >= height // 2)
    return (np.array(COLORS)[quarter] + (x % (width // 2))[..., None] + (y % (height // 2))[..., None]).astype(np.uint8)


def gray():
    return picture()[..., 0]


def alpha():
    """From 40 to 240, in columns."""
    return np.broadcast_to((40 + np.arange(WIDTH) * 200 // (WIDTH - 1)).astype(np.uint8), (HEIGHT, WIDTH))


def over(colors, opacity, background=(255, 255, 255)):
    """Porter and Duff's "over", opacity 0 … 255."""
    share = np.asarray(opacity)[..., None] / 255
    return np.round(colors * share + np.array(background) * (1 - share)).astype(np.uint8)


def as_rgb(pixels):
    pixels = np.asarray(pixels)
    return np.stack([pixels] * 3, -1) if pixels.ndim == 2 else pixels


def by_pillow(data):
    """The first frame, upright, as RGB on white."""
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
    """A file or a picture in sRGB, by its own profile or another one: perceptual."""
    image = Image.open(io.BytesIO(source)) if isinstance(source, bytes) else source
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profile or image.info["icc_profile"]))
    return np.asarray(ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"),
                                                renderingIntent=0, outputMode="RGB"))
