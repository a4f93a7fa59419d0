"""Writes grad-cam.json: Grad-CAM by Keras' or PyTorch's gradients for every kind of backbone, before its ReLU, for
src/grad-cam.test.ts.

    PARITY/bin/python grad_cam.py keras && PARITY_TIMM/bin/python grad_cam.py timm

in tools/golden, with the virtual environments of `pnpm parity` in the cache; then `npx biome check --write tools/golden`.
Each run replaces its own cases. Weights and pixels come from formula.py, BatchNorm's moving statistics from a batch, as in
backbones.py. The class is the second of two, whose logit is the model's.
"""

import json
import pathlib
import sys

import numpy as np

from formula import rounded
from summaries import BATCH, BATCH_PIXELS, OTHER_PIXELS

# Large enough for a feature map of several rows; the last layers of each family differ.
SIZES = {"mobilenet-0.25": 128, "mobilenet-v2-1": 128, "inception-v3": 150, "xception": 128, "efficientnet-lite0": 128}
COUNT = 2

here = pathlib.Path(__file__).parent


def by_keras(case, size):
    """Returns the feature maps [N, H, W, C] and the logit's gradient with respect to them."""
    import keras
    import tensorflow as tf

    from backbones import build, preprocessed, use_statistics_of

    backbone, model = build(case, size)
    use_statistics_of(model, preprocessed(case, BATCH_PIXELS, BATCH, size))
    both = keras.Model(model.input, [backbone.output, model.output[0]])
    with tf.GradientTape() as tape:
        maps, logits = both(preprocessed(case, OTHER_PIXELS, BATCH, size)[:COUNT], training=False)
    return maps.numpy(), tape.gradient(logits, maps).numpy()


def by_timm(case, size):
    """As by_keras."""
    from timm_backbones import Backbone, preprocessed

    backbone = Backbone(case)
    backbone.use_statistics_of(preprocessed(case, BATCH_PIXELS, size))
    backbone.model.eval()
    maps = backbone.model.forward_features(preprocessed(case, OTHER_PIXELS, size)[:COUNT]).detach().requires_grad_()
    backbone.model.forward_head(maps).sum().backward()
    return (tensor.detach().numpy().transpose(0, 2, 3, 1) for tensor in (maps, maps.grad))


def grad_cam(maps, gradients):
    """Returns the map of Selvaraju et al. (2017) before its ReLU [N, H, W]."""
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    return (weights * maps).sum(axis=3)


def versions(library):
    if library == "keras":
        import keras
        import tensorflow as tf

        return {"tensorflow": tf.__version__, "keras": keras.__version__}
    import timm
    import torch

    return {"torch": torch.__version__, "timm": timm.__version__}


if __name__ == "__main__":
    (library,) = sys.argv[1:]
    target = here / "grad-cam.json"
    golden = json.loads(target.read_text()) if target.exists() else {"versions": {}, "cases": {}}
    golden["versions"] |= versions(library)
    for name, size in SIZES.items():
        case = json.loads((here / "backbones" / f"{name}.json").read_text())["case"]
        if library in case:
            maps = grad_cam(*(by_keras if library == "keras" else by_timm)(case, size))
            golden["cases"][name] = {"size": size, "maps": rounded(maps)}
            print(name, maps.shape, maps.min(), maps.max(), flush=True)
    target.write_text(json.dumps(golden, indent=2) + "\n")
