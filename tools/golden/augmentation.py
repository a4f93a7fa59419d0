"""Writes augmentation.json: images that torchvision and PyTorch augment with fixed parameters, for
packages/training/src/augment/augment-pixels.test.ts, and losses of soft labels for
packages/models/src/training/cross-entropy.test.ts.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.0 torchvision==0.29.2
    VENV/bin/python tools/golden/augmentation.py && npx biome check --write tools/golden
"""

import json
import math
import pathlib

import numpy as np
import torch
import torchvision
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide, v2
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

from formula import draw, rounded

SIZE = 14
BILINEAR = InterpolationMode.BILINEAR


def image():
    """Pixels from 60 to 180, so that no intermediate result of the color changes leaves 0 to 255."""
    return np.floor(60 + 121 * draw(1, SIZE * SIZE * 3)).reshape(SIZE, SIZE, 3).astype("float32")


def tensor():
    return torch.tensor(image()).permute(2, 0, 1)[None]


def pixels(output, where=None):
    """[S, S, 3], flat; null where the functions differ in what they do at the edges."""
    values = output[0].permute(1, 2, 0).numpy()
    flat = rounded(values.ravel())
    if where is None:
        return flat
    return [value if known else None for value, known in zip(flat, np.repeat(where.ravel(), 3))]


def crop(left, top, width, height):
    """torchvision repeats the edge of the crop, and Chorus uses the pixels outside of it."""
    output = F.resized_crop(tensor(), top, left, height, width, [SIZE, SIZE], BILINEAR, antialias=False)

    def inside(length):
        places = (np.arange(SIZE) + 0.5) * length / SIZE - 0.5
        return (places >= 0) & (places <= length - 1)

    return pixels(output, inside(height)[:, None] & inside(width)[None, :])


def affine(angle, shear):
    """torchvision fills with black, and Chorus reflects."""
    options = {"angle": angle, "translate": [0, 0], "scale": 1.0, "shear": [shear, 0.0], "interpolation": BILINEAR}
    where = F.affine(torch.ones(1, 1, SIZE, SIZE), **options)[0, 0].numpy() > 1 - 1e-6
    return pixels(F.affine(tensor(), **options), where)


