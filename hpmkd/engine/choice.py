"""What ships, and what would ship without a teacher: one student, or a pool of a few."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import PluginError, PluginWarning
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.latency import BATCH as TIMED
from hpmkd.evaluation.near_ties import smaller_of_near_ties
from hpmkd.student import Student
from hpmkd.training.ensemble import ENSEMBLE, fit_ensemble
from hpmkd.training.refit import Named, Refitted, leading

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.final_selection import FinalSelection
    from hpmkd.engine.teach import TeacherOutputs
    from hpmkd.training.ensemble import Ensemble


@dataclass(frozen=True)
class Choice:
    """One student or a pool, chosen by the selection rows."""

    chosen: Named
    note: str | None  # why it is not the one of least loss
    ensemble: Ensemble | None
    pooled: Refitted | None  # the ensemble as one student; None where it is none


def choose(
    ctx: RunContext,
    outputs: TeacherOutputs,
    selection: FinalSelection,
    students: Mapping[str, Refitted],
    members: Mapping[str, Refitted],
) -> Choice:
    """Choose among each stage's student and a pool of some `members`.

    Those within the limits come first. The least loss on the selection rows wins; what is smaller
    and as good ships instead.
    """
    within = {name: each for name, each in members.items() if selection.keeps_limits(each)}
    found = _pool(ctx, outputs, selection, within)
    ensemble, pooled = (None, None) if found is None else found
    rivals = {name: each for name, each in students.items() if selection.keeps_limits(each)}
    if pooled is not None and selection.keeps_limits(pooled):
        rivals[ENSEMBLE] = pooled
    if not rivals:
        return Choice(leading(students), None, ensemble, pooled)
    first = leading(rivals).name
    name, note = smaller_of_near_ties(
        first,
        {name: each.trial.row_losses for name, each in rivals.items()},
        {name: int(each.footprint.n_bytes) for name, each in rivals.items()},
    )
    return Choice(Named(name, rivals[name]), note, ensemble, pooled)


def _pool(
    ctx: RunContext,
    outputs: TeacherOutputs,
    selection: FinalSelection,
    members: Mapping[str, Refitted],
) -> tuple[Ensemble, Refitted | None] | None:
    """Fuse what is better together; None if nothing is, or the fuser fails."""
    fuser, most = ctx.parts.ensemble_fuser, ctx.recipe.ensemble.top
    try:
        found = fit_ensemble(
            members, fuser, most, outputs.held, outputs.fold_of_held, selection.provenance
        )
    except PluginError as failed:
        warnings.warn(f"there is no ensemble: {failed}", PluginWarning, stacklevel=3)
        return None
    if found is None:
        return None
    ensemble, trial = found
    if not isinstance(ensemble.packed, Student):
        return ensemble, None
    few = selection.training.raw.rows(np.arange(min(len(selection.training), TIMED)))
    return ensemble, Refitted(
        trial, ensemble.packed, Footprint.of_student(ensemble.packed, few.table)
    )
