"""The rows that a teacher stops on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd_defaults.rows import stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray

#: Every how manieth row is held out: a share of 1/7.
STEP = 7
#: A stopping rule that looks at fewer rows follows noise.
FEWEST_HELD_OUT = 20


def held_out_rows(codes: IntArray, most: int, seed: int) -> NDArray[np.bool_] | None:
    """Choose rows to stop on, with the shares of the classes.

    Every seventh row, or fewer; see :func:`~hpmkd_defaults.rows.stratified`.

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
    mask = np.zeros(n, dtype=bool)
    mask[stratified(codes, min(most, n // STEP), seed)] = True
    return mask
