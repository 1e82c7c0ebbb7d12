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
    n_folds : int
        Folds in which the members are cross-fitted, so that no row is described by a
        student that saw its label.
    seed : int
        Source of the folds.
    with_extra : bool
        Whether the members learn from extra rows too: from real ones, as they did when they
        were chosen.
    """

    members: Sequence[Configuration]
    fuser: Selected
    executor: Executor
    n_folds: int
    seed: int
    with_extra: bool

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
        # The teachers that labelled the extra rows saw the labels of all n rows, as those did
        # whose word the members learn about the n rows. So a held row's label gets through, but
        # no further than it does anyway, as long as extra rows are rows of their own. Made ones
        # are near copies of the held rows: a member would look the label up there.
        taught = training if self.with_extra else replace(training, extra={})
        fold = splits.folds(rows.labels, self.n_folds, self.seed)
        parts = [self._part(taught, rows, fold == at) for at in range(int(fold.max()) + 1)]
        said = []
        for own in unseen(self.members, replace(data, splits=tuple(parts)), self.executor):
            if isinstance(own, str):
                raise MemberError(own)
            said.append(own)
        together = np.stack(said)
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
        return result
