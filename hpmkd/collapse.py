"""Distils the ensemble of students into one student once more, if that pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd import splits, tables
from hpmkd.ensemble import unseen
from hpmkd.knowledge import Fusion
from hpmkd.training import SearchData, SelectionSplit, TrainingRows, evaluate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.components import Selected
    from hpmkd.contracts import Executor
    from hpmkd.counts import Counts
    from hpmkd.dataset import Dataset
    from hpmkd.values import Configuration, Trial


class MemberError(Exception):
    """A member of the ensemble cannot be cross-fitted; the message says why, and names it."""


@dataclass(frozen=True)
class Collapse:
    """Distils an ensemble: its out-of-fold word becomes the soft target of one student.

    Parameters
    ----------
    members : sequence of Configuration
        The students of the ensemble.
    fuser : Selected
        Fuses them.
    executor : Executor
        Where students are fitted.
    counts : Counts
        Counts them.
    n_folds : int
        Folds in which the members are cross-fitted, so that no row is described by a
        student that saw its label; the teachers of that student did see it.
    seed : int
        Source of the folds.
    """

    members: Sequence[Configuration]
    fuser: Selected
    executor: Executor
    counts: Counts
    n_folds: int
    seed: int

    def retargeted(self, training: TrainingRows, rows: Dataset, data: SearchData) -> TrainingRows:
        """Return rows whose soft targets are the ensemble's word about them, out of fold.

        Parameters
        ----------
        training : TrainingRows
            The n rows, encoded, with the teachers' word, which the members learn from.
        rows : Dataset
            The same n rows, raw.
        data : SearchData
            Stages and scheduler.

        Raises
        ------
        MemberError
            If the stage of a member fails.
        """
        # Without extra rows, though the members had some when they were chosen: the teachers
        # that labelled those saw the labels of all n rows, and so let a held row's label through.
        # Where labels are noise (600 rows, entropy 0.693 nats), the word about held rows has a
        # log loss of 0.64 as it is, for the soft targets leak in the same way; of 0.61 beside
        # 1500 real extra rows, and of 0.57 beside made ones, which are near copies of the rows.
        taught = replace(training, extra={})
        fold = splits.folds(rows.labels, self.n_folds, self.seed)
        parts = [self._part(taught, rows, fold == at) for at in range(int(fold.max()) + 1)]
        asked = unseen(self.members, replace(data, splits=tuple(parts)), self.executor)
        self.counts.models_trained += sum(own.models_trained for own in asked)
        for own in asked:
            if own.failure is not None:
                raise MemberError(own.failure)
        together = np.stack([own.said for own in asked])
        fusion = Fusion.fit(self.fuser, together, rows.labels, rows.table)
        return replace(training, soft_targets=fusion.fuse(together, rows.table)[0])

    def _part(self, taught: TrainingRows, rows: Dataset, held: NDArray[np.bool_]) -> SelectionSplit:
        at = np.flatnonzero(held)
        seen = taught.rows(np.flatnonzero(~held))
        return SelectionSplit(seen, at, tables.take(rows.table, at), rows.labels[at])

    def trial(self, configuration: Configuration, selection: SearchData, number: int) -> Trial:
        """Evaluate the collapsed student on selection splits that carry its soft targets."""
        (_, trial), *_ = self.executor.run(evaluate, selection, [(number, configuration)])
        result: Trial = trial
        self.counts.models_trained += result.models_trained
        return result
