"""Keras 3 on TensorFlow as a contestant: training steps and predictions of keras.applications."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from images import Batches
from protocol import repeated, seconds_of, serve, warmed

BACKBONES = {"mobilenet-v2": "MobileNetV2", "inception-v3": "InceptionV3", "xception": "Xception"}
CALIBRATION = 4  # Images.


def build(task):
    """(backbone, model from uint8 pixels to one logit); preprocessing is a layer, which is fastest."""
    size = task["inputSize"]
    backbone = getattr(keras.applications, BACKBONES[task["backbone"]])(
        include_top=False, weights=None, input_shape=(size, size, 3))
    pixels = keras.Input((size, size, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = keras.layers.GlobalAveragePooling2D()(backbone(x))
    return backbone, keras.Model(pixels, keras.layers.Dense(1)(x))


def calibrate(backbone, model, images):
    """Sets BatchNorm statistics from the first images: with initial statistics, activations vanish from layer to layer."""
    layers = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.momentum = 0.0
    model(images[:CALIBRATION], training=True)


def training(model, batches, call):
    if call == "train_on_batch":
        return repeated(lambda: model.train_on_batch(*batches.next()))

    def fit(steps):
        repeats = -(-steps // batches.COUNT)
        x, y = (np.concatenate([part] * repeats)[:steps * batches.size] for part in (batches.images, batches.labels))
        return {"step": seconds_of(lambda: model.fit(x, y, batch_size=batches.size, verbose=0)) / steps}

    return fit


def predicting(model, batches, call, jit):
    if call == "predict_on_batch":
        return repeated(lambda: model.predict_on_batch(batches.next()[0]))
    function = tf.function(lambda images: model(images, training=False), jit_compile=jit)
    return repeated(lambda: function(tf.constant(batches.next()[0])).numpy())


def prepare(task):
    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    keras.utils.set_random_seed(task["seed"])
    call, jit = task["variant"]["call"], task["variant"]["jit"]
    if task["variant"].get("precision") == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    batches = Batches(task)
    backbone, model = build(task)
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=jit)
    if task["work"] == "train":
        run = training(model, batches, call)
    else:
        calibrate(backbone, model, batches.images)
        run = predicting(model, batches, call, jit)
    return {
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "parameterCount": sum(int(np.prod(one.shape)) for one in backbone.trainable_weights),
        "stepSeconds": warmed(run),
    }, run


serve(prepare)
