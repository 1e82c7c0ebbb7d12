"""Rows of any kind of raw table: choosing some, and taking them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


def take(table: Any, rows: IntArray | slice) -> Any:
    """Return some rows of a frame or array, by position."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]


def stratified(codes: IntArray, count: int, seed: int | None = None) -> IntArray:
    """Return `count` row numbers, rising, that keep the shares of the classes.

    Rows are sorted by class, and of that order evenly spaced ones are taken. Unlike a draw
    class by class it never fails: a class of one row is simply taken or not.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class codes.
    count : int
        Rows wanted, >= 1; all are returned if there are no more.
    seed : int or None
        Source of the order within a class; None keeps the order of the table.
    """
    n = len(codes)
    if n <= count:
        return np.arange(n)
    if seed is None:
        by_class = np.argsort(codes, kind="stable")
        places: FloatArray = np.linspace(0, n - 1, count)
    else:
        # The middle of each stretch, not its ends: no better, but teachers were measured so.
        by_class = np.lexsort((np.random.default_rng(seed).random(n), codes))
        places = (np.arange(count) + 0.5) * (n / count)
    return np.sort(by_class[places.astype(np.intp)])
