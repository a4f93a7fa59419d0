"""What Keras computes with each backbone, for src/: `pnpm golden` keeps summaries of the numbers in backbones/, `pnpm parity`
compares with the whole tensors.

    python backbones.py CASES.json OUT (summaries | whole)

For each case, as src/cases.ts describes it, OUT gets NAME.json and, for whole tensors, NAME.bin. Weights, pixels and labels
come from formula.py. BatchNorm's moving statistics are those of a batch (a pass in training mode at momentum 0): with fresh
ones the features would hardly depend on the image, and nothing would be compared. For features each side computes them. For
gradients Chorus is given Keras', so that only what the networks compute can differ.

A gradient jumps where a unit lies at a ReLU's bend, by some thousandths or hundredths for a single unit, and rounding alone
decides on which side it ends. So the statistics are those of a batch with which no gradient jumps when they change by
millionths. There is none for gradients through all of a deep network; cases.ts has a limit for these.

Keras 3 is the reference, and for gradients through all layers in training mode tf_keras is a second one. Its BatchNorm is one
fused op, as Chorus' is, where Keras 3 composes it: in a deep network that rounds differently, so that some units end on the
other side of a ReLU's bend, and the two libraries' gradients of the same InceptionV3 differ by some hundredths.
"""

import base64
import json
import os
import pathlib
import sys
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from formula import bits, images, kind_of, labels, rounded, weight

# Streams of formula.py; a model's weights have those from the case's first on, in its order.
BATCH_PIXELS, OTHER_PIXELS, SIGNS, STATISTICS_PIXELS = 0, 3, 6, 10
BATCH, STEPS, LEARNING_RATE = 16, 3, 1e-5
PROJECTIONS = 16
# As in src/cases.ts and src/checks.ts: how closely gradients are compared, and which share of all of them is but rounding.
GRADIENT_LIMIT, NEGLIGIBLE = 1e-3, 1e-6
TRIALS = 3


class Tensors:
    """Collects float32 tensors, whole or as length, norm and projections onto vectors of ±1."""

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
            self.index[name] = [values.size, *rounded(summary(values), digits=6)]


def summary(values):
    """[norm, projections...]: two tensors' difference has about the root mean square of their projections' difference."""
    exact = values.astype("float64")
    signs = bits(SIGNS, values.size)
    projections = [np.dot(exact, 1.0 - 2.0 * ((signs >> np.uint32(bit)) & 1)) for bit in range(PROJECTIONS)]
    return [np.linalg.norm(exact), *projections]


def build(case, size, library=keras):
    """(backbone, model from preprocessed images to one logit and the pooled features), with the formula's weights."""
    library.backend.clear_session()  # Else the counters in layers' names go on.
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
    """With preprocess_input of the module that the backbone's function is in."""
    module = sys.modules[getattr(keras.applications, case["keras"]).__module__]
    return module.preprocess_input(pixels.copy())


def preprocessed(case, stream, count, size):
    return preprocess(case, images(stream, count, size))


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


def packed(statistics):
    """The upper halves of the numbers, for the lower ones are 0."""
    halves = (statistics.view(np.uint32) >> np.uint32(16)).astype("<u2")
    return base64.b64encode(zlib.compress(halves.tobytes(), 9)).decode()


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
    # Keras 3 has its own variables around TensorFlow's.
    return loss, tape.gradient(loss, [getattr(one, "_value", one) for one in model.trainable_variables])


def places(model):
    """By variable, its place in the model's weights."""
    return {id(variable): place for place, (_, variable) in enumerate(weights_of(model))}


def fused_gradients(case, size, tensors):
    """tf_keras' gradients in training mode."""
    _, model = build(case, size, tf_keras)
    place = places(model)
    _, gradients = gradients_of(model, preprocessed(case, BATCH_PIXELS, BATCH, size), labels(BATCH)[:, None], True)
    for variable, gradient in zip(model.trainable_variables, gradients):
        tensors.add(f"all/fused gradient/{place[id(variable)]}", gradient)


def prepared(case, size, frozen_count=0):
    """(model with its backbone's first layers frozen, preprocessed batch, labels)."""
    backbone, model = build(case, size)
    for layer in backbone.layers[:frozen_count]:
        layer.trainable = False
    return model, preprocessed(case, BATCH_PIXELS, BATCH, size), labels(BATCH)[:, None]


def moving_statistics(model):
    """Means and variances, in the order of the model's weights."""
    return [variable for layer, variable in weights_of(model) if kind_of(layer, variable).startswith("moving_")]


def set_statistics(model, statistics):
    for variable in moving_statistics(model):
        variable.assign(statistics[:variable.shape[0]])
        statistics = statistics[variable.shape[0]:]


def statistics_with(case, size, stream):
    """Moving statistics of a batch, one behind the other, in the bits of a bfloat16."""
    _, model = build(case, size)
    use_statistics_of(model, preprocessed(case, stream, BATCH, size))
    exact = np.concatenate([variable.numpy() for variable in moving_statistics(model)])
    return (exact.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def is_smooth(model, batch, y, statistics, training):
    """Whether the gradients change by millionths, too, when the statistics do."""

    def gradients(change):
        set_statistics(model, (statistics * (1 + change)).astype("float32"))
        return [np.asarray(one, "float64") for one in gradients_of(model, batch, y, training)[1]]

    exact = gradients(0)
    learnt = NEGLIGIBLE * np.linalg.norm([np.linalg.norm(one) for one in exact])
    generator = np.random.default_rng(0)
    changes = (gradients(generator.choice([-1e-6, 1e-6], statistics.size)) for _ in range(TRIALS))
    return all(np.linalg.norm(other - one) < GRADIENT_LIMIT / 10 * np.linalg.norm(one)
               for change in changes for other, one in zip(change, exact) if np.linalg.norm(one) > learnt)


def smooth_statistics(case, size, frozen_count):
    """Statistics with which no gradient jumps that is compared closely."""
    through_all = prepared(case, size, 0 if case["numbers"]["gradientLimit"] <= GRADIENT_LIMIT else frozen_count)
    behind_front = prepared(case, size, frozen_count)
    for stream in range(STATISTICS_PIXELS, STATISTICS_PIXELS + 300, 3):
        statistics = statistics_with(case, size, stream)
        if is_smooth(*through_all, statistics, training=False) and is_smooth(*behind_front, statistics, training=True):
            return statistics
        print("jumps:", case["name"], stream, file=sys.stderr)
    raise RuntimeError(f"{case['name']}: with every batch's statistics some gradient jumps")


def train(case, size, statistics, prefix, tensors, frozen_count=0):
    """Three steps of Adam on one batch, the backbone's first layers frozen.

    Moving statistics are those given; where they learn, they start afresh, so that all that they become is compared.
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
    # Adam makes whole steps even of what is rounding, so weights are compared in a short part only.
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
        statistics = smooth_statistics(case, size, frozen_count)
        reference["statistics"] = packed(statistics)
        reference["losses"] = {
            "all": train(case, size, statistics, "all", tensors),
            "suffix": train(case, size, statistics, "suffix", tensors, frozen_count),
        }
        fused_gradients(case, size, tensors)
    return reference | {"tensors": tensors.index}, tensors.chunks


def main(cases, out, whole):
    keras.utils.set_random_seed(0)
    versions = {library.__name__: library.__version__ for library in (tf, keras, tf_keras, np)}
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
