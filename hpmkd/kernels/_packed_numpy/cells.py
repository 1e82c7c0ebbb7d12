"""The cells that trees compare: missing ones become what takes their default direction."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpmkd.kernels._packed_numpy.sums import Floats, Places, Singles, Words


class CellsPlan(NamedTuple):
    """Which cells trees compare, U of them.

    Parameters
    ----------
    columns : ndarray of shape (U,)
    offsets : ndarray of shape (U, 1)
    low, high : int
        Up to `low` NaN becomes -inf, up to `high` +inf; the others mark whether a cell is there.
    """

    columns: Places
    offsets: Floats
    low: int
    high: int


def cells_plan(words: Words) -> CellsPlan:
    """Read the plan from the words of a student that has trees."""
    n, at = int(words[5]), int(words[6])
    offsets = words.view(np.float64)[int(words[at + n]) :][:n]
    columns = words[at : at + n].astype(np.intp)
    return CellsPlan(columns, offsets[:, np.newaxis], int(words[9]), int(words[11]))


def cells_of(rows: NDArray[Any], plan: CellsPlan) -> Singles:
    """Return the cells (U, n) of rows (n, d)."""
    read = rows.T[plan.columns] - plan.offsets
    cells = read.astype(np.float32)
    missing = np.isnan(cells)
    np.copyto(cells[: plan.low], -np.inf, where=missing[: plan.low])
    np.copyto(cells[plan.low : plan.high], np.inf, where=missing[plan.low : plan.high])
    cells[plan.high :] = np.where(np.isnan(rows.T[plan.columns[plan.high :]]), -np.inf, np.inf)
    return cells
