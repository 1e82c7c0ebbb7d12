"""The nearest other row of each row, among not too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd_defaults.neighbours import Neighbours
from hpmkd_defaults.rows import take

if TYPE_CHECKING:
    from hpmkd.values import IntArray


def nearest_other(table: Any, rows: IntArray, rng: np.random.Generator, most: int = 0) -> IntArray:
    """Return, for each of some rows, the number of its nearest other row.

    Distances are those of :class:`~hpmkd_defaults.neighbours.Neighbours`. A table of more than
    `most` rows is searched in a random draw of that many. A lone row is its own neighbour.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw rows.
    rows : ndarray of shape (m,)
        Row numbers.
    rng : numpy.random.Generator
        Draws the pool.
    most : int
        Rows of the pool; 0 for all.
    """
    n = table.shape[0]
    pool = np.sort(rng.choice(n, most, replace=False)) if 0 < most < n else np.arange(n)
    position = np.full(n, -1)
    position[pool] = np.arange(len(pool))
    # Exhaustive: at 15 columns a tree takes eight times as long.
    neighbours = Neighbours.fit(take(table, pool), 1, algorithm="brute")
    return pool[neighbours.others(take(table, rows), position[rows])[:, 0]]
