"""tf.data as a contestant: JPEG files to batches of uint8 squares."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf

from protocol import repeated, serve, warmed

BATCH = 32


def dataset_of(task):
    size, antialias, ratio = task["inputSize"], task["variant"]["antialias"], task["variant"]["ratio"]

    def decode(path):
        pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, ratio=ratio)
        return tf.cast(tf.image.resize(pixels, (size, size), antialias=antialias), tf.uint8)

    options = tf.data.Options()
    options.threading.private_threadpool_size = task["threads"]
    files = tf.data.Dataset.from_tensor_slices(task["paths"])
    squares = files.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return squares.batch(BATCH).prefetch(tf.data.AUTOTUNE).with_options(options)


def prepare(task):
    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    dataset = dataset_of(task)

    def read_all():
        count = sum(len(batch) for batch in dataset)
        assert count == len(task["paths"]), count

    run = repeated(read_all)
    return {"versions": {"tensorflow": tf.__version__}, "stepSeconds": warmed(run)}, run


serve(prepare)
