"""Writes imbalance.json: losses and weights of Keras and PyTorch over 20 steps with class weights, the focal loss and logit
adjustment, for packages/models/src/training/imbalance.test.ts.

    python3 -m venv VENV && VENV/bin/pip install keras==3.15.1 torch==2.15.0
    VENV/bin/python tools/golden/imbalance.py && npx biome check --write tools/golden
"""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

from formula import draw, rounded, weight

IMAGES, STEPS, RATE = 16, 20, 0.02
# Streams of `draw`; the weights use the streams 0 to 3.
INPUTS, LOGITS, SHARES = 100, 101, 102
# Of 16 images, 11 are of class 0, 4 of class 1, 1 of class 2; or 13 of class 0 and 3 of class 1.
LABELS = {3: [0, 0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 1, 0], 1: [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]}


def network(outputs):
    """A dense network with ReLU and logits: one for two classes."""
    shapes = [(6, 4), (4,), (4, outputs), (outputs,)]
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(outputs)])
    model.set_weights([weight(stream, "kernel" if len(shape) > 1 else "bias", shape) for stream, shape in enumerate(shapes)])
    return model


def inputs():
    return (4 * draw(INPUTS, IMAGES * 6).reshape(IMAGES, 6) - 2).astype("float32")


def counts(outputs):
    return np.bincount(LABELS[outputs])


def class_weights(outputs):
    """scikit-learn's "balanced"."""
    return IMAGES / (len(counts(outputs)) * counts(outputs))


def targets(outputs):
    labels = np.array(LABELS[outputs])
    return labels[:, None].astype("float32") if outputs == 1 else np.eye(outputs, dtype="float32")[labels]


def train(outputs, loss, class_weight=None):
    """Takes 20 steps by Keras' own training step."""
    model = network(outputs)
    model.compile(keras.optimizers.Adam(RATE), loss=loss)
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(inputs(), targets(outputs), class_weight=class_weight)))
    flat = np.concatenate([keras.ops.convert_to_numpy(one).ravel() for one in model.trainable_variables])
    return {"losses": rounded(losses), "weights": rounded(flat)}


def weighted(outputs, loss):
    return train(outputs, loss, dict(enumerate(class_weights(outputs).tolist())))


def adjusted(outputs, tau, smoothing):
    """The formula of Menon et al. (2021) for the logits f: cross-entropy of f + tau log(prior)."""
    offsets = tau * torch.log(torch.tensor(counts(outputs) / IMAGES, dtype=torch.float32))

    def loss(y_true, y_pred):
        if outputs > 1:
            return torch.nn.functional.cross_entropy(y_pred + offsets, y_true.argmax(1), label_smoothing=smoothing)
        # One logit is the difference of two.
        smooth = y_true * (1 - smoothing) + smoothing / 2
        return torch.nn.functional.binary_cross_entropy_with_logits(y_pred + offsets[1] - offsets[0], smooth)

    return train(outputs, loss)


def runs():
    losses = keras.losses
    found = []

    def add(name, outputs, options, result):
        found.append({"name": name, "outputs": outputs, "options": options, **result})

    for outputs in 1, 3:
        weights = {"classWeights": rounded(class_weights(outputs))}
        classes = f"{max(2, outputs)} classes"
        entropy = losses.BinaryCrossentropy if outputs == 1 else losses.CategoricalCrossentropy
        for smoothing in 0, 0.2:
            smooth = {"labelSmoothing": smoothing} if smoothing else {}
            suffix = ", smoothed" if smoothing else ""
            add(f"class weights, {classes}{suffix}", outputs, {**weights, **smooth},
                weighted(outputs, entropy(from_logits=True, label_smoothing=smoothing)))
            for tau in 1, 0.5:
                offsets = {"logitOffsets": rounded(tau * np.log(counts(outputs) / IMAGES))}
                add(f"logit adjustment by {tau}, {classes}{suffix}", outputs, {**offsets, **smooth},
                    adjusted(outputs, tau, smoothing))
    for gamma in 2, 0.5:
        focal = {"focalGamma": gamma}
        add(f"focal {gamma}, 2 classes", 1, focal, train(1, losses.BinaryFocalCrossentropy(gamma=gamma, from_logits=True)))
        add(f"focal {gamma}, 3 classes", 3, focal,
            train(3, losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma, from_logits=True)))
    # Keras applies alpha to each smoothed target, and class weights to each image's whole loss.
    add("focal with class weights, smoothed, 3 classes", 3,
        {"focalGamma": 2, "classWeights": rounded(class_weights(3)), "labelSmoothing": 0.1},
        weighted(3, losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2, from_logits=True, label_smoothing=0.1)))
    add("focal with class weights as alpha, 3 classes", 3, {"focalGamma": 2, "classWeights": rounded(class_weights(3))},
        train(3, losses.CategoricalFocalCrossentropy(alpha=class_weights(3).tolist(), gamma=2, from_logits=True)))
    add("focal with class weights, 2 classes", 1, {"focalGamma": 2, "classWeights": rounded(class_weights(1))},
        weighted(1, losses.BinaryFocalCrossentropy(gamma=2, from_logits=True)))
    return found


def mixed():
    """Class weights of mixed labels, by PyTorch."""
    logits = torch.tensor(8 * draw(LOGITS, 12).reshape(4, 3) - 4, dtype=torch.float32)
    shares = draw(SHARES, 12).reshape(4, 3)
    labels = torch.tensor(shares / shares.sum(1, keepdims=True), dtype=torch.float32)
    weights = torch.tensor(class_weights(3), dtype=torch.float32)
    loss = torch.nn.functional.cross_entropy(logits, labels, weight=weights)
    return {"logits": rounded(logits), "labels": rounded(labels), "classWeights": rounded(weights), "loss": rounded(loss)}


golden = {
    "versions": {"keras": keras.__version__, "torch": torch.__version__},
    "inputs": rounded(inputs().ravel()),
    "learningRate": RATE,
    "networks": [
        {"outputs": outputs, "labels": LABELS[outputs], "weights": [rounded(one) for one in network(outputs).get_weights()]}
        for outputs in LABELS
    ],
    "runs": runs(),
    "mixed": mixed(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
