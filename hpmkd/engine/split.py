"""Step 1: which rows are fitted on, and which choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.data import splits
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
    #: Numbers of the training rows to fit on, and of the selection rows; several, if every row is a
    #: selection row once.
    folds: Sequence[tuple[IntArray, IntArray]]
    teacher_folds: int  # folds in which teachers are cross-fitted
    #: With so many rows that teachers can do without the selection rows, those of the trials are
    #: also those of the students on all rows.
    teachers_fit_once: bool


def split(ctx: RunContext, training: Dataset, test: Dataset, unlabeled: Any) -> RunRows:
    """Choose the selection rows.

    Raises
    ------
    DataError
        If the rows without labels do not have the columns of the training rows.
    RecipeError
        If the budget is too small for a single student and its control.
    """
    settings, n = ctx.recipe.split, len(training)
    folds = splits.for_selection(training.labels, settings, ctx.seeds.selection)
    ctx.budget_plan.check(len(folds), ctx.recipe.search.alphas.soft)
    rows = RunRows(
        training=training,
        test=test,
        unlabeled=None if unlabeled is None else unlabeled_rows(unlabeled, training),
        folds=folds,
        teacher_folds=splits.folds_of_teachers(settings, n),
        teachers_fit_once=splits.exceeds(n, settings.once_above) and len(folds) == 1,
    )
    warn_of_rare_classes(training, rows.teacher_folds)
    return rows
