"""Exports the prediction model of pytorch_peer.py to ONNX: `export_onnx.py TASK.json MODEL.onnx`.

The model takes uint8 pixels as the other contestants do, [N,S,S,3]; preprocessing is part of it.
"""

import json
import sys

import torch

from images import Batches
from pytorch_peer import build, calibrate, preprocess


class FromPixels(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return self.model(preprocess(pixels))


task, path = json.loads(sys.argv[1]), sys.argv[2]
batches = Batches(task)
model, _ = build(task)
calibrate(model, batches.images)
pixels = torch.from_numpy(batches.next()[0])
torch.onnx.export(FromPixels(model).eval(), (pixels,), path, dynamo=True, verbose=False)
