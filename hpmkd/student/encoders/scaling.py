"""How number columns become inputs of a linear margin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned


@dataclass(frozen=True, eq=False)
class NumberScaling:
    """Impute, clip, standardise; say where cells were missing.

    A linear margin extrapolates, so that one outlying row could ruin a log loss: what lies
    outside the training range is moved to its edge.

    Parameters
    ----------
    medians : ndarray of shape (m,)
        What a missing cell becomes.
    lows, highs : ndarray of shape (m,)
        The training range.
    centers, scales : ndarray of shape (m,)
        Mean and standard deviation of the training cells; a constant column has scale 1 and
        becomes 0.
    indicated : ndarray of shape (m,)
        True for the columns that get an indicator of missing cells.
    """

    medians: NDArray[np.float64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    centers: NDArray[np.float64]
    scales: NDArray[np.float64]
    indicated: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name in ("medians", "lows", "highs", "centers", "scales"):
            values = owned(getattr(self, name), np.float64, 1, name)
            finite(values, name)
            object.__setattr__(self, name, values)
        object.__setattr__(self, "indicated", owned(self.indicated, bool, 1, "indicated"))
        lengths = {len(values) for values in vars(self).values()}
        if len(lengths) > 1:
            raise ValueError("the arrays of the scaling differ in length")
        if (self.lows > self.highs).any() or (self.scales <= 0).any():
            raise ValueError("the scaling has an empty range or a scale that is not positive")

    @classmethod
    def fit(cls, numbers: NDArray[np.float64]) -> NumberScaling:
        """Learn from number columns of shape (n, m), NaN where missing; ±inf is not counted."""
        statistics = [_describe(column) for column in numbers.T]
        table = np.array(statistics, dtype=np.float64).reshape(len(statistics), 5).T
        missing = np.isnan(numbers)
        # A column without a single value says nothing by being missing.
        indicated = np.asarray(missing.any(axis=0) & ~missing.all(axis=0))
        medians, lows, highs, centers, scales = table
        return cls(medians, lows, highs, centers, scales, indicated)

    def transform(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale number columns.

        Parameters
        ----------
        numbers : ndarray of shape (n, m)
            NaN where missing; ±inf is the edge of the training range.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            The m columns, then the indicators; finite.
        """
        missing = np.isnan(numbers)
        filled = np.where(missing, self.medians, numbers)
        np.clip(filled, self.lows, self.highs, out=filled)
        filled += 0.0  # whether clipping keeps -0.0 depends on how many rows there are
        # Divided first: the difference of two huge numbers may overflow. In place, for of many
        # rows every further array counts.
        filled /= self.scales
        filled -= self.centers / self.scales
        return np.hstack([filled, missing[:, self.indicated]]) if self.indicated.any() else filled

    @property
    def n_columns(self) -> int:
        """Number of columns that it reads, m."""
        return len(self.medians)

    @cached_property
    def n_outputs(self) -> int:
        """Number of columns that it writes."""
        return self.n_columns + int(self.indicated.sum())


def _describe(column: NDArray[Any]) -> tuple[float, float, float, float, float]:
    """Return median, low, high, mean and deviation of the finite cells."""
    cells = column[np.isfinite(column)]
    if not len(cells):
        return 0.0, 0.0, 0.0, 0.0, 1.0
    low, high = float(cells.min()), float(cells.max())
    middle = np.partition(cells, [(len(cells) - 1) // 2, len(cells) // 2])
    # Halved before adding, and the moments of shrunk cells: sums of huge numbers overflow.
    median = float(middle[(len(cells) - 1) // 2] / 2 + middle[len(cells) // 2] / 2)
    if low == high:
        return low, low, low, low, 1.0
    magnitude = max(abs(low), abs(high))
    shrunk = cells / magnitude
    center = min(max(float(shrunk.mean()) * magnitude, low), high)
    return median, low, high, center, float(shrunk.std()) * magnitude or 1.0
