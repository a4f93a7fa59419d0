"""Writes imagenet.json: timm's features and logits with the published weights of EfficientNet-Lite0, of drawn images and of three of
the photographs next to the clone, for src/imagenet.test.ts and packages/orchestration/src/features.test.ts.

    VENV/bin/python tools/golden/imagenet.py ../shared/data && npx biome check --write tools/golden

VENV: with the packages of requirements-timm.txt.
"""

import base64
import json
import pathlib
import sys

import numpy as np
import PIL.Image
import safetensors.torch
import timm
import torch

from formula import images

MODEL, SIZE = "tf_efficientnet_lite0", 224
STREAM, COUNT = 3, 4
# As in features.py.
PHOTOGRAPHS = ["dogs/dog.4001.jpg", "cats/cat.4026.jpg", "cats/cat.4029.jpg"]


def photograph(path):
    image = PIL.Image.open(path).convert("RGB")
    return np.asarray(image.resize((SIZE, SIZE), PIL.Image.Resampling.BILINEAR), "float32")


def packed(tensor):
    """Little-endian float32."""
    return base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode()


data = pathlib.Path(sys.argv[1])
model = timm.create_model(MODEL, pretrained=False).eval()
model.load_state_dict(safetensors.torch.load_file(data / "pretrained" / f"{MODEL}.safetensors"), strict=True)
mean, std = (torch.tensor(model.default_cfg[key]).reshape(3, 1, 1) for key in ("mean", "std"))


@torch.no_grad()
def results(pixels):
    """[N, S, S, 3], 0..255 -> features [N, 1280] and logits [N, 1000]."""
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / std
    features = model.forward_head(model.forward_features(x), pre_logits=True)
    return {"features": packed(features), "logits": packed(model.get_classifier()(features))}


golden = {
    "versions": {one.__name__: one.__version__ for one in (torch, timm, PIL)},
    "weights": f"{MODEL}.safetensors",
    "size": SIZE,
    "drawn": {"stream": STREAM, "count": COUNT} | results(images(STREAM, COUNT, SIZE)),
    "photographs": {"paths": PHOTOGRAPHS} | results(
        np.stack([photograph(data / "cats-vs-dogs" / "validation" / path) for path in PHOTOGRAPHS])),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