def view(left, top, width, height, angle, shear):
    """A rotated and sheared crop in one step, reflected at the edges of the image."""
    turn = F._get_inverse_affine_matrix([0.0, 0.0], angle, [0.0, 0.0], 1.0, [shear, 0.0])
    a, b, _, c, d, _ = turn
    # In coordinates from -1 to 1.
    w, h = width / SIZE, height / SIZE
    x, y = (2 * left + width) / SIZE - 1, (2 * top + height) / SIZE - 1
    theta = torch.tensor([[[w * a, w * b, x], [h * c, h * d, y]]])
    grid = torch.nn.functional.affine_grid(theta, [1, 3, SIZE, SIZE], align_corners=False)
    return pixels(
        torch.nn.functional.grid_sample(tensor(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    )


def hue_matrix(degrees):
    """W3C, Filter Effects Module Level 1, section 9.6."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([
        [0.213 + cos * 0.787 - sin * 0.213, 0.715 - cos * 0.715 - sin * 0.715, 0.072 - cos * 0.072 + sin * 0.928],
        [0.213 - cos * 0.213 + sin * 0.143, 0.715 + cos * 0.285 + sin * 0.140, 0.072 - cos * 0.072 - sin * 0.283],
        [0.213 - cos * 0.213 - sin * 0.787, 0.715 - cos * 0.715 + sin * 0.715, 0.072 + cos * 0.928 + sin * 0.072],
    ])


def colors(brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    output = tensor() / 255
    output = F.adjust_brightness(output, brightness)
    output = F.adjust_contrast(output, contrast)
    output = F.adjust_saturation(output, saturation)
    turned = torch.einsum("ij,njhw->nihw", torch.tensor(hue_matrix(hue), dtype=torch.float32), output)
    return pixels(255 * turned.clamp(0, 1))


MOVES = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


def operation(name, magnitude):
    """An operation of a policy; null where it fills with black, which Chorus does not."""
    options = {"interpolation": BILINEAR, "fill": None}
    if name in MOVES:
        where = _apply_op(torch.ones(1, 1, SIZE, SIZE), name, magnitude, **options)[0, 0].numpy() > 1 - 1e-6
        return pixels(_apply_op(tensor(), name, magnitude, **options), where)
    if name == "Posterize":
        return pixels(_apply_op(tensor().to(torch.uint8), name, magnitude, **options).float())
    return pixels(255 * _apply_op(tensor() / 255, name, magnitude / 255 if name == "Solarize" else magnitude, **options))


def magnitudes(space):
    """By operation; one number if all strengths are equal."""
    return {name: rounded(values.double().numpy().ravel()) for name, (values, _) in space.items() if name != "Equalize"}


def blurred(sigma):
    return pixels(F.gaussian_blur(tensor(), [9, 9], [sigma, sigma]))


def erased(top, left, height, width):
    return pixels(F.erase(tensor(), top, left, height, width, torch.tensor(127.5)))


CLASSES, LABELS = 3, [2, 0]


def mixed(transform, params):
    """The image and its mirror image, each mixed with the other one, and their labels."""
    images = torch.cat([tensor(), tensor().flip(3)])
    labels = torch.tensor(LABELS)
    both = {"labels": labels, "batch_size": 2, **params}
    output = transform.transform(images, both)
    return {
        "images": [pixels(output[index : index + 1]) for index in range(2)],
        "labels": rounded(transform.transform(labels, both).numpy().ravel()),
    }


def cut(top, left, bottom, right):
    own_share = 1 - (bottom - top) * (right - left) / SIZE**2
    return mixed(v2.CutMix(num_classes=CLASSES), {"box": (left, top, right, bottom), "lam_adjusted": own_share})


def blended(share):
    return mixed(v2.MixUp(num_classes=CLASSES), {"lam": share})


def loss(class_count, smoothing):
    """Of soft labels; with two classes, also that of one logit, the difference of both."""
    logits = (6 * draw(2, 4 * class_count) - 3).reshape(4, class_count).astype("float32")
    shares = draw(3, 4 * class_count).reshape(4, class_count)
    shares = (shares / shares.sum(1, keepdims=True)).astype("float32")
    value = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(shares), label_smoothing=smoothing)
    return {
        "labelSmoothing": smoothing,
        "logits": [rounded(row) for row in logits],
        "labels": [rounded(row) for row in shares],
        "loss": rounded(value.item()),
    }


def entry(options, output):
    return {**options, "pixels": output}


CROPS = [
    {"left": 0, "top": 0, "width": 14, "height": 14},
    {"left": 2, "top": 5, "width": 9, "height": 7},
    {"left": 7, "top": 0, "width": 7, "height": 12},
]
TURNS = [{"angle": 0.0, "shear": 12.0}, {"angle": 30.0, "shear": 0.0}, {"angle": -17.0, "shear": -8.0}]
COLORS = [
    {"brightness": 1.3},
    {"brightness": 0.6},
    {"contrast": 1.2},
    {"contrast": 0.3},
    {"saturation": 1.25},
    {"saturation": 0.0},
    {"hue": 25.0},
    {"hue": -90.0},
    {"brightness": 0.9, "contrast": 1.1, "saturation": 0.7, "hue": 40.0},
    # Limited to 255 only at the end.
    {"brightness": 1.4, "hue": 10.0},
]

ERASED = [{"top": 3, "left": 0, "height": 5, "width": 9}, {"top": 0, "left": 10, "height": 14, "width": 4}]
CUTS = [{"top": 2, "left": 4, "bottom": 9, "right": 14}, {"top": 0, "left": 0, "bottom": 14, "right": 3}]

OPERATIONS = [
    ("Identity", 0.0), ("ShearX", 0.3), ("ShearX", -0.2), ("ShearY", 0.25), ("TranslateX", 3.7), ("TranslateX", -2.0),
    ("TranslateY", 4.0), ("TranslateY", -1.9), ("Rotate", 25.0), ("Rotate", -40.0), ("Brightness", 0.3), ("Color", -0.9),
    ("Contrast", 0.2), ("Sharpness", 0.9), ("Sharpness", -0.99), ("Posterize", 3), ("Posterize", 8), ("Solarize", 120.5),
    ("Solarize", 255.0), ("AutoContrast", 0.0),
]

golden = {
    "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    "size": SIZE,
    "image": rounded(image().ravel()),
    "crops": [entry(one, crop(**one)) for one in CROPS],
    "turns": [entry(one, affine(**one)) for one in TURNS],
    "views": [entry({**one, **turn}, view(**one, **turn)) for one in CROPS[:2] for turn in TURNS],
    "colors": [entry(one, colors(**one)) for one in COLORS],
    "operations": [{"name": name, "magnitude": one, "pixels": operation(name, one)} for name, one in OPERATIONS],
    "magnitudes": {
        "trivial": magnitudes(TrivialAugmentWide()._augmentation_space(31)),
        "rand": magnitudes(RandAugment()._augmentation_space(31, (224, 224))),
    },
    "blurred": [{"sigma": sigma, "pixels": blurred(sigma)} for sigma in (0.1, 0.8, 2.0)],
    "erased": [entry(one, erased(**one)) for one in ERASED],
    "classCount": CLASSES,
    "labels": LABELS,
    "cuts": [{**one, **cut(**one)} for one in CUTS],
    "blends": [{"share": share, **blended(share)} for share in (0.25, 0.9)],
    "losses": [loss(count, smoothing) for count in (2, 3) for smoothing in (0.0, 0.1)],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
