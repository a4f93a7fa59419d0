"""Computes in PyTorch, with timm's models, what backbones.py computes in Keras, for the backbones that Keras does not have.

    python timm_backbones.py CASES.json OUT (summaries | whole)

Tensors are stored in TensorFlow's layout and under its names. PyTorch's BatchNorm blends the unbiased variance into its moving
variance, n / (n - 1) times the biased one of Keras 3 and Chorus; this is undone where moving variances are compared. Adam is
Keras', whose epsilon is in another place than PyTorch's.
"""

import sys

import numpy as np
import timm
import torch
from torch.nn import functional

from formula import images, labels, rounded, weight
from smooth_statistics import smooth_statistics
from summaries import (
    BATCH, BATCH_PIXELS, LEARNING_RATE, OTHER_PIXELS, STEPS, Tensors, packed, truncated, write_all)

BATCH_NORM_KINDS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


class Weight:
    """A tensor of a module, with its name, shape and values in TensorFlow."""

    def __init__(self, layer, module, own):
        self.layer, self.module, self.own, self.tensor = layer, module, own, getattr(module, own)
        self.is_statistic = own.startswith("running_")
        if isinstance(module, torch.nn.BatchNorm2d):
            self.kind, self.order = BATCH_NORM_KINDS[own], None
        elif own == "bias":
            self.kind, self.order = "bias", None
        elif isinstance(module, torch.nn.Linear):
            self.kind, self.order = "kernel", (1, 0)
        elif module.groups > 1:
            self.kind, self.order = "depthwise_kernel", (2, 3, 0, 1)
        else:
            self.kind, self.order = "kernel", (2, 3, 1, 0)

    def in_tensorflow(self, tensor):
        values = tensor.detach().numpy()
        return values if self.order is None else values.transpose(self.order)

    @property
    def shape(self):
        return self.in_tensorflow(self.tensor).shape

    def assign(self, values):
        """Takes values in TensorFlow's layout."""
        with torch.no_grad():
            back = values if self.order is None else values.transpose(np.argsort(self.order))
            self.tensor.copy_(torch.from_numpy(np.ascontiguousarray(back)))


class Backbone:
    """A timm model with one logit and the formula's weights."""

    def __init__(self, case):
        self.model = timm.create_model(case["timm"], pretrained=False, num_classes=1)
        self.weights = [
            Weight(name, module, own) for name, module in self.model.named_modules() for own in tensors_of(module)]
        for stream, one in enumerate(self.weights, case["firstStream"]):
            if not one.is_statistic:
                one.assign(weight(stream, one.kind, one.shape))
        self.norms = [one for one in self.model.modules() if isinstance(one, torch.nn.BatchNorm2d)]
        self.sizes = {}
        for norm in self.norms:
            norm.register_forward_pre_hook(self.keep_size)

    def keep_size(self, norm, inputs):
        """Keeps the number of values per channel in the last batch."""
        self.sizes[norm] = inputs[0].numel() // inputs[0].shape[1]

    def forward(self, x, training):
        """Returns logits [N, 1] and pooled features; frozen layers stay in inference mode."""
        self.model.train(training)
        for norm in self.norms:
            if not norm.weight.requires_grad:
                norm.eval()
        features = self.model.forward_head(self.model.forward_features(x), pre_logits=True)
        return self.model.get_classifier()(features), features

    def use_statistics_of(self, x):
        """Sets BatchNorm's moving statistics to the batch's, and returns the pooled features of that pass in training mode."""
        momentums = [norm.momentum for norm in self.norms]
        for norm in self.norms:
            norm.momentum = 1.0
        with torch.no_grad():
            _, features = self.forward(x, training=True)
            for norm, momentum in zip(self.norms, momentums):
                norm.momentum = momentum
                norm.running_var *= (self.sizes[norm] - 1) / self.sizes[norm]
        return features

    def freeze(self, layers):
        """Freezes the layers of these names."""
        for one in self.weights:
            if one.layer in layers:
                one.tensor.requires_grad_(False)

    @property
    def trainable(self):
        """(index among all weights, weight) of those that train."""
        return [(place, one) for place, one in enumerate(self.weights) if one.tensor.requires_grad]

    @property
    def statistics(self):
        return [one for one in self.weights if one.is_statistic]

    def set_statistics(self, statistics):
        for one in self.statistics:
            one.assign(statistics[:one.shape[0]].astype("float32"))
            statistics = statistics[one.shape[0]:]

    def layers(self):
        """Names of the layers as Keras would count them: the input, convolutions, BatchNorm, activations and additions."""
        names = ["input"]
        for name, module in self.model.named_modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.ReLU6)):
                names.append(name)
            # The modules of a block precede its addition.
            block = name.rsplit(".", 1)[0]
            if name.endswith(".drop_path") and self.model.get_submodule(block).has_skip:
                names.append(f"{block}.add")
        return names


