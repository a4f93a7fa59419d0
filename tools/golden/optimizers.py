"""Writes optimizers.json: learning rates and weights that Keras, PyTorch and timm compute over 20 steps, for
packages/training/src/learning-rate.test.ts and suggest-rate.test.ts, packages/models/src/training/optimizers.test.ts and
packages/models/src/classifier/block-depths.test.ts.

    python3 -m venv VENV && VENV/bin/pip install keras==3.15.1 torch==2.15.0 timm==1.0.31
    VENV/bin/python tools/golden/optimizers.py && npx biome check --write tools/golden
"""

import json
import os
import pathlib

# TensorFlow and PyTorch cannot be loaded into one process.
os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import timm
import torch
from timm.optim import param_groups_layer_decay

from formula import draw, labels, rounded, weight

EPOCHS, STEPS = 4, 5
TOTAL = EPOCHS * STEPS
RATE = 0.02


def cosine(warm_up, end_factor):
    """Keras' schedule, whose warm-up starts at the first of warm-up + 1 equal increments."""
    count = round(warm_up * TOTAL)
    warm = {"warmup_target": RATE, "warmup_steps": count} if count else {}
    initial = RATE / (count + 1) if count else RATE
    schedule = keras.optimizers.schedules.CosineDecay(initial, TOTAL - count, alpha=end_factor, **warm)
    return [float(schedule(step)) for step in range(TOTAL)]


def exponential(decay_steps, factor, staircase):
    schedule = keras.optimizers.schedules.ExponentialDecay(RATE, decay_steps, factor, staircase=staircase)
    return [float(schedule(step)) for step in range(TOTAL)]


def one_cycle(warm_up, start_factor, end_factor):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, TOTAL, pct_start=warm_up, div_factor=1 / start_factor,
        final_div_factor=start_factor / end_factor, cycle_momentum=False)
    rates = []
    for _ in range(TOTAL):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        if len(rates) < TOTAL:
            schedule.step()
    return rates


def schedules():
    def entry(schedule, rates):
        return {"schedule": {"value": RATE, **schedule}, "rates": rounded(rates)}

    found = []
    for warm_up, end_factor in (0.1, 0), (0.3, 0.01), (0, 0), (0.95, 0.5):
        found.append(entry({"kind": "cosine", "warmUp": warm_up, "endFactor": end_factor}, cosine(warm_up, end_factor)))
    # PyTorch's defaults, fastai's, and a highest rate between two steps.
    for warm_up, start, end in (0.3, 1 / 25, 1 / 25e4), (0.25, 1 / 25, 1e-5), (0.33, 0.1, 0.01), (0.04, 0.1, 0.01):
        factors = {"warmUp": warm_up, "startFactor": start, "endFactor": end}
        found.append(entry({"kind": "one-cycle", **factors}, one_cycle(warm_up, start, end)))
    found.append(entry({"kind": "exponential", "factorPerEpoch": 0.9}, exponential(STEPS, 0.9, False)))
    for factor, every in (0.1, 1), (0.5, 3):
        step = {"kind": "step", "factor": factor, "everyEpochs": every}
        found.append(entry(step, exponential(every * STEPS, factor, True)))
    return {"epochCount": EPOCHS, "stepCount": STEPS, "entries": found}


IMAGES, SHAPES = 16, [(6, 4), (4,), (4, 1), (1,)]
# Streams of `draw`; the weights use the streams 0 to 3.
INPUTS = 100


def network():
    """A dense network with ReLU and one logit."""
    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.set_weights([weight(stream, "kernel" if len(shape) > 1 else "bias", shape) for stream, shape in enumerate(SHAPES)])
    return model


def inputs():
    return (4 * draw(INPUTS, IMAGES * 6).reshape(IMAGES, 6) - 2).astype("float32")


def train(make_optimizer, *, scales=(1, 1, 1, 1), rates=(RATE,) * TOTAL, passes=1, clip_norm=None, ema=None, **options):
    """Takes 20 steps, each of which may be divided into passes over parts of the images.

    One optimizer per factor of the learning rate: Keras has only one rate per optimizer, and updates variables independently.
    """
    model = network()
    variables = model.trainable_variables
    shared = {"global_clipnorm": clip_norm, "gradient_accumulation_steps": passes if passes > 1 else None}
    if ema is not None:
        shared |= {"use_ema": True, "ema_momentum": ema}
    groups = [(scale, [index for index, one in enumerate(scales) if one == scale]) for scale in sorted(set(scales))]
    assert len(groups) == 1 or clip_norm is None
    optimizers = [make_optimizer(RATE, **shared) for _ in groups]
    for optimizer, (_, indices) in zip(optimizers, groups):
        optimizer.exclude_from_weight_decay([one for one in variables if len(one.shape) < 2])
        optimizer.build([variables[index] for index in indices])
    x, y = torch.tensor(inputs()), torch.tensor(labels(IMAGES))[:, None]
    size = IMAGES // passes
    losses = []
    for rate in rates:
        sum_of_losses = 0
        for start in range(0, IMAGES, size):
            model.zero_grad()
            logits = model(x[start : start + size])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[start : start + size])
            loss.backward()
            gradients = [one.value.grad for one in variables]
            with torch.no_grad():
                for optimizer, (scale, indices) in zip(optimizers, groups):
                    optimizer.learning_rate = rate * scale
                    optimizer.apply([gradients[index] for index in indices], [variables[index] for index in indices])
            sum_of_losses += loss.item() / passes
        losses.append(sum_of_losses)
    found = {"losses": rounded(losses), "weights": flat(variables)}
    if ema is not None:
        found["averages"] = flat(optimizers[0]._model_variables_moving_average)
    return found


