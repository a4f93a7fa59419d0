"""Generates weights, pixels and labels from a tensor's number and an element's index alone. The scripts beside this file pass them
to Keras, and src/formula.ts passes the same bits to Chorus, so that no weights or images need to be stored."""

import numpy as np


def bits(stream, count):
    """Returns [count] 32-bit integers: MurmurHash3's finalizer over stream and index."""
    h = np.arange(count, dtype=np.uint32) ^ np.uint32((stream + 1) * 0x9E3779B1 % 2**32)
    h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def draw(stream, count):
    """Returns numbers in [0, 1)."""
    return bits(stream, count) / 2.0**32


def weight(stream, kind, shape):
    """Returns the initial values of a weight. Kind: kernel, depthwise_kernel, bias, gamma, beta, moving_mean, moving_variance.

    Most units are well above the kink of ReLU, and one channel in fifty is near the upper kink of ReLU6. With more inactive
    units, gradients and rounding errors grow towards the input; with fewer, a network with BatchNorm is nearly linear in its
    betas, whose gradients are then rounding errors.
    """
    u = draw(stream, int(np.prod(shape)))
    if kind == "gamma":
        u = u / 2 + 0.5
    elif kind == "beta":
        u = u + np.where(u > 0.98, 5.5, 1)
    elif kind == "bias":
        u = u - 0.5
    elif kind == "moving_mean":
        u = u - 0.5
    elif kind == "moving_variance":
        u = (u + 0.5) * 0.25
    else:
        # [...window, in, out]; for a depthwise kernel, [h, w, channels, 1].
        u = (2 * u - 1) * np.sqrt(6 / np.prod(shape[:2] if kind == "depthwise_kernel" else shape[:-1]))
    return u.reshape(shape).astype("float32")


def images(stream, count, size):
    """Returns [count, size, size, 3] RGB, integers 0..253: a color, 4 by 4 patches and noise. Uses three streams."""
    color = np.floor(128 * draw(stream, count * 3)).reshape(count, 1, 1, 3)
    patches = np.floor(64 * draw(stream + 1, count * 4 * 4 * 3)).reshape(count, 4, 4, 3)
    noise = np.floor(64 * draw(stream + 2, count * size * size * 3)).reshape(count, size, size, 3)
    patch = np.arange(size) * 4 // size
    return (color + patches[:, patch][:, :, patch] + noise).astype("float32")


def labels(count):
    """Returns labels 0 or 1."""
    return np.array([(5 * row) % 7 < 3 for row in range(count)], "float32")


def kind_of(layer, variable):
    """Returns a weight's name in Keras 2, where the kernel of a depthwise convolution is `depthwise_kernel`."""
    kind = variable.name.split("/")[-1].split(":")[0]
    return "depthwise_kernel" if (type(layer).__name__, kind) == ("DepthwiseConv2D", "kernel") else kind


def rounded(numbers, digits=9):
    """Rounds to nine significant digits, which determine a float32."""
    return np.vectorize(lambda one: float(f"{one:.{digits}g}"), otypes=[float])(numbers).tolist()
