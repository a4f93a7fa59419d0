"""Computes each backbone's reference numbers in Keras, for src/: `pnpm golden` stores summaries of the tensors in backbones/,
`pnpm parity` compares whole tensors.

    python backbones.py CASES.json OUT (summaries | whole)

Writes NAME.json and, for whole tensors, NAME.bin into OUT for each case of src/cases.ts. Weights, pixels and labels come from
formula.py. BatchNorm's moving statistics are those of a batch (a pass in training mode with momentum 0): with the initial
statistics, features would hardly depend on the image, and the comparison would be meaningless. For features, each side computes
the statistics. For gradients, Chorus uses those of Keras, so that only the networks' computations can differ.

A gradient jumps where a unit is at the kink of a ReLU, by some thousandths or hundredths for a single unit, and rounding alone
decides on which side the unit falls. The statistics are therefore those of a batch with which no gradient jumps when they change
by millionths. No such batch exists for gradients through all layers of a deep network; cases.ts has a limit for these.

Keras 3 is the reference; for gradients through all layers in training mode, tf_keras is a second one. Its BatchNorm is one fused
op, as in Chorus, whereas Keras 3 composes it. In a deep network, the composed ops round differently, so that some units fall on
the other side of the kink, and the two libraries' gradients of the same InceptionV3 differ by some hundredths.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from formula import images, kind_of, labels, rounded, weight
from smooth_statistics import smooth_statistics
from summaries import (
    BATCH, BATCH_PIXELS, LEARNING_RATE, OTHER_PIXELS, STEPS, Tensors, packed, truncated, write_all)


def build(case, size, library=keras):
    """Returns the backbone, and a model from preprocessed images to one logit and the pooled features; weights by the formula."""
    library.backend.clear_session()  # Otherwise the counters in layer names continue.
    backbone = getattr(library.applications, case["keras"])(
        input_shape=(size, size, 3), include_top=False, weights=None, **case["arguments"])
    pooled = library.layers.GlobalAveragePooling2D(name="pooled")(backbone.output)
    model = library.Model(backbone.input, [library.layers.Dense(1, name="head")(pooled), pooled])
    for stream, (layer, variable) in enumerate(weights_of(model), case["firstStream"]):
        kind = kind_of(layer, variable)
        if not kind.startswith("moving_"):
            variable.assign(weight(stream, kind, tuple(variable.shape)))
    return backbone, model


def weights_of(model):
    return [(layer, variable) for layer in model.layers for variable in layer.weights]


def batch_norms(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def preprocess(case, pixels):
    """Applies preprocess_input of the module that defines the backbone."""
    module = sys.modules[getattr(keras.applications, case["keras"]).__module__]
    return module.preprocess_input(pixels.copy())


def preprocessed(case, stream, count, size):
    return preprocess(case, images(stream, count, size))


def use_statistics_of(model, batch):
    """Sets BatchNorm's moving statistics to the batch's, and returns the pooled features of that pass in training mode."""
    layers = batch_norms(model)
    momentums = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    _, features = model(batch, training=True)
    for layer, momentum in zip(layers, momentums):
        layer.momentum = momentum
    return features


def forward(case, size, tensors):
    """Returns the spread of the features across images, without which the comparison would be meaningless."""
    _, model = build(case, size)
    tensors.add(f"features/{size}/training", use_statistics_of(model, preprocessed(case, BATCH_PIXELS, BATCH, size)))
    _, features = model(preprocessed(case, OTHER_PIXELS, BATCH, size), training=False)
    tensors.add(f"features/{size}/inference", features)
    spread = features.numpy().std(axis=0).mean()
    assert spread > 0.02, (case["name"], size, spread)
    return float(spread)


def gradients_of(model, batch, y, training):
    """Returns the binary cross-entropy of the logits and its gradient for each trainable variable."""
    with tf.GradientTape() as tape:
        logits, _ = model(batch, training=training)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    # Keras 3 wraps TensorFlow's variables in its own.
    return loss, tape.gradient(loss, [getattr(one, "_value", one) for one in model.trainable_variables])


def places(model):
    """Maps each variable to its index in the model's weights."""
    return {id(variable): place for place, (_, variable) in enumerate(weights_of(model))}


