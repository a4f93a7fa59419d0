"""The contestant's side of the protocol with src/contestants/contestant-process.ts: one JSON object per line.

    in   {"prepare": {…}}   the task
    out  {"prepared": {…}}  versions and sizes, after warm-up
    in   {"steps": 5}       a round
    out  {"seconds": {…}}   by quantity

The end of standard input ends the process.
"""

import json
import math
import os
import sys
import time

WARM_UP_SECONDS = 0.3


def serve(prepare):
    """`prepare(task)` returns the content of `prepared`, and a function from a number of steps to seconds by quantity."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Output of libraries must not mix with the protocol.
    run = None
    for line in sys.stdin:
        message = json.loads(line)
        if "prepare" in message:
            told, run = prepare(message["prepare"])
            answers.write(json.dumps({"prepared": told}) + "\n")
        else:
            answers.write(json.dumps({"seconds": run(message["steps"])}) + "\n")


def seconds_of(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def repeated(step):
    """A round of equal steps, for `serve`."""
    return lambda steps: {"step": seconds_of(lambda: [step() for _ in range(steps)]) / steps}


def warmed(run):
    """Seconds per step, after the first steps have built everything."""
    run(1)
    return run(math.ceil(WARM_UP_SECONDS / run(1)["step"]))["step"]
