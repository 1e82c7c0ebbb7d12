"""The nearest other row of each row, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from hpmkd.student.transformer import TableEncoder
from hpmkd_defaults.rows import take

if TYPE_CHECKING:
    from hpmkd.values import IntArray

#: Rows among which neighbours are looked for: beyond it, students do not get better.
POOL = 4000
#: Rows looked up at a time.
BLOCK = 4096


def nearest_other(table: Any, rows: IntArray, rng: np.random.Generator) -> IntArray:
    """Return, for each of some rows, the number of its nearest other row.

    Distances are Euclidean over imputed, scaled and one-hot columns. A table of more than
    `POOL` rows is searched in a random draw of that many. A lone row is its own neighbour.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw rows.
    rows : ndarray of shape (m,)
        Row numbers.
    rng : numpy.random.Generator
        Draws the pool.
    """
    n = table.shape[0]
    pool = np.arange(n) if n <= POOL else np.sort(rng.choice(n, POOL, replace=False))
    # Fitted on the pool alone, so that no matrix of all rows is ever made.
    encoder = TableEncoder(kind="linear").fit(take(table, pool))
    search = NearestNeighbors(n_neighbors=min(2, len(pool)), algorithm="brute")
    # One thread: among equally near rows, the number of threads would decide.
    with threadpool_limits(1):
        search.fit(_complete(encoder.transform(take(table, pool))))
        found = []
        for start in range(0, len(rows), BLOCK):
            asked = rows[start : start + BLOCK]
            near = search.kneighbors(
                _complete(encoder.transform(take(table, asked))), return_distance=False
            )
            near = pool[near]
            own = near[:, 0] == asked
            found.append(np.where(own, near[:, -1], near[:, 0]))
    return np.concatenate(found)


def _complete(matrix: Any) -> Any:
    # A NaN is at no distance from anything: neighbours would be arbitrary, without a word.
    if not np.isfinite(matrix).all():
        raise ValueError("the encoded rows hold NaN or infinite cells; no row is nearest to them")
    return matrix
