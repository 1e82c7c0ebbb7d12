"""Gives a fuser that uses them the current student's out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpmkd.engine.student_teachers import as_teacher, fold_matrices, with_students
from hpmkd.errors import HpmkdError
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.knowledge.student_state import StudentState
from hpmkd.training.refit import candidates

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.knowledge.builder import KnowledgeBuilder
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.training.datasets import SelectionSet
    from hpmkd.values import Configuration, FloatArray, Trial


def student_state(
    ctx: RunContext,
    rows: RunRows,
    builder: KnowledgeBuilder,
    trials: Sequence[Trial],
    sets: Sequence[SelectionSet],
    in_pairs: bool,
) -> StudentState:
    """Return what the best student of some trials predicts; nothing where no fuser uses it.

    Parameters
    ----------
    ctx : RunContext
        Of the run.
    rows : RunRows
        Those that the trials were cross-validated on.
    builder : KnowledgeBuilder
        Knows which further rows are predicted.
    trials : sequence of Trial
        With the students of the best.
    sets : sequence of SelectionSet
        What these were fitted on, fold by fold.
    in_pairs : bool
        Whether teachers are fitted without pairs of folds: so is the student then, which
        must be one on hard labels.
    """
    if not asks(ctx.parts.fuser):
        return StudentState()
    current = current_student(ctx, trials)
    if rows.one_holdout or current is None:
        return _nothing(ctx, "no student was cross-validated")
    outside: Sequence[FloatArray] = ()
    if in_pairs:
        found = _outside(ctx, current.configuration, sets)
        if isinstance(found, str):
            return _nothing(ctx, found)
        outside = found
    own = builder.predict(
        [as_teacher(current, fold_matrices(sets))], builder.folds, builder.queries
    )
    return StudentState(own, dict(enumerate(outside)))


def current_student(ctx: RunContext, trials: Sequence[Trial]) -> Trial | None:
    """Return the best of those whose students are kept, limits apart; None if there is none."""
    kept = with_students(candidates(trials, ctx.trainer.fitting.stages))
    return min(kept, key=NO_LIMITS.sort_key, default=None)


def asks(fuser: ComponentSpec) -> bool:
    """Return whether a fuser looks at the current student; by default it does not."""
    return bool(getattr(fuser.create(), "student_state", False))


def _outside(
    ctx: RunContext, configuration: Configuration, sets: Sequence[SelectionSet]
) -> list[FloatArray] | str:
    """Return for each fold what a student predicts of the others' rows; or why it cannot.

    It is cross-fitted among these rows: the labels of the fold, and of the row itself, are new to
    the models.
    """
    if sets[0].is_part:
        return "trials see a part of the rows (split.trial_rows)"
    n_stages = len(ctx.trainer.fitting.stages)
    if refusal := ctx.budget_plan.refusal_of_student_state(configuration, len(sets), n_stages):
        return refusal
    try:
        return [ctx.trainer.parents.out_of_fold(each.training, configuration).rows for each in sets]
    except HpmkdError as failed:
        return str(failed)


def _nothing(ctx: RunContext, reason: str) -> StudentState:
    ctx.note(f"the fuser looks at the teachers alone, not at a student: {reason}")
    return StudentState()
