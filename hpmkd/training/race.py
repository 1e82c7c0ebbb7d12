"""Racing: a candidate that is clearly worse on the first folds is not fitted on the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hpmkd.evaluation.gates import compare

if TYPE_CHECKING:
    from hpmkd.evaluation.gates import LossComparison
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import FloatArray, IntArray, Trial

#: Standard errors of the paired difference beyond which a candidate is clearly worse.
CLEAR = 2.0


class RowLosses(NamedTuple):
    """What selection rows add to the losses of a trial."""

    by_metric: FloatArray  # (n,): by the run's metric, which decides
    nats: FloatArray  # (n,): log losses

    @classmethod
    def of(cls, trial: Trial) -> RowLosses:
        """Return those of a trial."""
        return cls(trial.losses, trial.row_losses)


@dataclass
class Race:
    """Compares a candidate with the leader, row by row, as folds come in.

    Parameters
    ----------
    leader : RowLosses
        The leader's, of all n selection rows.
    numbers : ndarray of shape (n,)
        The numbers of these rows.
    weights : ndarray of shape (n,), optional
        How much each of them counts, > 0; without them all count the same.

    Notes
    -----
    Racing drops a candidate as soon as a paired test shows that it is worse (Maron and Moore 1994;
    Birattari et al. 2002). The candidate has the rounds that suit the folds so far, the leader
    those that suit all folds: that favours the candidate.
    """

    leader: RowLosses
    numbers: IntArray
    weights: FloatArray | None = None
    _own: list[RowLosses] = field(default_factory=list)
    _rows: list[IntArray] = field(default_factory=list)

    def lost(self, split: SelectionSet, losses: RowLosses) -> float | None:
        """Return by how many nats the candidate is worse, if it clearly is; else None.

        `losses` are those of the h selection rows of `split`.
        """
        self._rows.append(np.searchsorted(self.numbers, split.held_rows))
        self._own.append(losses)
        by_metric, nats = map(self._compared, ("by_metric", "nats"))
        return nats.gain if by_metric.gain > CLEAR * by_metric.standard_error else None

    def _compared(self, kind: str) -> LossComparison:
        own, rows = (
            np.concatenate(each)
            for each in ([getattr(each, kind) for each in self._own], self._rows)
        )
        weights = None if self.weights is None else self.weights[rows]
        return compare(own, getattr(self.leader, kind)[rows], weights)
