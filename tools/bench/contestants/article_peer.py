"""The article's procedure in plain Keras, as a contestant: V. Agarwal, "Destroy Image Classification by Ensemble of
Pre-trained models" (2020). One step is the whole procedure: fine-tunes three backbones in sequence, then joins them, frozen,
with a small head and trains it by `fit`, which runs the members again in each epoch.

Omits, in favor of Keras, that the article saves its members and loads them again.
"""

import os
import pathlib
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from protocol import serve

BATCH = 32
BACKBONES = ["MobileNetV2", "InceptionV3", "Xception"]


class Stages:
    """Seconds by stage; each stage begins when the previous one ends."""

    def __init__(self):
        self.seconds, self.since = {}, time.perf_counter()

    def end(self, name):
        now = time.perf_counter()
        self.seconds[name] = now - self.since
        self.since = now


class EpochEnds(keras.callbacks.Callback):
    """Seconds since its creation, at the end of each epoch including validation."""

    def __init__(self):
        super().__init__()
        self.started, self.seconds = time.perf_counter(), []

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


def read(folder, size):
    """Raw BGR pixels 0 to 255, uint8, resized without antialiasing, as by cv2.imread and cv2.resize."""
    classes = sorted(path.name for path in folder.iterdir())
    files = [(str(path), float(label)) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir())]

    def decode(path):
        return tf.cast(tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (size, size)), tf.uint8)

    paths = tf.data.Dataset.from_tensor_slices([path for path, _ in files])
    images = np.stack(list(paths.map(decode, num_parallel_calls=tf.data.AUTOTUNE).as_numpy_iterator()))
    return images[..., ::-1], np.array([label for _, label in files], "float32")


def batches(images, labels, shuffled):
    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    pairs = pairs.shuffle(len(images)) if shuffled else pairs
    return pairs.batch(BATCH, drop_remainder=True).map(lambda x, y: (tf.cast(x, "float32"), y)).prefetch(2)


def compiled(model, learning_rate):
    # The article uses from_logits with a sigmoid's output; Keras then uses the sigmoid's logits.
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def member(name, size):
    base = getattr(keras.applications, name)(input_shape=(size, size, 3), include_top=False, weights=None)
    base.trainable = True
    head = keras.layers.Dense(1, activation="sigmoid")
    return compiled(keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), head]), 1e-4)


def head():
    return [keras.layers.Dense(10, activation="relu"), keras.layers.Dense(1, activation="sigmoid")]


def stack(members, size):
    for one in members:
        one.trainable = False
    image = keras.Input((size, size, 3))
    x = keras.layers.Concatenate()([one(image) for one in members])
    for layer in head():
        x = layer(x)
    return compiled(keras.Model(image, x), 1e-3)


def head_alone(members, images, labels, epochs):
    """Seconds to train the head on cached member predictions; not part of the article's procedure."""
    answers = np.concatenate([one.predict(images, batch_size=BATCH, verbose=0) for one in members], axis=1)
    model = compiled(keras.Sequential([keras.Input((len(members),)), *head()]), 1e-3)
    started = time.perf_counter()
    model.fit(answers, labels, batch_size=BATCH, epochs=epochs, verbose=0)
    return time.perf_counter() - started


def run(task):
    keras.utils.clear_session()
    keras.utils.set_random_seed(task["seed"])
    size, root = task["inputSize"], pathlib.Path(task["folder"])
    stages = Stages()
    images, labels = read(root / "train", size)
    watched = batches(*read(root / "validation", size), shuffled=False)
    training = batches(images, labels, shuffled=True)
    stages.end("decode")
    members = [member(name, size) for name in BACKBONES]
    for one in members:
        one.fit(training, validation_data=watched, epochs=task["memberEpochs"], verbose=0)
    stages.end("members")
    ends = EpochEnds()
    stack(members, size).fit(
        training, validation_data=watched, epochs=task["stackEpochs"], callbacks=[ends], verbose=0)
    stages.end("stack stage")
    total = sum(stages.seconds.values())
    after_stack = ends.seconds[-1] - ends.seconds[task["memberEpochs"] - 1]
    return {
        **stages.seconds,
        "total": total,
        # With as many epochs for the stack as for each member.
        "total, stack as short": total - after_stack,
        "head alone": head_alone(members, images.astype("float32"), labels, task["stackEpochs"]),
    }


def prepare(task):
    return {"versions": {"keras": keras.__version__, "tensorflow": tf.__version__}, "stepSeconds": None}, lambda _: run(task)


serve(prepare)
