"""Whether one model is better than another on the same rows, with an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import FloatArray

RESAMPLES = 2000
#: Cells of the resamples that are drawn at a time: each takes some 24 bytes.
CELLS_AT_ONCE = 1_000_000
CONFIDENCE = 0.95
Conclusion = Literal["pays", "no difference", "hurts"]


@dataclass(frozen=True)
class Difference:
    """The mean difference of two models' log losses, row by row.

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

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "interval": list(self.interval)}

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Difference:
        """Read them back."""
        return cls(**{**mapping, "interval": tuple(mapping["interval"])})


def difference(one: FloatArray, other: FloatArray, seed: int) -> Difference:
    """Compare the log losses of two models, each of shape (m,), row by row.

    The interval is a percentile bootstrap (Efron and Tibshirani 1993, ch. 13) whose
    resampling follows from `seed`.
    """
    gained = one - other
    low, high = _interval(gained, seed)
    outcome: Conclusion = "pays" if high < 0 else "hurts" if low > 0 else "no difference"
    return Difference(outcome, float(gained.mean()), (low, high))


def _interval(values: FloatArray, seed: int) -> tuple[float, float]:
    from scipy.stats import bootstrap

    if len(values) < 2 or np.ptp(values) == 0:
        mean = float(values.mean())
        return mean, mean
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=max(1, CELLS_AT_ONCE // len(values)),
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)
