"""FastAPI, uvicorn and onnxruntime as a server: the ensemble that Chorus wrote as an ONNX model, a process per processor.

Usage: serve_peer.py MODEL SIZE PROCESSES PORT
"""

import io
import os
import sys

import numpy
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image

model, size, processes, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
app = FastAPI()
options = onnxruntime.SessionOptions()
# One thread each: the processes share the processors.
options.intra_op_num_threads = max(1, (os.cpu_count() or 1) // processes)
# As in Chorus: without it, sums of 8-bit integers can overflow on processors without VNNI.
options.add_session_config_entry("session.x64quantprecision", "1")


class Lazy:
    """Loaded in the processes that serve, not in their parent."""

    session = None


def classify(body):
    if Lazy.session is None:
        Lazy.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    image = Image.open(io.BytesIO(body)).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    (name,) = [one.name for one in Lazy.session.get_inputs()]
    (probabilities,) = Lazy.session.run(None, {name: numpy.asarray(image)[None]})
    return probabilities[0].tolist()


@app.post("/classify")
async def answer(request: Request):
    return {"probabilities": await run_in_threadpool(classify, await request.body())}


if __name__ == "__main__":
    uvicorn.run("serve_peer:app", host="127.0.0.1", port=port, workers=processes, log_level="error", access_log=False)
