"""Seeded images and labels, identical to those of src/images.ts: their content does not affect the cost of a step."""

import numpy as np


def random_images(seed, count, size):
    """[count, size, size, 3], uint8: the top bytes of MurmurHash3's finalizer over seed and index."""
    h = np.arange(count * size * size * 3, dtype=np.uint32) ^ np.uint32((seed + 1) * 0x9E3779B1 % 2**32)
    h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
    return ((h ^ (h >> 16)) >> 24).astype("uint8").reshape(count, size, size, 3)


def alternating_labels(count):
    """[count], float32: 0, 1, 0, 1 …"""
    return (np.arange(count) % 2).astype("float32")


class Batches:
    """Cycles through a few batches."""

    COUNT = 4

    def __init__(self, task):
        self.size = task["batchSize"]
        self.images = random_images(task["seed"], self.COUNT * self.size, task["inputSize"])
        self.labels = alternating_labels(self.COUNT * self.size)
        self.taken = 0

    def next(self):
        start = self.taken % self.COUNT * self.size
        self.taken += 1
        return self.images[start:start + self.size], self.labels[start:start + self.size]
