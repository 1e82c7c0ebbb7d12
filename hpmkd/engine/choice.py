"""Chooses what ships, and what would without a teacher: one student, or a small pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import PluginError, PluginWarning, warn
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.latency import BATCH
from hpmkd.evaluation.near_ties import smaller_of_near_ties
from hpmkd.student import Student
from hpmkd.training.ensemble import ENSEMBLE, fit_ensemble
from hpmkd.training.refit import NamedStudent, Refitted, leading

if TYPE_CHECKING:
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.final_selection import FinalSelection
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.values import Trial


@dataclass(frozen=True)
class Pooled:
    """A pool of students."""

    ensemble: Ensemble
    trial: Trial  # its results on the selection rows
    student: Refitted | None  # the ensemble as one student; None where it is none


def pool(
    ctx: RunContext,
    outputs: TeacherOutputs,
    selection: FinalSelection,
    candidates: Mapping[str, Refitted],
) -> Pooled | None:
    """Fuse what is better together, within the limits; None if nothing is, or the fuser fails."""
    within = {name: each for name, each in candidates.items() if selection.keeps_limits(each)}
    try:
        found = fit_ensemble(
            within,
            ctx.parts.ensemble_fuser,
            ctx.recipe.ensemble,
            outputs.held,
            outputs.fold_of_held,
            selection.provenance,
            selection.ranking.metric,
        )
    except PluginError as failed:
        warn(f"there is no ensemble: {failed}", PluginWarning)
        return None
    if found is None:
        return None
    ensemble, trial = found
    packed, student = ensemble.packed, None
    if isinstance(packed, Student):
        few = selection.training.raw.rows(np.arange(min(len(selection.training), BATCH)))
        student = Refitted(trial, packed, Footprint.of_student(packed, few.table))
    return Pooled(ensemble, trial, student)


def better(selection: FinalSelection, pooled: Pooled | None, hard: Pooled | None) -> Pooled | None:
    """Return the pool of less loss, within the limits if one is; in a tie that on hard labels."""

    def rank(each: Pooled) -> tuple[bool, float]:
        within = each.student is not None and selection.keeps_limits(each.student)
        return not within, each.trial.loss

    return min([each for each in (hard, pooled) if each is not None], key=rank, default=None)


def choose(
    selection: FinalSelection,
    students: Mapping[str, Refitted],
    pooled: Pooled | None,
    name_of_pool: str = ENSEMBLE,
    *,
    gated: bool = True,
) -> tuple[NamedStudent, str | None]:
    """Choose among students and a pool; return the choice, and a note if it is not the best.

    Those within the limits come first. The least loss on the selection rows wins; what is smaller
    and as good ships instead. Where a pool is not `gated`, it ships, or the note gives the reason.
    """
    rivals = {name: each for name, each in students.items() if selection.keeps_limits(each)}
    one = None if pooled is None else pooled.student
    if one is not None and selection.keeps_limits(one):
        rivals[name_of_pool] = one
    if not rivals:
        return leading(students), None
    name, note = smaller_of_near_ties(
        leading(rivals).name,
        {name: each.trial.losses for name, each in rivals.items()},
        {name: int(each.footprint.n_bytes) for name, each in rivals.items()},
        selection.ranking.metric,
        next(iter(rivals.values())).trial.row_weights,
    )
    if not gated and name_of_pool not in rivals:
        refused = (
            f"{name_of_pool} does not ship, despite ensemble.gated = false: {_why_not(pooled)}"
        )
        note = refused if note is None else f"{note}; {refused}"
    elif not gated and name != name_of_pool:
        metric = selection.ranking.metric
        pool_score, score = (metric.score(rivals[each].trial.loss) for each in (name_of_pool, name))
        note = (
            f"{name_of_pool} ships because ensemble.gated = false: {pool_score:.4f} {metric.unit} "
            f"on the selection rows, which would choose {name} with {score:.4f}"
        )
        name = name_of_pool
    return NamedStudent(name, rivals[name]), note


def _why_not(pooled: Pooled | None) -> str:
    """Return why a requested pool does not compete with the students that keep the limits."""
    if pooled is None:
        return "it takes two students that keep the limits"
    return "it has no file" if pooled.student is None else "it breaks a limit"
