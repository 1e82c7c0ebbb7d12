"""The loss of each teacher on the training rows that are most like a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd_defaults.neighbours import Neighbours

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

NEIGHBOURS = 25


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Training rows, ready to be searched, and what each teacher lost on them.

    Parameters
    ----------
    neighbours : Neighbours
        The r training rows.
    losses : ndarray of shape (r, M)
        Out-of-fold log loss of each teacher on each of them.
    """

    neighbours: Neighbours
    losses: FloatArray

    @classmethod
    def fit(cls, table: Any, losses: FloatArray) -> Neighbourhood:
        """Index the raw rows that the losses, of shape (r, M), belong to; r >= 2."""
        return cls(Neighbours.fit(table, NEIGHBOURS), losses)

    def local_losses(self, table: Any) -> FloatArray:
        """Return each teacher's mean loss near new raw rows, of shape (n, M)."""
        return self._means(self.neighbours.nearest(table))

    def own_losses(self, table: Any) -> FloatArray:
        """Return the same for the indexed rows, none of which is its own neighbour."""
        return self._means(self.neighbours.others(table, np.arange(len(self.losses))))

    def _means(self, near: IntArray) -> FloatArray:
        # Neighbour by neighbour: all at once would be 25 times the size of the result.
        total = np.zeros((len(near), self.losses.shape[1]))
        for rows in near.T:
            total += self.losses[rows]
        total /= near.shape[1]
        return total