def flat(variables):
    return rounded(np.concatenate([keras.ops.convert_to_numpy(one).ravel() for one in variables]))


def runs():
    def entry(name, optimizer, options, found):
        return {"name": name, "optimizer": optimizer, **options, **found}

    falling = cosine(0.1, 0)

    def adam(weight_decay=0, **options):
        make = lambda rate, **shared: keras.optimizers.AdamW(rate, weight_decay=weight_decay, **shared)
        return {"kind": "adam", "weightDecay": weight_decay}, train(make, **options)

    def sgd(momentum, nesterov, weight_decay=0, **options):
        make = lambda rate, **shared: keras.optimizers.SGD(
            rate, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay or None, **shared)
        optimizer = {"kind": "sgd", "momentum": momentum, "nesterov": nesterov, "weightDecay": weight_decay}
        return optimizer, train(make, **options)

    layer_wise = {"scales": (0.25, 0.25, 1, 1)}

    def named(name, result, **options):
        optimizer, found = result
        return entry(name, optimizer, options, found)

    clipped = {"clip_norm": 0.1}
    return [
        named("Adam", adam()),
        named("AdamW", adam(0.5)),
        named("Adam with a schedule", adam(rates=falling), rates=rounded(falling)),
        named("AdamW, layer-wise", adam(0.5, **layer_wise), rateScales=layer_wise["scales"]),
        named("Adam, clipped", adam(**clipped), clipNorm=0.1),
        named("SGD", sgd(0.0, False)),
        named("SGD with momentum and a schedule", sgd(0.9, False, rates=falling), rates=rounded(falling)),
        named("SGD with Nesterov momentum, decay and a schedule", sgd(0.9, True, 0.5, rates=falling), rates=rounded(falling)),
        named("SGD with momentum, layer-wise", sgd(0.9, False, **layer_wise), rateScales=layer_wise["scales"]),
        named("SGD with momentum, clipped", sgd(0.9, False, **clipped), clipNorm=0.1),
        named("AdamW with averaged weights", adam(0.5, ema=0.9), emaMomentum=0.9),
        named("SGD with averaged weights", sgd(0.9, True, ema=0.8), emaMomentum=0.8),
        named("Adam in four passes per step, clipped", adam(passes=4, **clipped), passes=4, clipNorm=0.1),
        named("SGD in two passes per step", sgd(0.9, False, passes=2), passes=2),
    ]


def block_sizes():
    """Numbers of kernel weights by the depth to which timm's layer-wise decay assigns them, with a head of three classes."""
    models = {
        "mobilenet": ("mobilenetv1_100", {}),
        "mobilenet-v2": ("mobilenetv2_100", {}),
        "inception-v3": ("inception_v3", {"aux_logits": False}),
        "xception": ("legacy_xception", {}),
        "efficientnet-lite0": ("tf_efficientnet_lite0", {}),
    }
    found = {}
    for family, (name, options) in models.items():
        model = timm.create_model(name, num_classes=3, **options)
        sizes = {}
        for group in param_groups_layer_decay(model, layer_decay=0.5):
            depth = round(-np.log2(group["lr_scale"]))
            kernels = sum(one.numel() for one in group["params"] if one.ndim > 1)
            sizes[depth] = sizes.get(depth, 0) + kernels
        found[family] = [sizes[depth] for depth in range(len(sizes))]
    return found


def rate_search():
    """A sweep of 100 steps with noise, and what the lines of fastai 2.8.12 suggest (callback/schedule.py, learner.py)."""
    count = 100
    rates = torch.tensor([1e-7 * (1 / 1e-7) ** (step / (count - 1)) for step in range(count)], dtype=torch.float64)
    exponents = np.log10(rates.numpy())
    falling = 1 / (1 + np.exp(-3 * (exponents + 3.5)))
    losses = 0.7 - 0.5 * falling + np.exp(2.5 * (exponents + 0.6)) + 0.05 * (draw(200, count) - 0.5)
    average, smooth = torch.tensor(0.0, dtype=torch.float64), []
    for step, loss in enumerate(torch.tensor(losses)):
        average = torch.lerp(loss, average, 0.98)
        smooth.append(average / (1 - 0.98 ** (step + 1)))
    smooth = torch.stack(smooth)
    # Recorder.lrs and losses from num_it // 10 on, without the last 5.
    part, part_rates = smooth[count // 10 : -5], rates[count // 10 : -5]
    grads = (part[1:] - part[:-1]) / (part_rates[1:].log() - part_rates[:-1].log())
    count = len(part)
    max_start, max_end = 0, 0
    lds = [1] * count
    for i in range(1, count):
        for j in range(0, i):
            if part[i] < part[j] and lds[i] < lds[j] + 1:
                lds[i] = lds[j] + 1
            if lds[max_end] < lds[i]:
                max_end = i
                max_start = max_end - lds[max_end]
    sections = (max_end - max_start) / 3
    return {
        "valley": rounded(part_rates[max_start + int(sections) + int(sections / 2)].item()),
        "rates": rounded(rates),
        "losses": rounded(losses),
        "smoothed": rounded(smooth),
        "steep": rounded(part_rates[grads.argmin()].item()),
        "minimum": rounded(part_rates[part.argmin()].item() / 10),
    }


golden = {
    "versions": {"keras": keras.__version__, "torch": torch.__version__, "timm": timm.__version__},
    "schedules": schedules(),
    "network": {
        "inputs": rounded(inputs().ravel()),
        "labels": labels(IMAGES).tolist(),
        "weights": [rounded(one) for one in network().get_weights()],
        "stepCount": TOTAL,
        "learningRate": RATE,
        "runs": runs(),
    },
    "blockSizes": block_sizes(),
    "rateSearch": rate_search(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
