"""PyTorch as a contestant: training steps and predictions of timm's models of the same architectures, channels last."""

import contextlib

import timm
import torch
from torch.nn import functional

from images import Batches
from protocol import repeated, serve, warmed

# timm's Inception has 17,216 BatchNorm scales (gamma) that Keras omits; otherwise the parameter counts are equal.
BACKBONES = {"mobilenet-v2": "mobilenetv2_100", "inception-v3": "inception_v3", "xception": "legacy_xception"}
CALIBRATION = 4  # Images.


def build(task):
    """(model from preprocessed images to one logit, its parameters without the head)."""
    torch.manual_seed(task["seed"])
    model = timm.create_model(BACKBONES[task["backbone"]], pretrained=False, num_classes=1)
    head = sum(one.numel() for one in model.get_classifier().parameters())
    count = sum(one.numel() for one in model.parameters()) - head
    return model.to(memory_format=torch.channels_last), count


def preprocess(pixels):
    """[N,S,S,3], uint8 → [N,3,S,S], −1 to 1, in channels-last memory format."""
    return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def calibrate(model, images):
    """Sets BatchNorm statistics from the first images: with initial statistics, activations vanish from layer to layer."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(preprocess(torch.from_numpy(images[:CALIBRATION])))


def precision_of(variant):
    if variant["precision"] == "bfloat16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def training(model, batches, variant):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=variant["fusedAdam"])
    model.train()
    forward = torch.compile(model) if variant["compile"] else model

    def step():
        images, labels = batches.next()
        optimizer.zero_grad(set_to_none=True)
        with precision_of(variant):
            logits = forward(preprocess(torch.from_numpy(images)))[:, 0]
            loss = functional.binary_cross_entropy_with_logits(logits.float(), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
        return loss.item()

    return repeated(step)


def predicting(model, batches, variant):
    calibrate(model, batches.images)
    model.eval()
    forward = torch.compile(model) if variant["compile"] else model

    def step():
        with torch.inference_mode(), precision_of(variant):
            return forward(preprocess(torch.from_numpy(batches.next()[0]))).float().numpy()

    return repeated(step)


def prepare(task):
    torch.set_num_threads(task["threads"])
    batches = Batches(task)
    model, count = build(task)
    work = training if task["work"] == "train" else predicting
    run = work(model, batches, task["variant"])
    return {
        "versions": {"torch": torch.__version__, "timm": timm.__version__},
        "parameterCount": count,
        "stepSeconds": warmed(run),
    }, run


if __name__ == "__main__":
    serve(prepare)
