"""Masked arrays, whose hidden cells are missing."""

from __future__ import annotations

from typing import Any

import numpy as np


def unmasked(array: Any) -> np.ndarray[Any, Any]:
    """Return an array without a mask: hidden cells become NaN, or None among others than numbers.

    Parameters
    ----------
    array : array-like
        Copied only if it is masked and hides cells.
    """
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    if not np.ma.is_masked(array):
        return np.asarray(array.data)
    number = array.dtype.kind in "biuf"
    plain = array.data.astype(np.float64 if number else object)
    plain[np.ma.getmaskarray(array)] = np.nan if number else None
    return np.asarray(plain)
