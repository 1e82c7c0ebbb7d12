"""Step 1: which rows are fitted on, and which choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import splits, tables
from hpmkd.data.dataset import warn_of_rare_classes
from hpmkd.data.unlabeled import unlabeled_rows

if TYPE_CHECKING:
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.context import RunContext
    from hpmkd.values import IntArray


@dataclass(frozen=True, eq=False)
class RunRows:
    """The rows of a run."""

    training: Dataset
    test: Dataset
    unlabeled: Any  # rows without labels, with the columns of the training rows
    #: (n,): fold of each training row, -1 of those that no teacher sees: the selection rows, where
    #: one holdout chooses. Otherwise every row is a selection row once, and its fold is held out.
    fold_of_row: IntArray

    @cached_property
    def n_folds(self) -> int:
        """Folds in which teachers are cross-fitted."""
        return int(self.fold_of_row.max()) + 1

    @cached_property
    def one_holdout(self) -> bool:
        """Whether one holdout chooses, which teachers do not see."""
        return bool((self.fold_of_row < 0).any())

    @property
    def held_folds(self) -> Sequence[int]:
        """The folds that are held out, one after the other, to judge students."""
        return [splits.UNSEEN] if self.one_holdout else range(self.n_folds)

    def outside(self, fold: int) -> IntArray:
        """Return the numbers of the rows that students are fitted on while a fold is held out."""
        return np.flatnonzero(self.fold_of_row != fold)

    def inside(self, fold: int) -> IntArray:
        """Return the numbers of the rows of a fold."""
        return np.flatnonzero(self.fold_of_row == fold)


def split(ctx: RunContext, training: Dataset, test: Dataset, unlabeled: Any) -> RunRows:
    """Choose the selection rows.

    Raises
    ------
    DataError
        If the rows without labels do not have the columns of the training rows.
    RecipeError
        If the budget is too small for a single student.
    """
    dealt = splits.for_selection(training.labels, ctx.recipe.split, ctx.seeds.selection)
    rows = RunRows(
        training=training,
        test=test,
        unlabeled=None if unlabeled is None else unlabeled_rows(unlabeled, training),
        fold_of_row=tables.frozen(dealt),  # closed for writing, it reaches each worker once
    )
    ctx.budget_plan.check(len(rows.held_folds))
    warn_of_rare_classes(training, rows.n_folds)
    return rows
