"""What Keras computes with each backbone, for src/: `pnpm golden` keeps summaries of the numbers in backbones/, `pnpm parity`
compares with the whole tensors.

    python backbones.py CASES.json OUT (summaries | whole)

For each case, as src/cases.ts describes it, OUT gets NAME.json and, for whole tensors, NAME.bin. Weights, pixels and labels
come from formula.py. BatchNorm's moving statistics are those of a batch (a pass in training mode at momentum 0): with fresh
ones the features would hardly depend on the image, and nothing would be compared.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from formula import bits, images, kind_of, labels, rounded, weight

# Streams of formula.py; a model's weights have those from the case's first on, in its order.
BATCH_PIXELS, OTHER_PIXELS, SIGNS = 0, 3, 6
BATCH, STEPS, LEARNING_RATE = 16, 3, 1e-4
PROJECTIONS = 16


class Tensors:
    """Collects float32 tensors, whole or as norm and projections onto vectors of ±1."""

    def __init__(self, whole):
        self.index, self.chunks, self.whole, self.length = {}, [], whole, 0

    def add(self, name, tensor):
        values = np.asarray(tensor, "float32").ravel()
        assert np.isfinite(values).all() and name not in self.index, name
        if self.whole:
            self.index[name] = {"first": self.length, "length": values.size}
            self.chunks.append(values)
            self.length += values.size
        else:
            self.index[name] = rounded(summary(values), digits=7)


def summary(values):
    """[norm, projections...]: two tensors' difference has about the root mean square of their projections' difference."""
    exact = values.astype("float64")
    signs = bits(SIGNS, values.size)
    projections = [np.dot(exact, 1.0 - 2.0 * ((signs >> np.uint32(bit)) & 1)) for bit in range(PROJECTIONS)]
    return [np.linalg.norm(exact), *projections]


def build(case, size):
    """(backbone, model from preprocessed images to one logit), with the formula's weights."""
    keras.backend.clear_session()  # Else the counters in layers' names go on.
    backbone = getattr(keras.applications, case["keras"])(
        input_shape=(size, size, 3), include_top=False, weights=None, **case["arguments"])
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(backbone.output)
    model = keras.Model(backbone.input, [keras.layers.Dense(1, name="head")(pooled), pooled])
    for stream, (layer, variable) in enumerate(weights_of(model), case["firstStream"]):
        kind = kind_of(layer, variable)
        if not kind.startswith("moving_"):
            variable.assign(weight(stream, kind, tuple(variable.shape)))
    return backbone, model


def weights_of(model):
    return [(layer, variable) for layer in model.layers for variable in layer.weights]


def batch_norms(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def preprocessed(case, stream, count, size):
    """Of the module beside the backbone's function."""
    module = sys.modules[getattr(keras.applications, case["keras"]).__module__]
    return module.preprocess_input(images(stream, count, size).copy())


def use_statistics_of(model, batch):
    """Gives BatchNorm the batch's own statistics, and returns the pooled features of that pass in training mode."""
    layers = batch_norms(model)
    momentums = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    _, features = model(batch, training=True)
    for layer, momentum in zip(layers, momentums):
        layer.momentum = momentum
    return features


def forward(case, size, tensors):
    """The spread of the features across images, which must be there for the rest to mean something."""
    _, model = build(case, size)
    tensors.add(f"features/{size}/training", use_statistics_of(model, preprocessed(case, BATCH_PIXELS, BATCH, size)))
    _, features = model(preprocessed(case, OTHER_PIXELS, BATCH, size), training=False)
    tensors.add(f"features/{size}/inference", features)
    spread = features.numpy().std(axis=0).mean()
    assert spread > 0.02, (case["name"], size, spread)
    return float(spread)


def gradients_of(model, batch, y, training):
    """(loss, gradient per trainable variable) of the binary cross-entropy of the logits."""
    with tf.GradientTape() as tape:
        logits, _ = model(batch, training=training)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    return loss, tape.gradient(loss, [variable.value for variable in model.trainable_variables])


def train(case, size, prefix, tensors, frozen_count=0):
    """Three steps of Adam on one batch, the backbone's first layers frozen.

    Moving statistics are another batch's; where they learn, they start afresh, so that all that they become is compared.
    """
    backbone, model = build(case, size)
    batch, y = preprocessed(case, BATCH_PIXELS, BATCH, size), labels(BATCH)[:, None]
    use_statistics_of(model, preprocessed(case, OTHER_PIXELS, BATCH, size))
    for layer in backbone.layers[:frozen_count]:
        layer.trainable = False
    number = {variable.path: stream for stream, (_, variable) in enumerate(weights_of(model))}

    def keep(kind, gradients):
        for variable, gradient in zip(model.trainable_variables, gradients):
            tensors.add(f"{prefix}/{kind}/{number[variable.path]}", gradient)

    keep("gradient by moving statistics", gradients_of(model, batch, y, training=False)[1])
    for layer in batch_norms(model):
        if layer.trainable:
            layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
            layer.moving_variance.assign(np.ones(layer.moving_variance.shape))
    first = {variable.path: variable.numpy() for _, variable in weights_of(model)}
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    losses = []
    for step in range(STEPS):
        loss, gradients = gradients_of(model, batch, y, training=True)
        if step == 0:
            keep("gradient", gradients)
        losses.append(float(loss))
        optimizer.apply(gradients, model.trainable_variables)
    for _, variable in weights_of(model):
        change = variable.numpy() - first[variable.path]
        if change.any():
            tensors.add(f"{prefix}/change/{number[variable.path]}", change)
    return rounded(losses)


def describe(case):
    backbone, model = build(case, case["sizes"][0])
    statistics = [(layer.name, layer.momentum, layer.epsilon) for layer in batch_norms(model)]
    return {
        "layerCount": len(backbone.layers),
        "featureWidth": backbone.output.shape[-1],
        "weights": [(layer.name, kind_of(layer, variable), tuple(variable.shape))
                    for layer, variable in weights_of(backbone)],
        "batchNorm": statistics,
        "preprocessed": rounded(preprocessed(case, BATCH_PIXELS, 1, 4).ravel()),
    }


def measure(case, whole):
    tensors = Tensors(whole)
    reference = describe(case)
    if "trainingSize" in case:
        frozen_count = reference["layerCount"] - case["suffixLayers"]
        reference |= {
            "spread": {size: forward(case, size, tensors) for size in case["sizes"]},
            "losses": {
                "all": train(case, case["trainingSize"], "all", tensors),
                "suffix": train(case, case["trainingSize"], "suffix", tensors, frozen_count),
            },
        }
    return reference | {"tensors": tensors.index}, tensors.chunks


def main(cases, out, whole):
    keras.utils.set_random_seed(0)
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    for case in json.loads(pathlib.Path(cases).read_text()):
        reference, chunks = measure(case, whole)
        if whole:
            np.concatenate(chunks or [np.zeros(0, "float32")]).tofile(pathlib.Path(out, f"{case['name']}.bin"))
        # Complete only when this is there.
        text = json.dumps({"versions": versions, "case": case} | reference)
        pathlib.Path(out, f"{case['name']}.json").write_text(text + "\n")
        print(case["name"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], {"summaries": False, "whole": True}[sys.argv[3]])
