"""Whether one model is better than another on the same rows, with an interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpmkd.values import standard_error, weighted_mean

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

RESAMPLES = 2000
#: Cells of the resamples that are drawn at a time: each takes some 24 bytes.
CELLS_AT_ONCE = 1_000_000
CONFIDENCE = 0.95
#: Above so many rows the mean is normal to the third digit of its interval: no resampling.
MOST_RESAMPLED = 20_000
Conclusion = Literal["pays", "no difference", "hurts"]


@dataclass(frozen=True)
class Difference:
    """The mean difference of two models' log losses, row by row; weighted, where rows are.

    Parameters
    ----------
    outcome : {"pays", "no difference", "hurts"}
        Whether the interval lies below 0, holds 0, or lies above it.
    delta_log_loss : float
        Mean, in nats per row; below 0 the first model is better.
    interval : (float, float)
        95 % bootstrap interval of it over the rows.
    """

    outcome: Conclusion
    delta_log_loss: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.delta_log_loss:+.4f}, 95 % interval [{low:+.4f}, {high:+.4f}]"


def difference(
    one: FloatArray, other: FloatArray, seed: int, weights: FloatArray | None = None
) -> Difference:
    """Compare the log losses of two models, each of shape (m,), row by row.

    The interval is a percentile bootstrap (Efron and Tibshirani 1993, ch. 13) whose
    resampling follows from `seed`; of more than 20,000 rows it is the normal one. A row is drawn
    with its weight, if there are `weights` (m,): a heavy one is still a single row.
    """
    gained = one - other
    low, high = interval_of_mean(gained, seed, weights)
    return Difference(conclusion(low, high), weighted_mean(gained, weights), (low, high))


def conclusion(low: float, high: float) -> Conclusion:
    """Return the outcome that the interval of a difference of losses supports."""
    return "pays" if high < 0 else "hurts" if low > 0 else "no difference"


def interval_of_mean(
    values: FloatArray, seed: int, weights: FloatArray | None = None
) -> tuple[float, float]:
    """Return the interval of the mean of some values (m,), weighted where there are weights."""
    from scipy.stats import bootstrap, norm

    n, mean = len(values), weighted_mean(values, weights)
    if n < 2 or np.ptp(values) == 0:
        return mean, mean
    if n > MOST_RESAMPLED:
        half = float(norm.ppf(0.5 + CONFIDENCE / 2) * standard_error(values, weights))
        return mean - half, mean + half
    found = bootstrap(
        (values,) if weights is None else (values * weights, weights),
        np.mean if weights is None else _ratio_of_means,
        paired=weights is not None,
        n_resamples=RESAMPLES,
        batch=max(1, CELLS_AT_ONCE // n),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def intervals_of_means(
    values: FloatArray, seed: int, weights: FloatArray | None = None
) -> FloatArray:
    """Return the intervals (c, 2) of the means of c columns of values (n, c).

    As :func:`interval_of_mean` of each, but every resample is drawn once for all columns.
    """
    n, n_columns = values.shape
    if n < 2 or n > MOST_RESAMPLED:
        own = [interval_of_mean(values[:, at], seed, weights) for at in range(n_columns)]
        return np.array(own).reshape(n_columns, 2)
    each = np.ones(n) if weights is None else weights
    summed = np.column_stack([values * each[:, None], each])
    rng, means = np.random.default_rng(seed), []
    for drawn in _batches(max(1, CELLS_AT_ONCE // n)):
        rows = rng.integers(0, n, (drawn, n)) + n * np.arange(drawn)[:, None]
        totals = np.bincount(rows.ravel(), minlength=drawn * n).reshape(drawn, n) @ summed
        means.append(totals[:, :-1] / totals[:, -1:])
    tail = (1 - CONFIDENCE) / 2
    found: FloatArray = np.quantile(np.concatenate(means), [tail, 1 - tail], axis=0).T
    return found


def _batches(size: int) -> Iterator[int]:
    """Yield how many resamples are drawn at a time."""
    for start in range(0, RESAMPLES, size):
        yield min(size, RESAMPLES - start)


def _ratio_of_means(weighted: FloatArray, weights: FloatArray, axis: int = -1) -> FloatArray:
    """Return weighted means of resamples along an axis."""
    ratio: FloatArray = weighted.mean(axis=axis) / weights.mean(axis=axis)
    return ratio
