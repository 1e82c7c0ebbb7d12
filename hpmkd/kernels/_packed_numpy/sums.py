"""Sums whose terms are added one after another, and how much is done at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Words = NDArray[np.uint32]
Places = NDArray[np.intp]
_Values = TypeVar("_Values", Floats, Singles)

#: Values that are worked on at a time, so that they stay in the cache.
AT_ONCE = 2**16
#: Where a term has fewer values, a call for each costs more than NumPy's slow accumulation.
_NARROW = 64


def add_in_order(start: _Values, terms: _Values) -> _Values:
    """Return a new array: `start` of some shape, plus each of `terms`, the first one first.

    Parameters
    ----------
    start : ndarray of shape (...)
    terms : ndarray of shape (T, ...)
        Of the same dtype.
    """
    if start.size < _NARROW:
        stacked: _Values = np.concatenate([start[np.newaxis], terms])
        return np.asarray(np.add.accumulate(stacked, axis=0)[-1])
    total = start.copy()
    for term in terms:
        total += term
    return total


def parts(n: int, size: int, multiple: int = 1) -> Iterator[slice]:
    """Cut `n` things of `size` values each into parts that stay in the cache.

    Each but the last is a multiple of `multiple` things.
    """
    step = max(1, AT_ONCE // max(1, size * multiple)) * multiple
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))
