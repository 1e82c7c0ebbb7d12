"""How uncertain accuracy and log loss of each model are, by a bootstrap over the test rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.bootstrap import intervals_of_means

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

Interval = tuple[float, float]


@dataclass(frozen=True)
class ModelIntervals:
    """95 % intervals of one model on the test rows.

    Parameters
    ----------
    role, name : str
        As on the leaderboard; of a further student of the front, as in ``front.json``.
    accuracy, log_loss : (float, float)
        Low and high.
    """

    role: str
    name: str
    accuracy: Interval
    log_loss: Interval


def model_intervals(
    models: Iterable[tuple[str, str, FloatArray]],
    labels: IntArray,
    seed: int,
    weights: FloatArray | None = None,
) -> tuple[ModelIntervals, ...]:
    """Return the intervals of models: role, name and probabilities (m, K) of each.

    All are of the same resamples of the rows.
    """
    names, columns = [], []
    for role, name, probabilities in models:
        names.append((role, name))
        columns.append((probabilities.argmax(axis=1) == labels).astype(float))
        columns.append(row_losses(probabilities, labels))
    found = intervals_of_means(np.column_stack(columns), seed, weights).tolist()
    return tuple(
        ModelIntervals(*name, _widened(right[0], right[1], len(labels)), (loss[0], loss[1]))
        for name, right, loss in zip(names, found[::2], found[1::2], strict=True)
    )


def _widened(low: float, high: float, rows: int) -> Interval:
    """Return the interval of a share; where all rows are alike, by the rule of three.

    No resample of such rows has another share. Of so many rows without one exception, 95 % have
    fewer than three (Hanley and Lippman-Hand 1983).
    """
    if low < high:
        return low, high
    few = min(1.0, 3 / rows)
    return (low - few, high) if low == 1 else (low, high + few) if high == 0 else (low, high)
