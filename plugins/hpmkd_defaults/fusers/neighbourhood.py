"""How wrong each teacher was on the training rows that are most like a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from hpmkd.student.transformer import TableEncoder
from hpmkd_defaults.fusers.blocks import BLOCK_ROWS

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

NEIGHBOURS = 25


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Training rows, ready to be searched, and what each teacher lost on them.

    Parameters
    ----------
    encoder : TableEncoder
        Makes complete, scaled columns of raw rows, so that distances mean something.
    index : NearestNeighbors
        The r encoded training rows.
    losses : ndarray of shape (r, M)
        Out-of-fold log loss of each teacher on each of them.
    """

    encoder: TableEncoder
    index: NearestNeighbors
    losses: FloatArray

    @classmethod
    def fit(cls, table: Any, losses: FloatArray) -> Neighbourhood:
        """Index the raw rows that the losses, of shape (r, M), belong to; r >= 2."""
        encoder = TableEncoder(kind="linear").fit(table)
        # One less than there are rows: none of them is its own neighbour.
        index = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(losses) - 1))
        index.fit(searchable(encoder, table))
        return cls(encoder, index, losses)

    def local_losses(self, table: Any) -> FloatArray:
        """Return each teacher's mean loss near new raw rows, of shape (n, M)."""
        queries = searchable(self.encoder, table)
        means = [
            self._means(self._nearest(rows, self.index.n_neighbors)) for rows in in_blocks(queries)
        ]
        return np.concatenate(means)

    def own_losses(self, table: Any) -> FloatArray:
        """Return the same for the indexed rows, none of which is its own neighbour."""
        queries = searchable(self.encoder, table)
        wanted = self.index.n_neighbors
        means, start = [], 0
        for rows in in_blocks(queries):
            found = self._nearest(rows, wanted + 1)
            itself = found == np.arange(start, start + len(rows))[:, np.newaxis]
            # Among many equal rows it may not be found at all: then the farthest goes.
            itself[~itself.any(axis=1), -1] = True
            means.append(self._means(found[~itself].reshape(len(rows), wanted)))
            start += len(rows)
        return np.concatenate(means)

    def _nearest(self, queries: FloatArray, count: int) -> IntArray:
        found: IntArray = self.index.kneighbors(queries, count, return_distance=False)
        return found

    def _means(self, near: IntArray) -> FloatArray:
        # Neighbour by neighbour: all at once would be 25 times the size of the result.
        total = np.zeros((len(near), self.losses.shape[1]))
        for rows in near.T:
            total += self.losses[rows]
        total /= near.shape[1]
        return total


def searchable(encoder: TableEncoder, table: Any) -> FloatArray:
    """Encode raw rows and see that distances between them exist."""
    encoded: FloatArray = encoder.transform(table)
    broken = np.flatnonzero(~np.isfinite(encoded).all(axis=1))
    if len(broken):
        # A search would silently call any row the nearest.
        raise ValueError(f"row {broken[0]} has no finite encoding: no neighbours can be found")
    if encoded.shape[1] == 0:
        return np.zeros((len(encoded), 1))
    return encoded


def in_blocks(queries: FloatArray) -> list[FloatArray]:
    """Cut encoded rows into blocks, so that no search holds many distances."""
    return [queries[at : at + BLOCK_ROWS] for at in range(0, len(queries), BLOCK_ROWS)]
