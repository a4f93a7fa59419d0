"""Reads the logs that Chorus wrote for TensorBoard, with TensorBoard's own code.

    python tensorboard_check.py FOLDER

Prints one line of JSON: {"runs", "shown"}. For each run, "runs" has the events of each tag of scalars, histograms and images. "shown"
has the names of the tags that each of TensorBoard's dashboards lists, by run.
"""

import base64
import json
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_multiplexer
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.context import RequestContext

# Of each tag, TensorBoard keeps a sample by default; 0 keeps all.
everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}


def scalar(event):
    return {"wallTime": event.wall_time, "step": event.step, "value": event.value}


def histogram(event):
    value = event.histogram_value
    return {"wallTime": event.wall_time, "step": event.step, "minimum": value.min, "maximum": value.max, "count": value.num,
            "sum": value.sum, "squareSum": value.sum_squares, "limits": list(value.bucket_limit), "counts": list(value.bucket)}


def image(event):
    return {"wallTime": event.wall_time, "step": event.step, "width": event.width, "height": event.height,
            "png": base64.b64encode(event.encoded_image_string).decode("ascii")}


def read(path):
    log = event_accumulator.EventAccumulator(path, size_guidance=everything).Reload()
    tags = log.Tags()
    return {"scalars": {tag: [scalar(event) for event in log.Scalars(tag)] for tag in tags["scalars"]},
            "histograms": {tag: [histogram(event) for event in log.Histograms(tag)] for tag in tags["histograms"]},
            "images": {tag: [image(event) for event in log.Images(tag)] for tag in tags["images"]}}


def names(by_run):
    return {run: sorted(tags) for run, tags in by_run.items()}


def check(folder):
    runs = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(folder)
    runs.Reload()
    provider, context = MultiplexerDataProvider(runs, folder), RequestContext()
    options = {"experiment_id": ""}
    return {"runs": {run: read(f"{folder}/{run}") for run in runs.Runs()},
            "shown": {"scalars": names(provider.list_scalars(context, plugin_name="scalars", **options)),
                      "histograms": names(provider.list_tensors(context, plugin_name="histograms", **options)),
                      "images": names(provider.list_blob_sequences(context, plugin_name="images", **options))}}


if __name__ == "__main__":
    print(json.dumps(check(sys.argv[1])))
