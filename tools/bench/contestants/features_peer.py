"""Photographs to pooled features, end to end, as a contestant: Keras with tf.data, PyTorch with DataLoader, or onnxruntime with
Pillow. A step reads all files once. Weights are random, which does not affect the time.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np

from protocol import repeated, serve, warmed

BATCH = 32


def with_keras(task):
    import keras
    import tensorflow as tf

    size = task["inputSize"]
    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    backbone = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg")
    pixels = keras.Input((size, size, 3))
    model = keras.Model(pixels, backbone(keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)))

    def decode(path):
        return tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (size, size), antialias=True)

    files = tf.data.Dataset.from_tensor_slices(task["paths"])
    dataset = files.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    return lambda: model.predict(dataset, verbose=0), {"keras": keras.__version__, "tensorflow": tf.__version__}


def with_pytorch(task):
    import timm
    import torch

    from pytorch_peer import preprocess
    from torchvision_peer import Photographs

    torch.set_num_threads(task["threads"])
    model = timm.create_model("mobilenetv2_100", pretrained=False, num_classes=0)
    model = model.to(memory_format=torch.channels_last).eval()
    photographs = Photographs(task["paths"], task["inputSize"], "pillow")
    loader = torch.utils.data.DataLoader(
        photographs, batch_size=BATCH, num_workers=task["threads"], persistent_workers=True)

    def run():
        with torch.inference_mode():
            return np.concatenate([model(preprocess(batch.permute(0, 2, 3, 1))).numpy() for batch in loader])

    return run, {"torch": torch.__version__, "timm": timm.__version__}


def with_onnxruntime(task):
    import onnxruntime
    import PIL.Image

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    session = onnxruntime.InferenceSession(task["model"], options, providers=["CPUExecutionProvider"])
    (pixels,) = session.get_inputs()
    size = task["inputSize"]

    def decode(path):
        return np.asarray(PIL.Image.open(path).convert("RGB").resize((size, size), PIL.Image.Resampling.BILINEAR))

    pool = ThreadPoolExecutor(task["threads"])

    def run():
        # `map` decodes ahead while the session runs.
        squares = pool.map(decode, task["paths"])
        rows = []
        while len(batch := list(islice(squares, BATCH))) > 0:
            rows.append(session.run(None, {pixels.name: np.stack(batch)})[0])
        return np.concatenate(rows)

    return run, {"onnxruntime": onnxruntime.__version__, "pillow": PIL.__version__}


def prepare(task):
    ways = {"keras": with_keras, "pytorch": with_pytorch, "onnxruntime": with_onnxruntime}
    extract, versions = ways[task["variant"]](task)

    def step():
        rows = extract()
        assert rows.shape == (len(task["paths"]), 1280), rows.shape

    run = repeated(step)
    return {"versions": versions, "stepSeconds": warmed(run)}, run


serve(prepare)
