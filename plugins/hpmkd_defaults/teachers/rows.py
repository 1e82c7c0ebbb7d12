"""Which rows a teacher stops on, and which it can do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray

#: Every how manieth row is held out: a share of 1/7.
STEP = 7
#: A stopping rule that looks at fewer rows follows noise.
FEWEST_HELD_OUT = 20


def held_out(codes: IntArray, most: int, seed: int) -> NDArray[np.bool_] | None:
    """Choose rows to stop on, with the shares of the classes.

    Rows are sorted by class, at random within, and every seventh is taken. Unlike a split
    class by class it never fails: a class of one row is simply on one of the two sides.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class codes.
    most : int
        Rows to hold out at most, >= 1.
    seed : int
        Source of the order within a class.

    Returns
    -------
    ndarray of shape (n,) or None
        True for the rows held out; None if they would be fewer than 20.
    """
    n = len(codes)
    if n < STEP * FEWEST_HELD_OUT:
        return None
    chosen = spread(codes, min(most, n // STEP), seed)
    mask = np.zeros(n, dtype=bool)
    mask[chosen] = True
    return mask


def spread(codes: IntArray, count: int, seed: int) -> IntArray:
    """Return `count` row numbers, at random but with the shares of the classes.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class codes.
    count : int
        Rows wanted, from 1 to n.
    seed : int
        Source of the order within a class.
    """
    rng = np.random.default_rng(seed)
    by_class = np.lexsort((rng.random(len(codes)), codes))
    places = (np.arange(count) + 0.5) * (len(codes) / count)
    return np.sort(by_class[places.astype(np.intp)])
