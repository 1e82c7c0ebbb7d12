"""The nearest of some rows: one search, for fusers and augmenters, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import ThreadpoolController

from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd_defaults.rows import take

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Rows looked up at a time: their distances to all indexed rows may exist at once.
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Raw rows, encoded and ready to be searched.

    Distances are Euclidean over imputed, scaled and one-hot columns. Memory grows with the
    indexed rows, which are the caller's to bound, and with those looked up, never with the
    product of both.

    Every row has neighbours: one whose cells are all missing lies where imputation puts it.
    Where nothing tells the rows apart, because they are equal or no column has a value, all
    are equally near, and the search names some of them, the same ones each time.

    Parameters
    ----------
    encoder : TableEncoder
        Makes complete, scaled columns of raw rows, so that distances mean something.
    index : NearestNeighbors
        The r encoded rows. Its ``n_neighbors`` is k, how many are looked for.
    """

    encoder: TableEncoder
    index: NearestNeighbors

    @classmethod
    def fit(cls, table: Any, count: int, algorithm: str = "auto") -> Neighbours:
        """Index raw rows.

        Parameters
        ----------
        table : DataFrame or ndarray of r >= 1 rows
            Raw rows.
        count : int
            Neighbours to look for; k is less if there are not so many other rows.
        algorithm : str
            Of scikit-learn's search. Of equally near rows another one may name others.
        """
        encoder = TableEncoder(kind="linear").fit(table)
        k = max(1, min(count, table.shape[0] - 1))
        index = NearestNeighbors(n_neighbors=k, algorithm=algorithm)
        return cls(encoder, index.fit(encode(encoder, table)))

    def nearest(self, table: Any) -> IntArray:
        """Return the positions (n, k) of the indexed rows nearest to n raw rows, nearest first."""
        return self._search(table, self.index.n_neighbors)

    def others(self, table: Any, own: IntArray) -> IntArray:
        """Return the same for rows that may be indexed, none of which is its own neighbour.

        Only a lone row is: there is no other.

        Parameters
        ----------
        table : DataFrame or ndarray of n rows
            Raw rows.
        own : ndarray of shape (n,)
            Position of each row among the indexed ones; -1 if it is none of them.
        """
        if self.index.n_samples_fit_ == 1:
            return self.nearest(table)
        found = self._search(table, self.index.n_neighbors + 1)
        itself = found == own[:, np.newaxis]
        # A new row, or one of many equal rows, is not found at all: then the farthest goes.
        itself[~itself.any(axis=1), -1] = True
        others: IntArray = found[~itself].reshape(len(found), -1)
        return others

    def _search(self, table: Any, count: int) -> IntArray:
        n = table.shape[0]
        found = np.empty((n, count), dtype=np.intp)
        # One thread: among equally near rows, the number of threads would decide.
        with _openmp().limit(limits=1):
            for start in range(0, n, BLOCK):
                rows = slice(start, min(start + BLOCK, n))
                queries = encode(self.encoder, take(table, rows), start)
                found[rows] = self.index.kneighbors(queries, count, return_distance=False)
        return found


def encode(encoder: Any, table: Any, first: int = 0) -> FloatArray:
    """Encode raw rows and see that distances between them exist.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.
    table : DataFrame or ndarray of n rows
        Raw rows.
    first : int
        What an error message calls the first of them.

    Returns
    -------
    ndarray of shape (n, d)
        Finite, d >= 1.

    Raises
    ------
    ValueError
        A row is not finite.
    """
    encoded: FloatArray = encoder.transform(table)
    broken = np.flatnonzero(~np.isfinite(encoded).all(axis=1))
    if len(broken):
        # A NaN is at no distance from anything: any row would silently be the nearest.
        raise ValueError(
            f"row {first + broken[0]} has no finite encoding: no neighbours can be found"
        )
    # Columns without a single value encode to none: all rows are in the same place.
    return encoded if encoded.shape[1] else np.zeros((len(encoded), 1))


@cache
def _openmp() -> ThreadpoolController:
    # Looked up once, for that takes 10 ms, longer than a row. The search itself limits BLAS.
    return ThreadpoolController().select(user_api="openmp")
