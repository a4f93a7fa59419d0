"""Fine-tuning of MobileNetV2 in plain Keras, as Keras' guide to transfer learning does it: the head first, then all layers.

usage: fine_tune_peer.py TASK RESULT

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
import PIL.Image

BATCH = 32
SIDE = 224


def read(paths):
    """Pixels 0 to 255, resized as Keras' load_img does."""
    images = (PIL.Image.open(path).convert("RGB").resize((SIDE, SIDE), PIL.Image.Resampling.BILINEAR) for path in paths)
    return np.stack([np.asarray(image) for image in images])


def build(weights, class_count):
    backbone = keras.applications.MobileNetV2(include_top=False, weights=weights, input_shape=(SIDE, SIDE, 3))
    pixels = keras.Input((SIDE, SIDE, 3))
    flipped = keras.layers.RandomFlip("horizontal")(keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels))
    # In the guide, BatchNorm stays in inference mode while its layers are fine-tuned.
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(flipped, training=False))
    head = keras.layers.Dense(class_count, activation="softmax")(keras.layers.Dropout(0.2)(pooled))
    return backbone, keras.Model(pixels, head)


def train(task, draw):
    keras.utils.set_random_seed(0)
    pixels = read(draw["paths"])
    labels = np.array(draw["labels"])
    backbone, model = build(task["weights"], task["classCount"])
    for trains, rate, epochs in ((False, 1e-3, task["headEpochs"]), (True, 1e-5, task["epochs"])):
        backbone.trainable = trains
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        model.fit(pixels, labels, batch_size=BATCH, epochs=epochs, verbose=0)
    return model


def main(task_path, result_path):
    with open(task_path) as file:
        task = json.load(file)
    unseen = read(task["test"])
    results = []
    for draw in task["draws"]:
        started = time.perf_counter()
        model = train(task, draw)
        seconds = time.perf_counter() - started
        results.append({"probabilities": model.predict(unseen, batch_size=BATCH, verbose=0).ravel().tolist(), "seconds": seconds})
    with open(result_path, "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
