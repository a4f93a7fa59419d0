"""The procedure of AUCMEDI's Stacking (0.11) in Keras and scikit-learn, on features of frozen backbones.

usage: aucmedi_peer.py TASK RESULT

70 % of the images train the members' heads, 10 % choose the best epoch, and 20 % train the metalearner, a logistic regression on
the members' probabilities. AUCMEDI itself would compute the frozen layers again in every epoch.

TASK is JSON as src/compare/keras-peers.ts writes it. RESULT becomes JSON: per draw, the probabilities of the test images and seconds.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

# AUCMEDI's defaults.
SHARES = (0.7, 0.1, 0.2)
BATCH, RATE, EPOCHS = 32, 1e-4, 20


def read(part, count):
    """The features of images, without their mirror images [images, width]."""
    return np.fromfile(part["path"], np.float32).reshape(count, 2, -1)[:, 0]


def head(width, class_count):
    """AUCMEDI's classification head, of which the hidden layer is linear."""
    layers = [keras.layers.Dense(512), keras.layers.Dropout(0.3), keras.layers.Dense(class_count, activation="softmax")]
    model = keras.Sequential([keras.Input((width,)), *layers])
    model.compile(keras.optimizers.Adam(RATE), "categorical_crossentropy")
    return model


class BestEpoch(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest validation loss, as ModelCheckpoint does with files."""

    def __init__(self):
        super().__init__()
        self.loss, self.weights = np.inf, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.loss:
            self.loss, self.weights = logs["val_loss"], self.model.get_weights()


def train(known, labels, unseen, class_count):
    keras.utils.set_random_seed(0)
    rows = np.arange(len(labels))
    fit, rest = train_test_split(rows, train_size=SHARES[0], stratify=labels, random_state=0)
    share = SHARES[1] / (SHARES[1] + SHARES[2])
    choose, stack = train_test_split(rest, train_size=share, stratify=labels[rest], random_state=0)
    one_hot = np.eye(class_count, dtype=np.float32)[labels]
    stacked, tested = [], []
    for of_known, of_unseen in zip(known, unseen):
        model, best = head(of_known.shape[1], class_count), BestEpoch()
        validation = (of_known[choose], one_hot[choose])
        model.fit(of_known[fit], one_hot[fit], batch_size=BATCH, epochs=EPOCHS, validation_data=validation, callbacks=[best], verbose=0)
        model.set_weights(best.weights)
        stacked.append(model.predict(of_known[stack], verbose=0))
        tested.append(model.predict(of_unseen, verbose=0))
    metalearner = LogisticRegression(solver="newton-cg").fit(np.concatenate(stacked, 1), labels[stack])
    return metalearner.predict_proba(np.concatenate(tested, 1))


def main(task_path, result_path):
    with open(task_path) as file:
        task = json.load(file)
    train_rows, test_rows = ([read(part, task[name]["count"]) for part in task[name]["features"]] for name in ("train", "test"))
    results = []
    for draw in task["draws"]:
        started = time.perf_counter()
        known = [rows[draw["images"]] for rows in train_rows]
        probabilities = train(known, np.array(draw["labels"]), test_rows, task["classCount"])
        results.append({"probabilities": probabilities.ravel().tolist(), "seconds": time.perf_counter() - started})
    with open(result_path, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
