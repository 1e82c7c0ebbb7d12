"""Racing: a candidate that is clearly worse on the first folds is not fitted on the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.gates import compare

if TYPE_CHECKING:
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import FloatArray, IntArray

#: Standard errors of the paired difference beyond which a candidate is clearly worse.
CLEAR = 2.0


@dataclass
class Race:
    """Compares a candidate with the leader, row by row, as folds come in.

    Parameters
    ----------
    leader : ndarray of shape (n,)
        The leader's losses of all selection rows, in nats.
    numbers : ndarray of shape (n,)
        The numbers of these rows.

    Notes
    -----
    Racing drops a candidate as soon as a paired test says that it is worse (Maron and Moore 1994;
    Birattari et al. 2002). The candidate has the rounds that suit the folds so far, the leader
    those that suit all folds: that favours the candidate.
    """

    leader: FloatArray
    numbers: IntArray
    _own: list[FloatArray] = field(default_factory=list)
    _leader: list[FloatArray] = field(default_factory=list)

    def lost(self, split: SelectionSet, losses: FloatArray) -> float | None:
        """Return by how much the candidate is worse, if that is clear; else None.

        `losses` (h,) are those of the selection rows of `split`.
        """
        self._own.append(losses)
        self._leader.append(self.leader[np.searchsorted(self.numbers, split.held_rows)])
        found = compare(np.concatenate(self._own), np.concatenate(self._leader))
        return found.gain if found.gain > CLEAR * found.standard_error else None
