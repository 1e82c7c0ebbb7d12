"""Distils the ensemble of students into one student once more, if that pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd import splits
from hpmkd.ensemble import unseen
from hpmkd.knowledge import fit_and_fuse
from hpmkd.training import SearchData, evaluate, selection_split

if TYPE_CHECKING:
    from hpmkd.components import Selected
    from hpmkd.contracts import Executor
    from hpmkd.dataset import Dataset
    from hpmkd.training import SelectionSplit
    from hpmkd.values import Configuration, FloatArray, Trial


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
    """

    members: Sequence[Configuration]
    fuser: Selected
    executor: Executor
    n_folds: int
    seed: int

    def soft_targets(
        self, rows: Dataset, soft_targets: FloatArray, data: SearchData, encodings: set[str]
    ) -> FloatArray:
        """Return the ensemble's word (n, K) about `rows`, out of fold.

        Parameters
        ----------
        rows : Dataset
            The n rows.
        soft_targets : ndarray of shape (n, K)
            The teachers' word about them, which the members learn from.
        data : SearchData
            Stages and scheduler.
        encodings : set of str
            Encodings in use.
        """
        fold = splits.folds(rows.labels, self.n_folds, self.seed)
        parts = []
        for at in range(int(fold.max()) + 1):
            seen, held = np.flatnonzero(fold != at), np.flatnonzero(fold == at)
            parts.append(selection_split(rows, seen, held, (soft_targets[seen], None), encodings))
        said = unseen(self.members, replace(data, splits=tuple(parts)), self.executor)
        return fit_and_fuse(self.fuser, said, rows.labels, rows.table)

    def trial(self, configuration: Configuration, selection: SearchData, number: int) -> Trial:
        """Evaluate the collapsed student on selection splits that carry its soft targets."""
        (_, trial), *_ = self.executor.run(evaluate, selection, [(number, configuration)])
        result: Trial = trial
        return result


def retarget(split: SelectionSplit, soft_targets: FloatArray) -> SelectionSplit:
    """Return a selection split whose rows have other soft targets."""
    return replace(split, training=replace(split.training, soft_targets=soft_targets))
