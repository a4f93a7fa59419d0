"""onnxruntime as a contestant: predictions of the model written by export_onnx.py."""

import onnxruntime

from images import Batches
from protocol import repeated, serve, warmed


def prepare(task):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    session = onnxruntime.InferenceSession(task["model"], options, providers=["CPUExecutionProvider"])
    (pixels,) = session.get_inputs()
    batches = Batches(task)
    run = repeated(lambda: session.run(None, {pixels.name: batches.next()[0]}))
    return {"versions": {"onnxruntime": onnxruntime.__version__}, "stepSeconds": warmed(run)}, run


serve(prepare)
