"""Writes label-issues.json: results of cleanlab for small tables of probabilities, for
packages/evaluation/src/label-issues/cleanlab.test.ts.

    VENV/bin/pip install cleanlab==2.9.0
    VENV/bin/python tools/golden/label_issues.py && npx biome check --write tools/golden
"""

import importlib.metadata
import json
import pathlib
import warnings
from unittest import mock

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

random = np.random.default_rng(18)
# Most probabilities are multiples of 1 / levels: exact in float32, hardly any ties, and short in JSON.
levels = 2**20


def table(images, noise, sharpness):
    """Returns probabilities [images, classes] and given labels.

    Args:
        images: number of images of each true class.
        noise: share of the labels that are replaced by another class, or a matrix [true, given] of shares.
        sharpness: larger values make the probabilities of true classes larger.
    """
    classes = len(images)
    true = random.permutation(np.repeat(np.arange(classes), images))
    shares = np.full((classes, classes), noise / (classes - 1)) if np.isscalar(noise) else np.array(noise)
    np.fill_diagonal(shares, 0)
    np.fill_diagonal(shares, 1 - shares.sum(axis=1))
    given = np.array([random.choice(classes, p=shares[label]) for label in true])
    logits = random.normal(size=(len(true), classes)) + sharpness * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.round(probabilities * levels) / levels, given


def coarse(classes, images, sharpness):
    """Returns a table with many equal probabilities, multiples of 1 / 8, of classes of different sizes."""
    given = random.choice(classes, size=images, p=random.dirichlet(np.ones(classes)))
    logits = random.normal(size=(images, classes)) + sharpness * np.eye(classes)[given]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.round(probabilities * 8) / 8, given


def close(classes, images):
    """Returns a table whose probabilities differ by less than or little more than the tolerance of 1e-6."""
    probabilities = np.round(levels / classes) + random.integers(-3, 4, size=(images, classes))
    return probabilities / levels, random.permutation(np.arange(images) % classes)


def halves(off_diagonal, confident, images):
    """Returns a table of two classes whose scaled counts end in exactly one half before they are rounded."""
    # Each class: confident images, confident ones of the other class, and images that are not confident of either.
    columns = []
    labels = []
    for label in range(2):
        counts = [confident - off_diagonal, off_diagonal, images - confident]
        for share, count in zip((0.97, 0.02, 0.45), counts):
            jitter = random.uniform(-0.01, 0.01, size=count)
            columns += [(p, 1 - p) if label == 0 else (1 - p, p) for p in share + jitter]
            labels += [label] * count
    probabilities = np.round(np.array(columns) * levels) / levels
    order = random.permutation(len(labels))
    return probabilities[order], np.array(labels)[order]


def without_class(label, probabilities, labels):
    kept = labels != label
    return probabilities[kept], labels[kept]


def with_few_images(label, count, probabilities, labels):
    kept = (labels != label) | (np.cumsum(labels == label) <= count)
    return probabilities[kept], labels[kept]


def swapped(label, other, probabilities, labels):
    """Gives every image of a class the label of another one and the reverse, so that no label of either is right."""
    result = labels.copy()
    result[labels == label] = other
    result[labels == other] = label
    return probabilities, result


def audit(name, probabilities, labels):
    def ranked_by(method):
        return find_label_issues(labels, probabilities, return_indices_ranked_by=method, n_jobs=1).tolist()

    # NumPy leaves the order of equal values to the processor, and equal rounding errors of counts are frequent.
    argsort = np.argsort
    with mock.patch("numpy.argsort", lambda values: argsort(values, kind="stable")):
        issues = np.flatnonzero(find_label_issues(labels, probabilities, n_jobs=1)).tolist()
        ranks = {"bySelfConfidence": ranked_by("self_confidence"), "byNormalizedMargin": ranked_by("normalized_margin")}
    unit = 8 if np.all(probabilities * 8 % 1 == 0) else levels
    return {
        "name": name,
        "classCount": probabilities.shape[1],
        "levels": unit,
        "counts": np.round(probabilities * unit).astype(int).ravel().tolist(),
        "labels": labels.tolist(),
        "selfConfidence": get_label_quality_scores(labels, probabilities, method="self_confidence").tolist(),
        "normalizedMargin": get_label_quality_scores(labels, probabilities, method="normalized_margin").tolist(),
        "issues": issues,
        **ranks,
    }


# Classes without images or with one.
warnings.filterwarnings("ignore", message="May not flag all label issues")
one_way = [[0, 0.3, 0], [0, 0, 0.1], [0, 0, 0]]
golden = {
    "versions": {name: importlib.metadata.version(name) for name in ("cleanlab", "scikit-learn", "numpy")},
    # Numbers whose sum depends on its order.
    "sums": [
        {"values": values.tolist(), "sum": float(np.sum(values))}
        for values in (random.normal(size=count) for count in (0, 4, 9, 25, 128, 130, 300))
    ],
    "audits": [
        audit("two classes, no wrong labels", *table([40, 40], 0, 6)),
        audit("two classes, 5 % wrong labels", *table([60, 60], 0.05, 4)),
        audit("two classes, 20 % wrong labels, unsure", *table([60, 60], 0.2, 1)),
        audit("two classes, 6:1", *table([90, 15], 0.1, 3)),
        audit("two classes, a count of 2.5", *halves(2, 80, 100)),
        audit("two classes, a count of 7.5", *halves(6, 80, 100)),
        audit("two classes, a count of 12.5", *halves(10, 80, 100)),
        audit("three classes, wrong labels in one direction", *table([50, 50, 50], one_way, 3)),
        audit("three classes, random probabilities", *table([40, 40, 40], 0.3, 0)),
        audit("three classes, one without images", *without_class(1, *table([40, 40, 40], 0.1, 3))),
        audit("three classes, one with a single image", *with_few_images(2, 1, *table([40, 40, 40], 0.1, 3))),
        audit("three classes, one with two images", *with_few_images(0, 2, *table([40, 40, 40], 0.1, 3))),
        audit("four classes, two of them swapped", *swapped(0, 3, *table([30, 20, 20, 10], 0, 5))),
        audit("four classes, all labels of one wrong", *table([30, 30, 30, 12], [[0] * 4, [0] * 4, [0] * 4, [0.4, 0.3, 0.3, 0]], 4)),
        audit("seven classes, 20 % wrong labels", *table([12, 20, 20, 30, 30, 40, 8], 0.2, 3)),
        audit("twelve classes, unsure", *table([10] * 12, 0.3, 1)),
        audit("twenty classes", *table([8] * 20, 0.15, 4)),
        audit("two classes, differences as small as the tolerance", *close(2, 60)),
        audit("three classes, differences as small as the tolerance", *close(3, 60)),
        audit("three classes, ties", *coarse(3, 120, 1)),
        audit("five classes, ties", *coarse(5, 100, 1)),
        audit("nine classes, ties", *coarse(9, 220, 0)),
        audit("seventeen classes, ties", *coarse(17, 160, 1)),
        audit("twenty-five classes, ties", *coarse(25, 120, 0)),
    ],
}
path = pathlib.Path(__file__).with_name("label-issues.json")
path.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
