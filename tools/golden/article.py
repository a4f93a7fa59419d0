"""Writes article.json: the numbers that the procedure of "Destroy Image Classification by Ensemble of Pre-trained models"
(Vardan Agarwal, 2020) computes in Keras, for src/article.test.ts and packages/models/src/stackers/article.test.ts.

    python3 -m venv VENV && VENV/bin/pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 keras==3.15.1
    VENV/bin/python tools/golden/article.py && npx biome check --write tools/golden

Weights, pixels and labels come from formula.py, which src/formula.ts reproduces bit for bit.

The article compiles `BinaryCrossentropy(from_logits=True)` on the output of a sigmoid. Versions treat this differently:
- TensorFlow 2.1 and 2.2, as in the article, use the probabilities as logits and apply a second sigmoid
  (python/keras/backend.py, binary_crossentropy: `if from_logits: return nn.sigmoid_cross_entropy_with_logits(
  labels=target, logits=output)`). Their wheels do not run in this environment, so the loss below reproduces that line.
- tf_keras 2.21 and Keras 3 on TensorFlow warn, and use the logits from which the sigmoid was computed (`_keras_logits`).
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from formula import draw, images, kind_of, labels, rounded, weight

SIZE, IMAGES, STEPS = 32, 16, 3
ROWS, MEMBERS, EPOCHS, BATCH = 96, 3, 2, 32
# Streams of `draw`; a model's weights use the streams 0, 1, ... in order.
PIXELS, STACKER, ANSWERS, LOSS = 1000, 2000, 2010, 3000


def first_value(stream, name, shape):
    """The first BatchNorm receives raw pixels, so its statistics have their scale."""
    value = weight(stream, name.split("/")[-1], shape)
    scale = {"conv1_bn/moving_mean": 200, "conv1_bn/moving_variance": 160_000}.get(name, 1)
    return value * np.float32(scale)


def from_probabilities(y_true, y_pred):
    """binary_crossentropy(from_logits=True) of TensorFlow 2.1 and 2.2. The identity hides the origin of the output."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=tf.identity(y_pred)), axis=-1)


def compile_as_article(library, model, learning_rate, loss):
    loss = loss or library.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=library.optimizers.Adam(learning_rate), loss=loss, metrics=["accuracy"])


def named_weights(layers):
    """Returns pairs of layer/weight, with the weight's name in Keras 2, and variable."""
    return [(f"{layer.name}/{kind_of(layer, variable)}", variable) for layer in layers for variable in layer.weights]


def train_member(library, loss=None):
    base = library.applications.MobileNet(input_shape=(SIZE, SIZE, 3), alpha=0.25, include_top=False, weights=None)
    base.trainable = True
    head = library.layers.Dense(1, activation="sigmoid", name="head")
    model = library.Sequential([base, library.layers.GlobalAveragePooling2D(), head])
    model.build((None, SIZE, SIZE, 3))
    named = named_weights([*base.layers, head])
    start = {name: first_value(stream, name, tuple(variable.shape)) for stream, (name, variable) in enumerate(named)}
    for name, variable in named:
        variable.assign(start[name])

    bgr, y = images(PIXELS, IMAGES, SIZE)[..., ::-1], labels(IMAGES)[:, None]
    features = library.Sequential(model.layers[:2]).predict(bgr, verbose=0)
    assert features.std(axis=0).mean() > 0.02, features.std(axis=0).mean()
    first_predictions = model.predict(bgr, verbose=0)[:, 0]
    compile_as_article(library, model, 1e-4, loss)
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()  # In Keras 3, metrics are means since the last reset.
        losses.append(model.train_on_batch(bgr, y)[0])
    watched = [name for name in start if name.split("/")[0] in
               ("conv1", "conv1_bn", "conv_dw_7", "conv_pw_7_bn", "conv_pw_13", "conv_pw_13_bn", "head")]
    changes = {name: variable.numpy() - start[name] for name, variable in named}
    return {
        "featureSpread": rounded(features.std(axis=0).mean()),
        "weightTensors": len(named),
        "firstPredictions": rounded(first_predictions),
        "losses": rounded(losses),
        "predictions": rounded(model.predict(bgr, verbose=0)[:, 0]),
        # Norms of the changes made by the steps.
        "changes": {name: rounded(np.linalg.norm(changes[name].astype("float64"))) for name in watched},
    }


