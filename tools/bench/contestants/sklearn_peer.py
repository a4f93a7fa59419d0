"""scikit-learn's MLPClassifier, trained like the dense stacker: see src/contestants/stacker-task.ts."""

import warnings

import numpy as np
import sklearn
from protocol import seconds_of, serve
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

# The schedule stops after a fixed number of epochs.
warnings.simplefilter("ignore", ConvergenceWarning)


def prepare(task):
    shape = (task["memberCount"], task["rowCount"], task["classCount"])
    logits = np.fromfile(task["logits"], np.float32).astype(np.float64).reshape(shape)
    powers = np.exp(logits - logits.max(2, keepdims=True))
    inputs = np.concatenate(powers / powers.sum(2, keepdims=True), 1)
    labels = np.arange(task["rowCount"]) % task["classCount"]

    def seconds(epochs, **stopping):
        network = MLPClassifier((10,), batch_size=32, max_iter=epochs, tol=0, random_state=0, **stopping)
        return seconds_of(lambda: network.fit(inputs, labels))

    def run(_):
        epochs = task["epochCount"]
        fit = seconds(1000, early_stopping=True, validation_fraction=0.2, n_iter_no_change=50)
        return {"fit": fit, "epoch": seconds(epochs, n_iter_no_change=epochs + 1) / epochs}

    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    return {"versions": versions, "stepSeconds": None}, run


serve(prepare)
