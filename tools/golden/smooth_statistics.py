"""Finds BatchNorm statistics with which no gradient jumps, for the reference programs of the backbones; see backbones.py."""

import sys

import numpy as np

from summaries import GRADIENT_LIMIT, NEGLIGIBLE, STATISTICS_PIXELS, TRIALS


def smooth_statistics(case, size, frozen_count, prepared, statistics_with, gradients_with):
    """Returns statistics with which none of the closely compared gradients jumps.

    The program passes its functions: prepared(case, size, frozen_count) returns a network with a batch;
    statistics_with(case, size, stream), the statistics of a batch; gradients_with(network, statistics, training), float64 arrays.
    """
    through_all = prepared(case, size, 0 if case["numbers"]["gradientLimit"] <= GRADIENT_LIMIT else frozen_count)
    behind_front = prepared(case, size, frozen_count)
    for stream in range(STATISTICS_PIXELS, STATISTICS_PIXELS + 300, 3):
        statistics = statistics_with(case, size, stream)
        if all(is_smooth(lambda some: gradients_with(network, some, training), statistics)
               for network, training in [(through_all, False), (behind_front, True)]):
            return statistics
        print("jumps:", case["name"], stream, file=sys.stderr)
    raise RuntimeError(f"{case['name']}: some gradient jumps with the statistics of every batch")


def is_smooth(gradients, statistics):
    """Returns whether gradients, a function of the statistics, change little when these change by millionths."""
    exact = gradients(statistics)
    learnt = NEGLIGIBLE * np.linalg.norm([np.linalg.norm(one) for one in exact])
    generator = np.random.default_rng(0)
    changes = (gradients(statistics * (1 + generator.choice([-1e-6, 1e-6], statistics.size))) for _ in range(TRIALS))
    return all(np.linalg.norm(other - one) < GRADIENT_LIMIT / 10 * np.linalg.norm(one)
               for change in changes for other, one in zip(change, exact) if np.linalg.norm(one) > learnt)
