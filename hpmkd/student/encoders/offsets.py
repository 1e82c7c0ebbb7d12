"""What to subtract from large numbers, so that single precision keeps their differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The middle of a column is far from zero if it is this many interquartile ranges away.
FAR = 8
#: Cells are close if they are fewer than so many float32 numbers apart.
CLOSE = 16
#: Rows that show where the middle of a column is; at most twice as many are sorted.
FEW_ROWS = 1000
#: How far float32 numbers near 1 are apart.
EPSILON = float(np.finfo(np.float32).eps)


def float32_offsets(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what to subtract from each column before it is rounded to float32.

    Around 1.7e12, milliseconds since 1970, neighbours in float32 are 131 seconds apart: whatever
    differs by less is one number. Less their median, most cells are small enough to be told
    apart. The offset is a cell of the column, so that whole numbers stay whole.

    Parameters
    ----------
    matrix : ndarray of shape (n, d)
        Cells of training rows; NaN and ±inf are not counted.

    Returns
    -------
    ndarray of shape (d,)
        0 for columns that lose nothing, or would not gain: their middle is near zero, or float32
        tells their cells well apart.
    """
    offsets = np.zeros(matrix.shape[1])
    few = matrix[:: max(1, len(matrix) // FEW_ROWS)]
    with np.errstate(over="ignore"):
        rounded = (few.astype(np.float32) != few) & np.isfinite(few)
        for j in np.flatnonzero(rounded.any(axis=0)):
            offsets[j] = _offset(few[:, j], matrix[:, j])
    return offsets


def _offset(few: NDArray[np.float64], cells: NDArray[np.float64]) -> float:
    few = np.sort(few[np.isfinite(few)])
    low, middle, high = (float(few[(len(few) - 1) * k // 4]) for k in (1, 2, 3))
    if abs(middle) < FAR * (high - low):
        return 0.0
    gaps = np.diff(np.unique(cells[np.isfinite(cells)]))
    return middle if gaps.min(initial=np.inf) < CLOSE * EPSILON * abs(middle) else 0.0
