"""Writes recipes.json: 20 steps of gradual unfreezing in Keras, for src/unfreezing.test.ts, and a greedy soup in NumPy, for
packages/models/src/training/greedy-soup.test.ts.

    python3 -m venv VENV && VENV/bin/pip install keras==3.15.1 jax==0.10.2
    VENV/bin/python tools/golden/recipes.py && npx biome check --write tools/golden

Weights, pixels and labels come from formula.py.
"""

import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np

from formula import draw, images, kind_of, labels, rounded, weight

SIZE, IMAGES, STEPS, RATE = 32, 16, 10, 1e-5
# Streams of `draw`; the model's weights use the streams 0, 1, ... in order.
PIXELS, SOUP = 1000, 2000


def unfreezing():
    """Ten steps of MobileNet's last two blocks and the head, then ten of its last four with a new Adam.

    BatchNorm normalizes with its moving statistics, as in Keras' guide to fine-tuning. In a functional model, Keras 3.15.1 replaces
    the argument `training=False` of the backbone while it trains; in a subclass it does not.
    """
    base = keras.applications.MobileNet(input_shape=(SIZE, SIZE, 3), alpha=0.25, include_top=False, weights=None)
    head = keras.layers.Dense(1, name="head")
    pool = keras.layers.GlobalAveragePooling2D()

    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.base, self.pool, self.head = base, pool, head

        def call(self, x):
            return self.head(self.pool(self.base(x, training=False)))

    model = Classifier()
    model(np.zeros((1, SIZE, SIZE, 3), "float32"))
    named = [(layer, variable) for layer in [*base.layers, head] for variable in layer.weights]
    for stream, (layer, variable) in enumerate(named):
        variable.assign(weight(stream, kind_of(layer, variable), tuple(variable.shape)))
    x, y = keras.applications.mobilenet.preprocess_input(images(PIXELS, IMAGES, SIZE)), labels(IMAGES)[:, None]
    spread = np.asarray(pool(base(x, training=False))).std(axis=0).mean()
    assert spread > 0.02, spread
    logits = model.predict(x, verbose=0)
    first_loss = np.mean(np.log1p(np.exp(logits)) - y * logits)
    stages = []
    # Adam takes full steps even for gradients that are rounding errors, which through all layers add up to thousandths of the loss.
    for blocks in ("12", "13"), ("10", "11", "12", "13"):
        base.trainable = True
        for layer in base.layers:
            layer.trainable = layer.name.split("_")[2:3] in [[block] for block in blocks]
        model.compile(keras.optimizers.Adam(RATE), keras.losses.BinaryCrossentropy(from_logits=True))
        losses = []
        for _ in range(STEPS):
            model.reset_metrics()
            losses.append(float(model.train_on_batch(x, y)))
        assert stages or abs(losses[0] - first_loss) < 1e-6, (losses[0], first_loss)
        stages.append({
            "trainable": len(model.trainable_variables),
            "losses": rounded(losses),
            "logits": rounded(model.predict(x, verbose=0)[:, 0]),
        })
    return {"learningRate": RATE, "stepCount": STEPS, "stages": stages}


ROWS, WIDTH, CLASSES, EPOCHS = 24, 6, 3, 6


def soup():
    """Greedy soup of six linear classifiers (Wortsman et al., 2022), whose weights are float32."""
    x = (2 * draw(SOUP, ROWS * WIDTH).reshape(ROWS, WIDTH) - 1).astype("float32")
    truth = 2 * draw(SOUP + 1, WIDTH * CLASSES).reshape(WIDTH, CLASSES) - 1
    y = (x @ truth).argmax(axis=1)

    def epoch(index):
        noise = 2 * draw(SOUP + 10 + index, (WIDTH + 1) * CLASSES).reshape(WIDTH + 1, CLASSES) - 1
        noise[:WIDTH] += truth
        return noise.astype("float32")

    def loss(weights):
        logits = x.astype("float64") @ weights[:WIDTH] + weights[WIDTH]
        logits -= logits.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(ROWS), y]))

    epochs = [epoch(index) for index in range(EPOCHS)]
    losses = [loss(one) for one in epochs]
    order = sorted(range(EPOCHS), key=lambda index: losses[index])
    chosen, best = order[:1], losses[order[0]]
    for index in order[1:]:
        found = loss(np.mean([epochs[one] for one in [*chosen, index]], axis=0))
        if found <= best:
            chosen, best = [*chosen, index], found
    # Neither all of them nor the best one alone.
    assert 2 <= len(chosen) < EPOCHS, chosen
    return {
        "inputs": rounded(x), "labels": y.tolist(), "epochs": rounded(np.stack(epochs)), "losses": rounded(losses),
        "chosen": chosen, "loss": rounded(best), "mean": rounded(np.mean([epochs[one] for one in chosen], axis=0)),
    }


golden = {
    "versions": {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__},
    "unfreezing": unfreezing(),
    "soup": soup(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
