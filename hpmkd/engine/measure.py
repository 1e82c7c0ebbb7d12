"""Step 6: teachers, controls and students are measured on the test rows, all in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.engine.summaries import named_students, summarise
from hpmkd.engine.teacher_footprint import fuser_footprint, total
from hpmkd.evaluation import leaderboard
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.latency import latency, student_latency
from hpmkd.evaluation.leaderboard import Entry, ModelRecord, Role
from hpmkd.evaluation.repeated_selection import repeated_gain
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.verdict import (
    CLASS_SHARES,
    HARD,
    OWN,
    STUDENT,
    TEACHER,
    Searched,
    Verdict,
    judge,
)
from hpmkd.knowledge.predictor import stack
from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.finish import FinishedStudents
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.teach import TeacherOutputs
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.knowledge.builder import TeacherKnowledge
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.training.refit import Finalists, Refitted
    from hpmkd.values import FloatArray, IntArray, Trial


@dataclass(frozen=True)
class Measurement:
    """The results on the test rows."""

    records: tuple[ModelRecord, ...]
    details: RowDetails  # what lies behind its first figures: teacher, control and shipped student
    verdict: Verdict
    summaries: tuple[StudentSummary, ...]  # all students that were fitted on all rows
    #: Those that are neither the best of a stage nor distilled from the ensemble.
    further: Mapping[str, Predictor]


def measure(
    ctx: RunContext,
    rows: RunRows,
    outputs: TeacherOutputs,
    trials: Sequence[Trial],
    finished: FinishedStudents,
) -> Measurement:
    """Read the test rows, once. `trials` are those that might have won."""
    test, finalists, ensemble = rows.test, finished.finalists, finished.ensemble
    with ctx.counts.phase("measure"):
        ctx.progress.start("measure", 3)
        entries = teacher_entries(outputs.knowledge, outputs.footprints, test)
        ctx.progress.advance()
        entries += _student_entries(ctx, finalists, test.table)
        ctx.progress.advance()
        if ensemble is not None:
            entries.append(ensemble_entry(ensemble, test.table))
        ctx.progress.finish()
        knowledge = outputs.knowledge.fused
        verdict = compare(
            finalists,
            finished.self_distilled,
            test,
            trials=trials,
            rivals=rivals(entries, outputs.training.labels, len(test)),
            searched_folds=len(outputs.selection_sets),
            regime=outputs.regime.name,
            seed=ctx.seeds.verdict,
        )
        students, own = [*named_students(finalists, finished.front)], finalists.by_name()
        return Measurement(
            records=tuple(leaderboard.build(entries, test.labels)),
            details=RowDetails.gather(
                _first_probabilities(entries, finalists),
                test.labels,
                knowledge.teachers,
                knowledge.row_weights,
                ctx.seeds.evidence,
            ),
            verdict=replace(verdict, notes=(*verdict.notes, *finished.notes)),
            summaries=summarise(students, finalists, outputs.ranking, test),
            further={name: each.student for name, _, each in students if name not in own},
        )


def _first_probabilities(entries: Sequence[Entry], finalists: Finalists) -> dict[str, FloatArray]:
    """Return the test probabilities of fused teacher, control and shipped student, by role."""
    wanted = {("control", finalists.chosen), ("student", finalists.shipped_name)}
    return {
        each.role: each.probabilities
        for each in entries
        if each.fused or (each.role, each.name) in wanted
    }


def teacher_entries(
    collected: TeacherKnowledge, footprints: Sequence[Footprint], test: Dataset
) -> list[Entry]:
    """Return the fused teacher first, then its members if there are several.

    A teacher without predictions of the test rows has no entry; without one of its members the
    fused teacher has none either.
    """
    entries = []
    predicted = [each.test for each in collected.predictions]
    known = [each for each in predicted if each is not None]
    if len(known) == len(predicted):
        stacked = stack(known)
        fused, _ = collected.fusion.fuse(stacked, test.table)
        whole = total([*footprints, fuser_footprint(collected.fusion, stacked, test.table)])
        entries.append(Entry("teacher", TEACHER, fused, whole, fused=True))
    if len(predicted) > 1:
        names = collected.fused.teachers
        for name, own, footprint in zip(names, predicted, footprints, strict=True):
            if own is not None:
                entries.append(Entry("teacher", name, own, footprint))
    return entries


def _student_entries(ctx: RunContext, finalists: Finalists, table: Any) -> list[Entry]:
    """Return control and student of every stage, and the distilled ensemble if there is one."""

    def entry(role: Role, name: str, refitted: Refitted, chosen: bool = False) -> Entry:
        configuration = refitted.trial.configuration
        scheduler, temperature = _softening_used(ctx, refitted.trial)
        return Entry(
            role=role,
            name=name,
            probabilities=refitted.student.predict_proba(table),
            footprint=refitted.footprint,
            chosen=chosen,
            alpha=configuration.alpha,
            extra_weight=configuration.extra_weight,
            temperature=temperature,
            selection_log_loss=refitted.trial.log_loss,
            after=None if configuration.after is None else str(configuration.after),
            scheduler=scheduler,
        )

    entries, shipped = [], finalists.shipped_name
    for stage, refitted in finalists.students.items():
        entries.append(entry("control", stage, finalists.controls[stage]))
        entries.append(entry("student", stage, refitted, stage == shipped))
    if finalists.collapsed is not None:
        entries.append(entry("student", shipped, finalists.collapsed, True))
    return entries


def _softening_used(ctx: RunContext, trial: Trial) -> tuple[str | None, float]:
    """Return the scheduler's name, if it changed a student, and the mean temperature used.

    A scheduler that varies and left the softening as configured changed nothing.
    """
    configuration, varies = trial.configuration, ctx.trainer.fitting.scheduler.varies
    own = Softening(configuration.temperature, configuration.alpha)
    used = trial.softening or own
    if configuration.hard or (varies and used == own):
        return None, own.temperature
    return ctx.recipe.scheduler.name, used.temperature


def ensemble_entry(ensemble: Ensemble, table: Any) -> Entry:
    """Return the entry of the fused students."""
    packed = ensemble.packed
    if isinstance(packed, str):
        predicted, speed = ensemble.predict_proba(table), latency(ensemble.predict_proba, table)
    else:
        predicted, speed = packed.predict_proba(table), student_latency(packed, table)
    footprint = Footprint(ensemble.n_bytes, speed.row_us, speed.batch_us)
    return Entry("ensemble", "+".join(ensemble.names), predicted, footprint)


def rivals(
    entries: Sequence[Entry], labels: IntArray, n_rows: int
) -> dict[str, tuple[FloatArray, float]]:
    """Return what a student should not be worse than, on `n_rows` test rows, with its bytes.

    The class shares among training labels, and the teachers among the entries.
    """
    n_classes = entries[0].probabilities.shape[1]
    shares = np.bincount(labels, minlength=n_classes) / len(labels)
    found = {CLASS_SHARES: (np.broadcast_to(shares, (n_rows, n_classes)), np.nan)}
    return found | {
        each.name: (each.probabilities, each.footprint.n_bytes)
        for each in entries
        if each.role == "teacher"
    }


def compare(
    finalists: Finalists,
    self_distilled: Predictor | str | None,
    test: Dataset,
    *,
    trials: Sequence[Trial],
    rivals: Mapping[str, tuple[FloatArray, float]],
    searched_folds: int,
    regime: str,
    seed: int,
) -> Verdict:
    """Judge the shipped student against its controls on the test rows.

    `self_distilled` as of :class:`~hpmkd.engine.finish.FinishedStudents`, `rivals` of
    :func:`rivals`.
    """
    shipped, control = finalists.shipped, finalists.controls[finalists.chosen]
    arms = {STUDENT: shipped.student, HARD: control.student}
    if self_distilled is not None and not isinstance(self_distilled, str):
        arms[OWN] = self_distilled
    compared = [each for each in trials if each.failure is None and each.configuration.share == 1]
    hard = np.array([each.configuration.hard for each in compared])
    sizes = {
        "student": shipped.footprint.n_bytes,
        "control": control.footprint.n_bytes,
        "teacher": rivals[TEACHER][1] if TEACHER in rivals else np.nan,
    }
    verdict = judge(
        {name: student.predict_proba(test.table) for name, student in arms.items()},
        test.labels,
        shipped=finalists.shipped_name,
        control=finalists.chosen,
        is_control=shipped.trial.configuration.hard,
        regime=regime,
        repeated=repeated_gain(np.stack([each.row_losses for each in compared]), hard, seed),
        searched=Searched(int((~hard).sum()), int(hard.sum()), searched_folds),
        rivals={name: predicted for name, (predicted, _) in rivals.items()},
        sizes={name: size for name, size in sizes.items() if np.isfinite(size)},
        seed=seed,
    )
    if isinstance(self_distilled, str):
        return replace(verdict, notes=(*verdict.notes, self_distilled))
    return verdict
