"""Screens the teachers on the first fold: they are fitted in the others only where that may pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.knowledge.builder import KnowledgeBuilder
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.values import Trial


def reason_to_stop(
    ctx: RunContext,
    rows: RunRows,
    builder: KnowledgeBuilder,
    first: CrossFittedPredictions,
    hard: Sequence[Trial],
    alphas: Sequence[float],
    handed_in: bool,
) -> str | None:
    """Return why the teachers are fitted in no other fold; None if they are.

    `first` are their predictions of the first fold; `handed_in`: whether they are a user's own.
    """
    if not any(alphas) and builder.queries.extra is None:
        return (
            "the teachers predicted one fold alone, because they have nothing to teach: no rows "
            "without labels (X_unlabeled, or extra.until and extra.until_columns for made "
            f"ones), and search.alphas has no alpha above 0 ({len(rows.training)} training rows, "
            f"{rows.training.facts.n_columns} columns)"
        )
    recipe = ctx.recipe
    if handed_in or builder.source.real or recipe.limits.min_retention or rows.one_holdout:
        return None
    if not recipe.search.racing:
        return None
    at = first.rows
    judged = rows.training.rows(at)
    theirs = weighted_mean(row_losses(builder.soft_targets(first), judged.labels), judged.weights)
    eligible = [trial for trial in hard if trial.eligible]
    leader = min(eligible, key=lambda trial: trial.log_loss, default=None)
    ours = np.inf if leader is None else weighted_mean(leader.row_losses[at], judged.weights)
    if theirs < ours:
        return None
    return (
        f"the teachers predicted one fold alone: their log loss there, {theirs:.4f}, is no better "
        f"than that of the best student on hard labels, {ours:.4f}"
    )
