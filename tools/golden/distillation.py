"""Writes distillation.json: losses of a student and their gradients, computed by PyTorch as in Hinton, Vinyals and Dean (2015), for
packages/models/src/training/distillation-loss.test.ts.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.0
    VENV/bin/python tools/golden/distillation.py && npx biome check --write tools/golden
"""

import json
import pathlib

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from formula import draw, rounded

ROWS = 4


def loss(class_count, temperature, label_share, smoothing):
    """With two classes, `oneLogit` has the gradients for the single logit that is the difference of both."""
    spread = lambda stream: torch.tensor(8 * draw(stream, ROWS * class_count).reshape(ROWS, class_count) - 4)
    logits = spread(2).requires_grad_()
    teacher = softmax(spread(3) / temperature, dim=1)
    labels = torch.tensor([row % class_count for row in range(ROWS)])
    hard = cross_entropy(logits, labels, label_smoothing=smoothing)
    soft = kl_div(log_softmax(logits / temperature, dim=1), teacher, reduction="batchmean") * temperature**2
    value = label_share * hard + (1 - label_share) * soft
    value.backward()
    return {
        "temperature": temperature,
        "labelShare": label_share,
        "labelSmoothing": smoothing,
        "logits": [rounded(row) for row in logits.detach().numpy()],
        "labels": labels.tolist(),
        "teacher": [rounded(row) for row in teacher.numpy()],
        "loss": rounded(value.item()),
        "gradients": [rounded(row) for row in logits.grad.numpy()],
    }


golden = {
    "versions": {"torch": torch.__version__},
    "losses": [
        loss(class_count, temperature, label_share, smoothing)
        for class_count in (2, 3)
        for temperature, label_share, smoothing in ((1.0, 0.0, 0.0), (4.0, 0.0, 0.0), (3.0, 0.3, 0.0), (2.0, 0.5, 0.1), (2.0, 1.0, 0.0))
    ],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
