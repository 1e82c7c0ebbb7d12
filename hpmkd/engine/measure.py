"""Step 7: teachers, controls and students are measured on the test rows, all in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.engine.compare import compare
from hpmkd.engine.summaries import loss_by_metric, named_students, summarise
from hpmkd.engine.teacher_footprint import fuser_footprint, total
from hpmkd.evaluation import leaderboard
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.intervals import model_intervals
from hpmkd.evaluation.latency import latency
from hpmkd.evaluation.leaderboard import Entry, ModelRecord, Role
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.verdict import TEACHER, Verdict
from hpmkd.knowledge.predictions import stack
from hpmkd.training.ensemble import ENSEMBLE, HARD_ENSEMBLE
from hpmkd.training.ensemble_distillation import COLLAPSED
from hpmkd.training.refit import NamedStudent
from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.context import RunContext
    from hpmkd.engine.finish import FinishedStudents
    from hpmkd.engine.split import RunRows
    from hpmkd.engine.summaries import Named
    from hpmkd.engine.teacher_outputs import TeacherOutputs
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.knowledge.builder import TeacherKnowledge
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.training.refit import Finalists, Refitted
    from hpmkd.values import FloatArray, Trial


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
    test, finalists = rows.test, finished.finalists
    with ctx.counts.phase("measure"):
        ctx.progress.start("measure", 3)
        entries = teacher_entries(outputs.knowledge, outputs.footprints, test)
        ctx.progress.advance()
        entries += _student_entries(ctx, finalists, test.table)
        ctx.progress.advance()
        entries += _ensemble_entries(finished, test.table)
        ctx.progress.finish()
        knowledge = outputs.knowledge.fused
        verdict = compare(ctx, outputs, trials, finished, entries, test)
        students = [*named_students(finalists, finished.front, finished.pooled)]
        own = finalists.by_name()
        return Measurement(
            records=tuple(leaderboard.build(entries, test.labels, ctx.metric, test.weights)),
            details=RowDetails.gather(
                _first_probabilities(entries, finalists, test.table),
                test.labels,
                knowledge.teachers,
                knowledge.row_weights,
                ctx.seeds.evidence,
                test.weights,
                intervals=model_intervals(
                    _predicted(entries, students, test.table),
                    test.labels,
                    ctx.seeds.evidence,
                    test.weights,
                ),
                importance=outputs.importance.beside(finalists.shipped.refitted.student),
            ),
            verdict=verdict,
            summaries=summarise(students, finalists, outputs.ranking, test),
            further={
                name: each.student
                for name, role, each in students
                if name not in own and role != "ensemble"
            },
        )


def _predicted(
    entries: Sequence[Entry], students: Sequence[Named], table: Any
) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield role, name and probabilities of all models that have a row in the report."""
    yield from ((each.role, each.name, each.probabilities) for each in entries)
    for name, role, each in students:
        if role == "front":
            yield role, name, each.student.predict_proba(table)


def _first_probabilities(
    entries: Sequence[Entry], finalists: Finalists, table: Any
) -> dict[str, FloatArray]:
    """Return the test probabilities of fused teacher, control and shipped student, by role."""
    arms = {"control": finalists.control, "student": finalists.shipped}
    own = {role: each.refitted.student.predict_proba(table) for role, each in arms.items()}
    return {**{each.role: each.probabilities for each in entries if each.fused}, **own}


def teacher_entries(
    collected: TeacherKnowledge, footprints: Sequence[Footprint], test: Dataset
) -> list[Entry]:
    """Return the fused teacher first, then its members if there are several.

    A teacher without predictions of the test rows has no entry; without one of its members the
    fused teacher has none either.
    """
    entries = []
    predicted = collected.predictions.test()
    known = [each for each in predicted if each is not None]
    if len(known) == len(predicted):
        stacked = stack(known)
        student = collected.student.test()
        fused, _ = collected.fusion.fuse(stacked, test.part, student)
        fuser = fuser_footprint(collected.fusion, stacked, test.part, student)
        whole = total([*footprints, fuser])
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
            selection_loss=loss_by_metric(refitted.trial),
            after=None if configuration.after is None else str(configuration.after),
            scheduler=scheduler,
        )

    entries, shipped = [], finalists.shipped
    for stage, refitted in finalists.students.items():
        entries.append(entry("control", stage, finalists.controls[stage]))
        entries.append(entry("student", stage, refitted, stage == shipped.name))
    if shipped.name == COLLAPSED:
        entries.append(entry("student", COLLAPSED, shipped.refitted, True))
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


def _ensemble_entries(finished: FinishedStudents, table: Any) -> list[Entry]:
    """Return the ensemble, and that of students on hard labels, where it is the control."""
    entries, finalists = [], finished.finalists
    control = finalists.control
    if control.name == HARD_ENSEMBLE:
        entries.append(_entry_of_pool("control", control, table))
    if finished.pooled is not None:
        pooled = NamedStudent(ENSEMBLE, finished.pooled)
        chosen = finalists.shipped.name == ENSEMBLE
        entries.append(_entry_of_pool("ensemble", pooled, table, chosen))
    elif finished.ensemble is not None:
        entries.append(unpacked_entry(finished.ensemble, table))
    return entries


def _entry_of_pool(role: Role, pool: NamedStudent, table: Any, chosen: bool = False) -> Entry:
    configuration, trial = pool.refitted.trial.configuration, pool.refitted.trial
    return Entry(
        role=role,
        name=pool.name,
        probabilities=pool.refitted.student.predict_proba(table),
        footprint=pool.refitted.footprint,
        chosen=chosen,
        alpha=configuration.alpha,
        extra_weight=configuration.extra_weight,
        selection_log_loss=trial.log_loss,
        selection_loss=loss_by_metric(trial),
    )


def unpacked_entry(ensemble: Ensemble, table: Any) -> Entry:
    """Return the entry of fused students that are no student of their own."""
    speed = latency(ensemble.predict_proba, table)
    footprint = Footprint(ensemble.n_bytes, speed.row_us, speed.batch_us)
    return Entry("ensemble", ENSEMBLE, ensemble.predict_proba(table), footprint)
