"""Frozen backbones in plain Keras, as a contestant: features by `predict` (of each image and its mirror image), scikit-learn's
logistic regressions on five folds, and one on their out-of-fold probabilities. One step is the whole procedure, backbone
after backbone.
"""

import os
import pathlib
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import sklearn
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from protocol import serve

BATCH = 32
APPLICATIONS = {"xception": "Xception", "mobilenet-v2": "MobileNetV2", "mobilenet": "MobileNet"}


def files_of(folder, limit):
    classes = sorted(path.name for path in folder.iterdir())
    return [(str(path), label) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir())[:limit]]


def images_of(files, size):
    def decode(path):
        pixels = tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (size, size), antialias=True)
        return tf.stack([pixels, tf.image.flip_left_right(pixels)])

    paths = tf.data.Dataset.from_tensor_slices([path for path, _ in files])
    return paths.map(decode, num_parallel_calls=tf.data.AUTOTUNE).unbatch().batch(BATCH).prefetch(tf.data.AUTOTUNE)


def features_of(member, files):
    """[images, 2, width]: of each image and its mirror image."""
    size = member["inputSize"]
    backbone = getattr(keras.applications, APPLICATIONS[member["backbone"]])(
        include_top=False, weights=member["weights"], input_shape=(size, size, 3), pooling="avg")
    pixels = keras.Input((size, size, 3))
    model = keras.Model(pixels, backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)))
    return model.predict(images_of(files, size), verbose=0).reshape(len(files), 2, -1)


def fitted(features, labels):
    views = features.reshape(-1, features.shape[-1])
    return LogisticRegression(max_iter=1000).fit(views, np.repeat(labels, 2))


def probability(head, features):
    views = head.predict_proba(features.reshape(-1, features.shape[-1]))[:, 1]
    return views.reshape(-1, 2).mean(axis=1)


def run(task):
    keras.utils.clear_session()
    started = time.perf_counter()
    root = pathlib.Path(task["folder"])
    training, test = files_of(root / "train", task["limit"]), files_of(root / "validation", task["limit"])
    labels, truth = (np.array([label for _, label in files]) for files in (training, test))
    out_of_fold, tested = [], []
    for member in task["members"]:
        features = features_of(member, training)
        answers = np.empty(len(labels))
        for fit, left in StratifiedKFold(5, shuffle=True, random_state=task["seed"]).split(features, labels):
            answers[left] = probability(fitted(features[fit], labels[fit]), features[left])
        out_of_fold.append(answers)
        tested.append(probability(fitted(features, labels), features_of(member, test)))
    stack = LogisticRegression().fit(np.stack(out_of_fold, axis=1), labels)
    stack.score(np.stack(tested, axis=1), truth)
    return {"total": time.perf_counter() - started}


def prepare(task):
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__, "scikit-learn": sklearn.__version__}
    return {"versions": versions, "stepSeconds": None}, lambda _: run(task)


serve(prepare)
