"""Comparisons of float32 as comparisons of doubles, which need no rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SIGN = np.int64(63)
_REST = np.int64(0x7FFF_FFFF_FFFF_FFFF)


def exact_bounds(thresholds: ArrayLike, offsets: ArrayLike) -> NDArray[np.float64]:
    """Return b so that ``x < b`` splits doubles as ``float32(x - offset) < threshold`` does.

    Parameters
    ----------
    thresholds : array-like of shape (n,)
        Read as float32; not NaN.
    offsets : array-like of shape (n,)
        Subtracted in float64; finite.

    Returns
    -------
    ndarray of shape (n,)
        float64: the smallest x, -inf among them, for which the second is false. Subtracting and
        rounding keep the order, so that all larger ones are on the same side.

    Examples
    --------
    >>> bound = exact_bounds([0.1], [0.0])[0]
    >>> [bool(np.float32(x) < np.float32(0.1)) for x in (np.nextafter(bound, 0.0), bound)]
    [True, False]
    """
    wanted = np.asarray(thresholds, dtype=np.float32)
    shift = np.broadcast_to(np.asarray(offsets, dtype=np.float64), wanted.shape)
    low, high = (np.full(wanted.shape, _place(np.float64(end))) for end in (-np.inf, np.inf))
    with np.errstate(over="ignore", invalid="ignore"):
        while (low < high).any():
            middle = (low >> 1) + (high >> 1) + (low & high & 1)  # the sum may overflow
            below = (_double(middle) - shift).astype(np.float32) < wanted
            low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    return _double(low) + 0.0  # no negative zero


def _place(value: np.float64) -> np.int64:
    """Return where a double stands in the order of all."""
    bits = value.view(np.int64)
    return np.int64(bits ^ ((bits >> _SIGN) & _REST))


def _double(place: NDArray[np.int64]) -> NDArray[np.float64]:
    return (place ^ ((place >> _SIGN) & _REST)).view(np.float64)