def tensors_of(module):
    """Names of a module's own tensors, in TensorFlow's order."""
    if isinstance(module, torch.nn.BatchNorm2d):
        return list(BATCH_NORM_KINDS)
    own = dict(module.named_parameters(recurse=False))
    assert set(own) <= {"weight", "bias"}, own.keys()
    return list(own)


def preprocess(case, pixels):
    """[N, S, S, 3], 0..255 -> the values of timm's preprocessing, in the order of operations of Keras' mode `tf`."""
    config = timm.create_model(case["timm"], pretrained=False).default_cfg
    values = pixels / np.float32(127.5) - np.float32(1)
    exact = (pixels.astype("float64") / 255 - config["mean"]) / config["std"]
    assert np.abs(values - exact).max() < 2e-7, np.abs(values - exact).max()
    return values


def preprocessed(case, stream, size):
    pixels = preprocess(case, images(stream, BATCH, size))
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))


def gradients_of(backbone, batch, y, training):
    """Returns the binary cross-entropy of the logits and its gradient for each trainable weight."""
    logits, _ = backbone.forward(batch, training)
    loss = functional.binary_cross_entropy_with_logits(logits, y)
    return loss.item(), torch.autograd.grad(loss, [one.tensor for _, one in backbone.trainable])


def forward(case, size, tensors):
    """Returns the spread of the features across images, without which the comparison would be meaningless."""
    backbone = Backbone(case)
    features = backbone.use_statistics_of(preprocessed(case, BATCH_PIXELS, size))
    tensors.add(f"features/{size}/training", features.numpy())
    with torch.no_grad():
        _, features = backbone.forward(preprocessed(case, OTHER_PIXELS, size), training=False)
    tensors.add(f"features/{size}/inference", features.numpy())
    spread = features.numpy().std(axis=0).mean()
    assert spread > 0.02, (case["name"], size, spread)
    return float(spread)


def prepared(case, size, frozen_count=0):
    """Returns a model with its backbone's first layers frozen, a preprocessed batch, and labels."""
    backbone = Backbone(case)
    backbone.freeze(set(backbone.layers()[:frozen_count]))
    return backbone, preprocessed(case, BATCH_PIXELS, size), torch.from_numpy(labels(BATCH)[:, None])


def statistics_with(case, size, stream):
    """Returns the moving statistics of a batch, concatenated and truncated to bfloat16."""
    backbone = Backbone(case)
    backbone.use_statistics_of(preprocessed(case, stream, size))
    return truncated(np.concatenate([one.tensor.numpy() for one in backbone.statistics]))


def gradients_with(network, statistics, training):
    """Returns the gradients of the loss with given statistics."""
    backbone, batch, y = network
    backbone.set_statistics(statistics)
    return [one.double().numpy() for one in gradients_of(backbone, batch, y, training)[1]]