def stacker_start():
    """Returns the initial weights and the members' predictions [ROWS, MEMBERS]."""
    shapes = {"kernel": (MEMBERS, 10), "bias": (10,)}, {"kernel": (10, 1), "bias": (1,)}
    named = [(kind, shape) for layer in shapes for kind, shape in layer.items()]
    values = [weight(stream, kind, shape) for stream, (kind, shape) in enumerate(named, STACKER)]
    return values, draw(ANSWERS, ROWS * MEMBERS).reshape(ROWS, MEMBERS).astype("float32")


def train_stacker(loss=None):
    model = tf_keras.Sequential([
        tf_keras.layers.Input((MEMBERS,)),
        tf_keras.layers.Dense(10, activation="relu"),
        tf_keras.layers.Dense(1, activation="sigmoid"),
    ])
    values, answers = stacker_start()
    model.set_weights(values)
    compile_as_article(tf_keras, model, 1e-3, loss)
    sizes = {"batch_size": BATCH, "steps_per_epoch": ROWS // BATCH, "epochs": EPOCHS}
    history = model.fit(answers, labels(ROWS), **sizes, shuffle=False, verbose=0)
    return {
        "losses": rounded(history.history["loss"]),
        "weights": rounded(np.concatenate([variable.numpy().ravel() for variable in model.weights])),
    }


def loss_of_logits(library, logits, y, **options):
    """Returns the loss that train_on_batch reports for a Dense(1, sigmoid) with these logits."""
    model = library.Sequential([library.layers.Input((1,)), library.layers.Dense(1, activation="sigmoid")])
    model.layers[-1].set_weights([np.ones((1, 1), "float32"), np.zeros(1, "float32")])
    model.compile(loss=library.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"], **options)
    return rounded(model.train_on_batch(logits[:, None], y[:, None])[0])


def check_loss():
    logits, y = (12 * draw(LOSS, IMAGES) - 6).astype("float32"), labels(IMAGES)
    cross_entropy = lambda z: rounded(np.mean(np.log1p(np.exp(z)) - y * z))
    once = lambda z: 1 / (1 + np.exp(-z))
    found = {
        "logits": rounded(logits),
        "labels": rounded(y),
        "cachedLogits": cross_entropy(logits),
        "probabilities": cross_entropy(once(logits)),
        "tfKeras": loss_of_logits(tf_keras, logits, y),
        "tfKerasEager": loss_of_logits(tf_keras, logits, y, run_eagerly=True),
        "keras3OnTensorFlow": loss_of_logits(keras, logits, y),
        "keras3OnTensorFlowEager": loss_of_logits(keras, logits, y, run_eagerly=True),
        "tensorFlow22": rounded(np.mean(from_probabilities(y[:, None], once(logits)[:, None]))),
    }
    for version in ("tfKeras", "tfKerasEager", "keras3OnTensorFlow", "keras3OnTensorFlowEager"):
        assert abs(found[version] - found["cachedLogits"]) < 1e-6, (version, found)
    assert abs(found["tensorFlow22"] - found["probabilities"]) < 1e-6, found
    return found


golden = {
    "versions": {"tensorflow": tf.__version__, "tf_keras": tf_keras.__version__, "keras": keras.__version__},
    "loss": check_loss(),
    "member": {
        "tfKeras": train_member(tf_keras),
        "keras3OnTensorFlow": train_member(keras),
        "tensorFlow22Loss": train_member(tf_keras, from_probabilities),
    },
    "stacker": {
        "firstWeights": rounded(np.concatenate([value.ravel() for value in stacker_start()[0]])),
        "answers": rounded(stacker_start()[1].ravel()),
        "labels": rounded(labels(ROWS)),
        "tfKeras": train_stacker(),
        "tensorFlow22Loss": train_stacker(from_probabilities),
    },
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
