"""Screens the teachers on the first fold: they are fitted in the others only where that may pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.split import RunRows
    from hpmkd.knowledge.builder import KnowledgeBuilder
    from hpmkd.knowledge.predictions import CrossFittedPredictions
    from hpmkd.values import Trial


class Stop(NamedTuple):
    """Why the teachers are fitted in no further fold, and what would change that."""

    reason: str
    remedy: str = ""


def reason_to_stop(
    ctx: RunContext,
    rows: RunRows,
    builder: KnowledgeBuilder,
    first: CrossFittedPredictions,
    hard: Sequence[Trial],
    alphas: Sequence[float],
    handed_in: bool,
) -> Stop | None:
    """Return why the teachers are fitted in no other fold; None if they are.

    `first` are their predictions of the first fold; `handed_in`: whether they are a user's own.
    """
    if not any(alphas) and builder.queries.extra is None:
        return Stop(
            "it had nothing to teach, no rows without labels and no alpha above 0",
            "; X_unlabeled adds such rows, extra.until and extra.until_columns allow made ones, "
            f"search.alphas lists the alphas ({len(rows.training)} training rows, "
            f"{rows.training.facts.n_columns} columns)",
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
    return Stop(
        "on one fold it was no better than the best student on hard labels (log loss "
        f"{theirs:.4f} against {ours:.4f})"
    )