class Adam:
    """Adam of Keras."""

    def __init__(self, tensors):
        self.tensors, self.step = tensors, 0
        self.means, self.squares = ([torch.zeros_like(one) for one in tensors] for _ in range(2))

    def apply(self, gradients):
        self.step += 1
        rate = LEARNING_RATE * (1 - 0.999**self.step) ** 0.5 / (1 - 0.9**self.step)
        with torch.no_grad():
            for tensor, gradient, mean, square in zip(self.tensors, gradients, self.means, self.squares):
                mean += (gradient - mean) * (1 - 0.9)
                square += (gradient**2 - square) * (1 - 0.999)
                tensor -= rate * mean / (square.sqrt() + 1e-7)


def train(case, size, statistics, prefix, tensors, frozen_count=0):
    """Runs three steps of Adam on one batch, with the backbone's first layers frozen.

    Moving statistics are the given ones; those that train are reset first, so that their changes are compared in full.
    """
    backbone, batch, y = prepared(case, size, frozen_count)
    backbone.set_statistics(statistics)

    def keep(kind, gradients):
        for (place, one), gradient in zip(backbone.trainable, gradients):
            tensors.add(f"{prefix}/{kind}/{place}", one.in_tensorflow(gradient))

    keep("gradient by moving statistics", gradients_of(backbone, batch, y, training=False)[1])
    learning = [norm for norm in backbone.norms if norm.weight.requires_grad]
    for norm in learning:
        norm.reset_running_stats()
    first = [one.in_tensorflow(one.tensor).copy() for one in backbone.weights]
    optimizer = Adam([one.tensor for _, one in backbone.trainable])
    losses = []
    for step in range(STEPS):
        loss, gradients = gradients_of(backbone, batch, y, training=True)
        if step == 0:
            keep("gradient", gradients)
        losses.append(loss)
        optimizer.apply(gradients)
    for norm in learning:
        start = (1 - norm.momentum) ** STEPS  # What is left of the initial variance, 1.
        n = backbone.sizes[norm]
        norm.running_var.copy_(start + (norm.running_var - start) * (n - 1) / n)
    # Adam takes full steps even for gradients that are rounding errors, so weights are compared only if few layers train.
    learnt = {place for place, _ in backbone.trainable} if frozen_count == 0 else set()
    for place, one in enumerate(backbone.weights):
        change = one.in_tensorflow(one.tensor) - first[place]
        if change.any() and place not in learnt:
            tensors.add(f"{prefix}/change/{place}", change)
    return rounded(losses)


def describe(case):
    backbone = Backbone(case)
    head = backbone.model.default_cfg["classifier"]
    return {
        "layerCount": len(backbone.layers()),
        "featureWidth": backbone.model.num_features,
        "weights": [(one.layer, one.kind, one.shape) for one in backbone.weights if one.layer != head],
        "batchNorm": [(name, round(1 - norm.momentum, 6), norm.eps) for name, norm in backbone.model.named_modules()
                      if isinstance(norm, torch.nn.BatchNorm2d)],
        "preprocessed": rounded(preprocess(case, np.arange(258, dtype="float32").reshape(1, 1, 86, 3) % 256).ravel()),
    }


def measure(case, whole):
    tensors = Tensors(whole)
    reference = describe(case)
    if "numbers" in case:
        numbers = case["numbers"]
        size, frozen_count = numbers["trainingSize"], reference["layerCount"] - numbers["suffixLayers"]
        reference["spread"] = {size: forward(case, size, tensors) for size in numbers["sizes"]}
        statistics = smooth_statistics(case, size, frozen_count, prepared, statistics_with, gradients_with)
        reference["statistics"] = packed(statistics)
        reference["losses"] = {
            "all": train(case, size, statistics, "all", tensors),
            "suffix": train(case, size, statistics, "suffix", tensors, frozen_count),
        }
    return reference | {"tensors": tensors.index}, tensors.chunks


if __name__ == "__main__":
    write_all(sys.argv[1:], measure, versions={one.__name__: one.__version__ for one in (torch, timm, np)})
