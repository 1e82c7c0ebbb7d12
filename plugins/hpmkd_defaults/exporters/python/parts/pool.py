"""Fusing the probabilities of several models, of one row, and with NumPy of many."""

from __future__ import annotations

import math
from typing import Any

from hpmkd_defaults.exporters.python.parts.softmax import softmax, softmax_many
from hpmkd_defaults.exporters.python.parts.student import numpy

# ---------------------------------------------------------------------------------------- pool

#: Of a probability that is used: a 0 would rule a class out, whatever others say.
SMALLEST = 1e-15
#: Whose logarithm is taken.
TINIEST = 2.2250738585072014e-308


def fused(predicted: list[list[float]], pool: dict[str, Any]) -> list[float]:
    """Fuse the probabilities of the members, one row of each.

    A linear pool (a weighted mean) and a log-linear one (a weighted product), of probabilities to
    the power of 1 / temperature; their mean, again to such a power.
    """
    mean, logs = [0.0] * len(pool["offsets"]), pool["offsets"]
    for p, temperature, weight, exponent in zip(
        predicted, pool["temperatures"], pool["weights"], pool["exponents"]
    ):
        p = softmax([math.log(max(each, SMALLEST)) / temperature for each in p])
        mean = [total + weight * each for total, each in zip(mean, p)]
        logs = [log + exponent * math.log(max(each, SMALLEST)) for log, each in zip(logs, p)]
    share, power = pool["share"], 1 / pool["final_temperature"]
    both = [share * a + (1 - share) * b for a, b in zip(mean, softmax(logs))]
    return softmax([math.log(each) * power if each > TINIEST else -math.inf for each in both])


def fused_many(predicted: list[Any], pool: dict[str, Any]) -> Any:
    """Fuse the probabilities (n, K) of the members for many rows."""
    mean = numpy.zeros(predicted[0].shape)
    logs = mean + pool["offsets"]
    for p, temperature, weight, exponent in zip(
        predicted, pool["temperatures"], pool["weights"], pool["exponents"]
    ):
        p = softmax_many(numpy.log(numpy.maximum(p.T, SMALLEST)) / temperature)
        mean += weight * p
        logs += exponent * numpy.log(numpy.maximum(p, SMALLEST))
    share, power = pool["share"], 1 / pool["final_temperature"]
    both = share * mean + (1 - share) * softmax_many(logs.T)
    logs = numpy.log(numpy.maximum(both, TINIEST)) * power
    return softmax_many(numpy.where(both > TINIEST, logs, -math.inf).T)