def fused_gradients(case, size, tensors):
    """Adds the gradients of tf_keras in training mode."""
    _, model = build(case, size, tf_keras)
    place = places(model)
    _, gradients = gradients_of(model, preprocessed(case, BATCH_PIXELS, BATCH, size), labels(BATCH)[:, None], True)
    for variable, gradient in zip(model.trainable_variables, gradients):
        tensors.add(f"all/fused gradient/{place[id(variable)]}", gradient)


def prepared(case, size, frozen_count=0):
    """Returns a model with its backbone's first layers frozen, a preprocessed batch, and labels."""
    backbone, model = build(case, size)
    for layer in backbone.layers[:frozen_count]:
        layer.trainable = False
    return model, preprocessed(case, BATCH_PIXELS, BATCH, size), labels(BATCH)[:, None]


def moving_statistics(model):
    """Returns moving means and variances, in the order of the model's weights."""
    return [variable for layer, variable in weights_of(model) if kind_of(layer, variable).startswith("moving_")]


def set_statistics(model, statistics):
    for variable in moving_statistics(model):
        variable.assign(statistics[:variable.shape[0]])
        statistics = statistics[variable.shape[0]:]


def statistics_with(case, size, stream):
    """Returns the moving statistics of a batch, concatenated and truncated to bfloat16."""
    _, model = build(case, size)
    use_statistics_of(model, preprocessed(case, stream, BATCH, size))
    exact = np.concatenate([variable.numpy() for variable in moving_statistics(model)])
    return truncated(exact)


def gradients_with(network, statistics, training):
    """Returns the gradients of the loss with given statistics."""
    model, batch, y = network
    set_statistics(model, statistics.astype("float32"))
    return [np.asarray(one, "float64") for one in gradients_of(model, batch, y, training)[1]]


def train(case, size, statistics, prefix, tensors, frozen_count=0):
    """Runs three steps of Adam on one batch, with the backbone's first layers frozen.

    Moving statistics are the given ones; those that train are reset first, so that their changes are compared in full.
    """
    model, batch, y = prepared(case, size, frozen_count)
    set_statistics(model, statistics)
    place = places(model)

    def keep(kind, gradients):
        for variable, gradient in zip(model.trainable_variables, gradients):
            tensors.add(f"{prefix}/{kind}/{place[id(variable)]}", gradient)

    keep("gradient by moving statistics", gradients_of(model, batch, y, training=False)[1])
    for layer in batch_norms(model):
        if layer.trainable:
            layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
            layer.moving_variance.assign(np.ones(layer.moving_variance.shape))
    first = [variable.numpy() for _, variable in weights_of(model)]
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    losses = []
    for step in range(STEPS):
        loss, gradients = gradients_of(model, batch, y, training=True)
        if step == 0:
            keep("gradient", gradients)
        losses.append(float(loss))
        optimizer.apply(gradients, model.trainable_variables)
    # Adam takes full steps even for gradients that are rounding errors, so weights are compared only if few layers train.
    learnt = {id(variable) for variable in model.trainable_variables} if frozen_count == 0 else set()
    for index, (_, variable) in enumerate(weights_of(model)):
        change = variable.numpy() - first[index]
        if change.any() and id(variable) not in learnt:
            tensors.add(f"{prefix}/change/{index}", change)
    return rounded(losses)


def describe(case):
    backbone, model = build(case, case["smallest"])
    statistics = [(layer.name, layer.momentum, layer.epsilon) for layer in batch_norms(model)]
    return {
        "layerCount": len(backbone.layers),
        "featureWidth": backbone.output.shape[-1],
        "weights": [(layer.name, kind_of(layer, variable), tuple(variable.shape))
                    for layer, variable in weights_of(backbone)],
        "batchNorm": statistics,
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
        fused_gradients(case, size, tensors)
    return reference | {"tensors": tensors.index}, tensors.chunks


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    write_all(sys.argv[1:], measure, versions={one.__name__: one.__version__ for one in (tf, keras, tf_keras, np)})
