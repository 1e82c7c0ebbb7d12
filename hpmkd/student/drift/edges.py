"""Bounds of bins: numbers of few digits that cut a column into ten about equal shares.

A bound is rounded as far as its bin may grow or shrink by a hundredth of the rows, and the ends of
the range outwards by up to a thousandth of it. So bounds take few bytes in a file, and are no
cell of a training row except where values have few digits themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DECILES = np.arange(1, 10) / 10
_SLACK = 0.01
#: The bounds of ten bins.
MAX_EDGES = len(_DECILES) + 2


def edges_of(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the bounds of the bins of a column.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        NaN and infinite ones do not count.

    Returns
    -------
    tuple of float
        Ascending, both ends of the range among them: 2 to 11 bounds, or none without any number.
        All numbers that lie in a bin with a bound are below or equal to it. A value that fills
        several bins has one of its own.
    """
    values, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    if not len(values):
        return ()
    low, high = float(values[0]), float(values[-1])
    slack = high / 1000 - low / 1000  # the range itself might be infinite
    start = _shortest(low - slack, math.nextafter(low, math.inf), low)
    end = _shortest(high, math.nextafter(high + slack, math.inf), high)
    return (start, *sorted(set(_bounds(values, counts))), end)


def _bounds(values: NDArray[np.float64], counts: NDArray[np.intp]) -> Iterator[float]:
    """Return the bounds between bins, for each decile the nearest that there can be."""
    # A bound lies between two values: the share of the cells below each such place.
    below = np.cumsum(counts[:-1]) / counts.sum()
    if not len(below):
        return
    firsts = np.searchsorted(below, _DECILES - _SLACK)
    lasts = np.searchsorted(below, _DECILES + _SLACK)
    for decile, first, last in zip(_DECILES, firsts, lasts, strict=True):
        if first == last:  # one value is more than that
            first = int(np.abs(below - decile).argmin())
            last = first + 1
        lower, upper = float(values[first]), float(values[last])
        yield _shortest(lower, upper, lower / 2 + upper / 2)


def _shortest(low: float, high: float, near: float) -> float:
    """Return a number in [low, high) to which another one is rounded, of as few digits as can be.

    That number itself, or `low`, if no rounded one is in there.
    """
    for digits in range(1, 18):
        rounded = float(f"{near:.{digits}g}")
        if low <= rounded < high and math.isfinite(rounded):
            return rounded + 0.0  # no negative zero
    return low
