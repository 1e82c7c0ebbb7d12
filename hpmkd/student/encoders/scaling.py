"""Number columns, imputed, clipped and standardised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import finite, owned

#: Cells that are described in one go: thousands of columns together, many rows column by column.
CELLS_AT_ONCE = 500_000
#: Median, low, high, mean and deviation of a column without a finite cell.
EMPTY = (0.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class NumberScaling:
    """Impute, clip, standardise; indicate where cells were missing.

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
    def fit(
        cls, numbers: NDArray[np.float64], tell_missing: NDArray[np.bool_] | bool = True
    ) -> NumberScaling:
        """Learn from numbers of shape (n, m), NaN where missing; ±inf is not counted.

        Only those in `tell_missing` get an indicator.
        """
        n, m = numbers.shape
        width = max(1, CELLS_AT_ONCE // max(1, n))
        blocks = [_describe(numbers[:, at : at + width]) for at in range(0, m, width)]
        table = np.hstack([np.empty((5, 0)), *blocks])
        missing = np.isnan(numbers)
        # A column without a single value has no information in being missing.
        indicated = np.asarray(missing.any(axis=0) & ~missing.all(axis=0) & tell_missing)
        medians, lows, highs, centers, scales = table
        return cls(medians, lows, highs, centers, scales, indicated)

    def transform(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale number columns of shape (n, m): NaN where missing, ±inf is the edge of the range.

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


def _describe(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return median, low, high, mean and deviation of the finite cells of columns, (5, m)."""
    columns = np.ascontiguousarray(numbers.T)
    finite_cells = np.isfinite(columns)
    complete = finite_cells.all(axis=1) & (columns.shape[1] > 0)
    table = np.empty((5, len(columns)))
    table[:, complete] = _describe_complete(columns[complete])
    for at in np.flatnonzero(~complete):
        cells = columns[at, finite_cells[at]]
        table[:, at] = _describe_complete(cells[np.newaxis])[:, 0] if len(cells) else EMPTY
    return table


def _describe_complete(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same for columns of finite cells, of shape (m, n)."""
    n = columns.shape[1]
    if not columns.size:
        return np.empty((5, 0))
    low, high = columns.min(axis=1), columns.max(axis=1)
    middle = np.partition(columns, [(n - 1) // 2, n // 2], axis=1)
    # Halved before adding, and the moments of shrunk cells: sums of huge numbers overflow.
    median = middle[:, (n - 1) // 2] / 2 + middle[:, n // 2] / 2
    magnitude = np.maximum(np.abs(low), np.abs(high))
    shrunk = columns / np.where(magnitude > 0, magnitude, 1)[:, np.newaxis]
    center = np.clip(shrunk.mean(axis=1) * magnitude, low, high)
    scale = shrunk.std(axis=1) * magnitude
    constant = low == high
    return np.stack(
        [
            np.where(constant, low, median),
            low,
            high,
            np.where(constant, low, center),
            np.where(constant | (scale == 0), 1.0, scale),
        ]
    )
