"""Fusing the probabilities of several models, of one row, and with NumPy of many."""

from __future__ import annotations

import math
from typing import Any

from hpmkd_defaults.exporters.python.parts.softmax import softmax, softmax_many
from hpmkd_defaults.exporters.python.parts.student import numpy

# ---------------------------------------------------------------------------------------- pool

#: Of a probability that is used: a 0 would rule a class out, against all others.
SMALLEST = 1e-15
#: Whose logarithm is taken.
TINIEST = 2.2250738585072014e-308
#: Standard deviations beyond which a feature of attention means no more.
MOST_DEVIATIONS = 5.0


def fused(predicted: list[list[float]], pool: dict[str, Any]) -> list[float]:
    """Fuse the probabilities of the members, one row of each.

    A linear pool (a weighted mean) and a log-linear one (a weighted product), of probabilities to
    the power of 1 / temperature; their mean, again to such a power.
    """
    mean, logs = [0.0] * len(pool["offsets"]), pool["offsets"]
    predicted = [
        softmax([math.log(max(each, SMALLEST)) / temperature for each in p])
        for p, temperature in zip(predicted, pool["temperatures"])
    ]
    weights = attended(predicted, pool) if "attention" in pool else pool["weights"]
    for p, weight, exponent in zip(predicted, weights, pool["exponents"]):
        mean = [total + weight * each for total, each in zip(mean, p)]
        logs = [log + exponent * math.log(max(each, SMALLEST)) for log, each in zip(logs, p)]
    share, power = pool["share"], 1 / pool["final_temperature"]
    both = [share * a + (1 - share) * b for a, b in zip(mean, softmax(logs))]
    return softmax([math.log(each) * power if each > TINIEST else -math.inf for each in both])


def attended(predicted: list[list[float]], pool: dict[str, Any]) -> list[float]:
    """Return the weight of each member on a row, by its probabilities there."""
    attention, weights = pool["attention"], []
    for p, weight, coefficients in zip(predicted, pool["weights"], attention["coefficients"]):
        second, first = sorted(p)[-2:]
        found, score = (first, first - second, 1.0 - sum(each * each for each in p)), 0.0
        for feature, center, scale, coefficient in zip(
            found, attention["center"], attention["scale"], coefficients
        ):
            away = (feature - center) / scale
            score += coefficient * min(max(away, -MOST_DEVIATIONS), MOST_DEVIATIONS)
        weights.append(weight * math.exp(score))
    total = sum(weights)
    return [weight / total for weight in weights]


def fused_many(predicted: list[Any], pool: dict[str, Any]) -> Any:
    """Fuse the probabilities (n, K) of the members for many rows."""
    mean = numpy.zeros(predicted[0].shape)
    logs = mean + pool["offsets"]
    predicted = [
        softmax_many(numpy.log(numpy.maximum(p.T, SMALLEST)) / temperature)
        for p, temperature in zip(predicted, pool["temperatures"])
    ]
    weights = attended_many(predicted, pool) if "attention" in pool else pool["weights"]
    for p, weight, exponent in zip(predicted, weights, pool["exponents"]):
        mean += weight * p
        logs += exponent * numpy.log(numpy.maximum(p, SMALLEST))
    share, power = pool["share"], 1 / pool["final_temperature"]
    both = share * mean + (1 - share) * softmax_many(logs.T)
    logs = numpy.log(numpy.maximum(both, TINIEST)) * power
    return softmax_many(numpy.where(both > TINIEST, logs, -math.inf).T)


def attended_many(predicted: list[Any], pool: dict[str, Any]) -> Any:
    """Return the weights (M, n, 1) of the members on many rows."""
    attention, odds = pool["attention"], []
    for p, weight, coefficients in zip(predicted, pool["weights"], attention["coefficients"]):
        second, first = numpy.sort(p, axis=1)[:, -2:].T
        found = numpy.stack([first, first - second, 1.0 - (p * p).sum(axis=1)], axis=1)
        away = (found - attention["center"]) / attention["scale"]
        scores = numpy.clip(away, -MOST_DEVIATIONS, MOST_DEVIATIONS) @ coefficients
        odds.append(weight * numpy.exp(scores))
    weights = numpy.stack(odds)[:, :, numpy.newaxis]
    return weights / weights.sum(axis=0)
