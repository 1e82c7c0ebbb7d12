"""Whether one model is better than another by the metric of a run, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.bootstrap import (
    CONFIDENCE,
    MOST_RESAMPLED,
    Conclusion,
    conclusion,
    interval_of_mean,
)
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, IntArray

#: Resamples of a metric that does not decompose: at least and at most, and how many probabilities
#: they hold in all.
LEAST, MOST, CELLS = 200, 1000, 4_000_000


@dataclass(frozen=True)
class MetricDifference:
    """The difference of two models' losses.

    Parameters
    ----------
    outcome : {"pays", "no difference", "hurts"}
        Whether the interval lies below 0, holds 0, or lies above it.
    delta : float
        Below 0 the first model is better.
    interval : (float, float)
        95 % interval of it over the rows.
    is_score : bool
        Whether people read the opposite, of which more is better.
    """

    outcome: Conclusion
    delta: float
    interval: tuple[float, float]
    is_score: bool = False

    @property
    def shown(self) -> tuple[float, float, float]:
        """The difference as people read it, and the ends of its interval."""
        low, high = self.interval
        if self.is_score:
            return -self.delta, -high, -low
        return self.delta, low, high

    def __str__(self) -> str:
        change, low, high = self.shown
        return f"{change:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}]"


def metric_difference(
    metric: Metric,
    labels: IntArray,
    one: FloatArray,
    other: FloatArray,
    seed: int,
    weights: FloatArray | None = None,
) -> MetricDifference:
    """Compare probabilities (m, K) of two models for the same m rows, which may have weights.

    Of a metric that decomposes the interval is that of the paired losses, as in
    :func:`~hpmkd.evaluation.bootstrap.difference`. Otherwise it is a percentile bootstrap of 200 to
    1000 resamples of the rows, and of more than 20,000 rows again that of what each row adds.
    """
    if metric.decomposes or len(labels) > MOST_RESAMPLED or np.array_equal(one, other):
        return by_rows(metric, labels, one, other, seed, weights)
    rng, n = np.random.default_rng(seed), len(labels)
    deltas = []
    for _ in range(int(np.clip(CELLS // one.size, LEAST, MOST))):
        rows = rng.integers(0, n, n)
        drawn = None if weights is None else weights[rows]
        own, its = (metric.loss(labels[rows], each[rows], drawn) for each in (one, other))
        deltas.append(own - its)
    ends = (0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2)
    low, high = map(float, np.quantile(deltas, ends))
    delta = metric.loss(labels, one, weights) - metric.loss(labels, other, weights)
    return MetricDifference(conclusion(low, high), delta, (low, high), metric.is_score)


def by_rows(
    metric: Metric,
    labels: IntArray,
    one: FloatArray,
    other: FloatArray,
    seed: int,
    weights: FloatArray | None = None,
) -> MetricDifference:
    """Compare probabilities as :func:`metric_difference` does, by what each row adds."""
    gained = metric.row_losses(labels, one, weights) - metric.row_losses(labels, other, weights)
    low, high = interval_of_mean(gained, seed, weights)
    delta = weighted_mean(gained, weights)
    return MetricDifference(conclusion(low, high), delta, (low, high), metric.is_score)
