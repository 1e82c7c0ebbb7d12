"""Measures teachers, controls and students on the test rows, all in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpmkd.engine.teacher_costs import Cost, of_fuser
from hpmkd.evaluation import leaderboard
from hpmkd.evaluation.latency import latency, student_latency
from hpmkd.evaluation.leaderboard import Entry, ModelRecord, Role
from hpmkd.evaluation.row_details import RowDetails
from hpmkd.evaluation.verdict import HARD, OWN, STUDENT, Verdict, judge
from hpmkd.knowledge.builder import TeacherKnowledge
from hpmkd.knowledge.predictor import stack
from hpmkd.training.refit import Finalists, Refitted
from hpmkd.values import Softening

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.execution.progress import Progress
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.values import FloatArray, Trial

#: What the leaderboard calls the fused teacher.
TEACHER = "teacher"


@dataclass(frozen=True)
class Measured:
    """What the test rows say.

    Parameters
    ----------
    records : tuple of ModelRecord
        The leaderboard.
    evidence : RowDetails
        What lies behind its first figures: teacher, control and shipped student.
    """

    records: tuple[ModelRecord, ...]
    evidence: RowDetails


@dataclass(frozen=True)
class Measurement:
    """What is measured: all that a run has made.

    Parameters
    ----------
    taught : TeacherKnowledge
        What the teachers say.
    costs : sequence of ndarray of shape (3,)
        What each of them takes, as :func:`hpmkd.engine.teacher_costs.of_member` measures it.
    finalists, ensemble
        The students.
    scheduler : SchedulerInUse
        What moved temperature and alpha while they were fitted.
    """

    taught: TeacherKnowledge
    costs: Sequence[FloatArray]
    finalists: Finalists
    ensemble: Ensemble | None
    scheduler: SchedulerInUse

    def measure(self, test: Dataset, seed: int, progress: Progress) -> Measured:
        """Measure everything on the test rows; `seed` draws those that are shown one by one."""
        progress.start("measure", 3)
        entries = teacher_entries(self.taught, self.costs, test)
        progress.advance()
        entries += student_entries(self.finalists, test.table, self.scheduler)
        progress.advance()
        if self.ensemble is not None:
            entries.append(ensemble_entry(self.ensemble, test.table))
        progress.finish()
        knowledge, said = self.taught.knowledge, self._said(entries)
        return Measured(
            tuple(leaderboard.build(entries, test.labels)),
            RowDetails.gather(said, test.labels, knowledge.teachers, knowledge.row_weights, seed),
        )

    def _said(self, entries: Sequence[Entry]) -> dict[str, FloatArray]:
        """Return what fused teacher, control and shipped student say about the test rows."""
        wanted = {("control", self.finalists.chosen), ("student", self.finalists.shipped_name)}
        return {
            each.role: each.probabilities
            for each in entries
            if each.fused or (each.role, each.name) in wanted
        }


def teacher_entries(
    taught: TeacherKnowledge, costs: Sequence[FloatArray], test: Dataset
) -> list[Entry]:
    """Return the fused teacher first, then its members if there are several.

    A teacher that cannot say anything about the test rows has no entry; without one of its
    members the fused teacher has none either.
    """
    entries = []
    said = [reading.test for reading in taught.readings]
    known = [each for each in said if each is not None]
    if len(known) == len(said):
        heard = stack(known)
        fused, _ = taught.fusion.fuse(heard, test.table)
        whole = Cost.total([*costs, of_fuser(taught.fusion, heard, test.table)])
        entries.append(_teacher_entry(TEACHER, fused, whole, fused=True))
    if len(said) > 1:
        for name, own, cost in zip(taught.knowledge.teachers, said, costs, strict=True):
            if own is not None:
                entries.append(_teacher_entry(name, own, Cost.total([cost])))
    return entries


def _teacher_entry(
    name: str, probabilities: FloatArray, cost: Cost, *, fused: bool = False
) -> Entry:
    return Entry("teacher", name, probabilities, cost.n_bytes, cost.latency, fused=fused)


@dataclass(frozen=True)
class SchedulerInUse:
    """The scheduler of a run: its name, and whether it looks at how a fit goes."""

    name: str
    varies: bool

    def at_work(self, trial: Trial) -> tuple[str | None, float]:
        """Return its name, if it had a say in a student, and the mean temperature it was taught at.

        One that varies and left the softening as configured had none.
        """
        configuration = trial.configuration
        own = Softening(configuration.temperature, configuration.alpha)
        said = trial.softening or own
        if configuration.hard or (self.varies and said == own):
            return None, own.temperature
        return self.name, said.temperature


def student_entries(finalists: Finalists, table: Any, scheduler: SchedulerInUse) -> list[Entry]:
    """Return control and student of every stage, and the collapsed student if there is one."""
    entries = []
    for stage, refitted in finalists.students.items():
        chosen = stage == finalists.shipped_name
        entries.append(
            _student_entry("control", stage, finalists.controls[stage], table, scheduler)
        )
        entries.append(_student_entry("student", stage, refitted, table, scheduler, chosen))
    if finalists.collapsed is not None:
        name = finalists.shipped_name
        entries.append(_student_entry("student", name, finalists.collapsed, table, scheduler, True))
    return entries


def ensemble_entry(ensemble: Ensemble, table: Any) -> Entry:
    """Return the entry of the fused students."""
    packed = ensemble.packed
    if isinstance(packed, str):
        said, speed = ensemble.predict_proba(table), latency(ensemble.predict_proba, table)
    else:
        said, speed = packed.predict_proba(table), student_latency(packed, table)
    return Entry("ensemble", "+".join(ensemble.names), said, ensemble.n_bytes, speed)


def compare(
    finalists: Finalists, own: Predictor | str | None, test: Dataset, regime: str, seed: int
) -> Verdict:
    """Judge the shipped student against its controls on the test rows.

    Parameters
    ----------
    own : Predictor, str or None
        The student that was taught by its control instead of the teachers; a note that says why
        there is none.
    """
    shipped, control = finalists.shipped, finalists.controls[finalists.chosen]
    arms = {STUDENT: shipped.student, HARD: control.student}
    if own is not None and not isinstance(own, str):
        arms[OWN] = own
    verdict = judge(
        {name: student.predict_proba(test.table) for name, student in arms.items()},
        test.labels,
        stage=finalists.shipped_name,
        is_control=shipped.trial.configuration.hard,
        regime=regime,
        seed=seed,
    )
    return replace(verdict, notes=(*verdict.notes, own)) if isinstance(own, str) else verdict


def _student_entry(
    role: Role,
    stage: str,
    refitted: Refitted,
    table: Any,
    scheduler: SchedulerInUse,
    chosen: bool = False,
) -> Entry:
    student, configuration = refitted.student, refitted.trial.configuration
    scheduler_name, temperature = scheduler.at_work(refitted.trial)
    return Entry(
        role=role,
        name=stage,
        probabilities=student.predict_proba(table),
        n_bytes=refitted.weight.n_bytes,
        latency=refitted.weight.latency,
        chosen=chosen,
        alpha=configuration.alpha,
        temperature=temperature,
        selection_log_loss=refitted.trial.log_loss,
        after=None if configuration.after is None else str(configuration.after),
        scheduler=scheduler_name,
    )
