"""The verdict on what ships: against what would ship without a teacher, on the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.engine.student_teachers import student_name
from hpmkd.evaluation.repeated_selection import repeated_gain
from hpmkd.evaluation.verdict import (
    CLASS_SHARES,
    HARD,
    OWN,
    STUDENT,
    TEACHER,
    TWIN,
    Verdict,
    judge,
)
from hpmkd.evaluation.verdict_parts import Searched

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.finish import FinishedStudents
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.evaluation.gates import LossComparison
    from hpmkd.evaluation.leaderboard import Entry
    from hpmkd.training.refit import Finalists
    from hpmkd.values import FloatArray, Trial


def compare(
    ctx: RunContext,
    outputs: TeacherOutputs,
    trials: Sequence[Trial],
    finished: FinishedStudents,
    entries: Sequence[Entry],
    test: Dataset,
) -> Verdict:
    """Judge what ships by its controls, and by the teachers among the entries.

    `trials` are those that might have won.
    """
    finalists, own = finished.finalists, finished.self_distilled
    shipped, control = finalists.shipped, finalists.control
    own_names = {student_name(stage) for stage in ctx.trainer.fitting.stages}
    teachers = {
        each.name: each for each in entries if each.role == "teacher" and each.name not in own_names
    }
    own_rows = outputs.training.raw
    counts = np.bincount(own_rows.labels, own_rows.weights, minlength=len(test.classes))
    shares = counts / own_rows.weight
    sizes = {
        "student": shipped.refitted.footprint.n_bytes,
        "control": control.refitted.footprint.n_bytes,
        "teacher": teachers[TEACHER].footprint.n_bytes if TEACHER in teachers else np.nan,
    }
    tried = [each for each in trials if each.failure is None]
    within = [each for each in trials if not outputs.ranking.violates_limits(each)] or trials
    n_hard = sum(each.configuration.hard for each in tried)
    verdict = judge(
        {name: arm.predict_proba(test.table) for name, arm in _arms(finalists, own).items()},
        test.labels,
        shipped=shipped.name,
        control=control.name,
        is_control=shipped.refitted.trial.configuration.hard,
        regime=outputs.regime.name,
        repeated=_repeated(within, finished, ctx.seeds.verdict),
        searched=Searched(len(tried) - n_hard, n_hard, len(outputs.selection_sets)),
        rivals={
            CLASS_SHARES: np.broadcast_to(shares, (len(test), len(shares))),
            **{name: each.probabilities for name, each in teachers.items()},
        },
        sizes={name: size for name, size in sizes.items() if np.isfinite(size)},
        seed=ctx.seeds.verdict,
        metric=ctx.metric,
        threshold=shipped.refitted.trial.threshold,
        weights=test.weights,
        stopped=outputs.source.stopped,
    )
    return replace(verdict, notes=(*verdict.notes, own)) if isinstance(own, str) else verdict


def _arms(finalists: Finalists, own: Predictor | str | None) -> dict[str, Predictor]:
    """Return the students compared: the shipped one, the control, and others where they exist."""
    shipped, control = finalists.shipped, finalists.control.refitted
    arms = {STUDENT: shipped.refitted.student, HARD: control.student}
    same_hard = finalists.controls.get(shipped.name)
    if same_hard is not None and all(same_hard is not each for each in (control, shipped.refitted)):
        arms[TWIN] = same_hard.student
    if own is not None and not isinstance(own, str):
        arms[OWN] = own
    return arms


def _repeated(trials: Sequence[Trial], finished: FinishedStudents, seed: int) -> LossComparison:
    """Return what choosing among all candidates gains over repeated selection, pools included."""
    pools = [finished.finalists.control.refitted, finished.pooled]
    candidates = {each.configuration.key: each for each in trials if each.eligible}
    candidates |= {each.trial.configuration.key: each.trial for each in pools if each is not None}
    losses: FloatArray = np.stack([each.losses for each in candidates.values()])
    hard = np.array([each.configuration.hard for each in candidates.values()])
    weights = next(iter(candidates.values())).row_weights
    return repeated_gain(losses, hard, seed, weights)
