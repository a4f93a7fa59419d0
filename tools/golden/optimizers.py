"""Writes optimizers.json: learning rates and weights that Keras, PyTorch and timm compute over 20 steps, for
packages/training/src/learning-rate.test.ts.

    python3 -m venv VENV && VENV/bin/pip install keras==3.15.1 torch==2.15.0 timm==1.0.31
    VENV/bin/python tools/golden/optimizers.py && npx biome check --write tools/golden
"""

import json
import os
import pathlib

# TensorFlow and PyTorch cannot be loaded into one process.
os.environ["KERAS_BACKEND"] = "torch"

import keras
import timm
import torch

from formula import rounded

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


golden = {
    "versions": {"keras": keras.__version__, "torch": torch.__version__, "timm": timm.__version__},
    "schedules": schedules(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
