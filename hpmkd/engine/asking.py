"""Whether a teacher is worth asking, once it has predicted the first fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.knowledge.teachers import CrossFittedTeacher
from hpmkd.training.refit import best

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.knowledge.builder import KnowledgeBuilder
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.values import Trial


def refusal(
    ctx: RunContext,
    rows: RunRows,
    builder: KnowledgeBuilder,
    first: CrossFittedPredictions,
    hard: Sequence[Trial],
    alphas: Sequence[float],
    must_ask: bool,
) -> str | None:
    """Return why the teachers are not asked any further; None if they are.

    `first` are their predictions of the first fold.
    """
    if not any(alphas) and builder.queries.extra is None:
        return (
            "the teachers predicted one fold alone, for there is nothing that they could teach: "
            "no rows without labels (X_unlabeled, or extra.until for made ones), and "
            f"search.alphas has no alpha above 0 ({len(rows.training)} training rows)"
        )
    if must_ask or builder.source.real or ctx.recipe.limits.min_retention or rows.one_holdout:
        return None
    at = first.rows
    labels = rows.training.labels[at]
    theirs = float(row_losses(builder.soft_targets(first), labels).mean())
    eligible = [trial for trial in hard if trial.eligible]
    ours = min((float(trial.row_losses[at].mean()) for trial in eligible), default=np.inf)
    if theirs < ours:
        return None
    return (
        f"the teachers predicted one fold alone: their log loss there, {theirs:.4f}, is no better "
        f"than that of the best student on hard labels, {ours:.4f}"
    )


def students_as_teachers(
    ctx: RunContext, rows: RunRows, hard: Sequence[Trial]
) -> list[CrossFittedTeacher]:
    """Return the best students on hard labels as teachers, for the fuser to weigh.

    They were cross-validated in the folds of the teachers; not so, where one holdout chooses.
    """
    if rows.one_holdout:
        return []
    found = {stage: best(hard, stage) for stage in ctx.trainer.fitting.stages}
    return [
        CrossFittedTeacher(f"{stage} student", trial.students, trial.probabilities)
        for stage, trial in found.items()
        if trial is not None and trial.probabilities is not None and trial.students
    ]
