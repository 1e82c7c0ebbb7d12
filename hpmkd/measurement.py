"""Measures teachers, controls and students on the test rows, all in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.crossfit import pickled_bytes
from hpmkd.finalists import Finalists, Refitted
from hpmkd.knowledge import FusedTeacher
from hpmkd.leaderboard import Entry, Role
from hpmkd.measure import Latency, latency
from hpmkd.reading import stack
from hpmkd.teachers import Bag, ClassAligned
from hpmkd.teaching import Taught, Teaching
from hpmkd.verdict import HARD, OWN, STUDENT, Verdict, judge

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.dataset import Dataset
    from hpmkd.ensemble import Ensemble
    from hpmkd.teachers import Teacher
    from hpmkd.values import FloatArray


def teacher_entries(teaching: Teaching, taught: Taught, test: Dataset) -> list[Entry]:
    """Return the fused teacher first, then its members if there are several.

    A teacher that cannot say anything about the test rows has no entry; without one of its
    members the fused teacher has none either.
    """
    entries = []
    said = [reading.test for reading in taught.readings]
    known = [each for each in said if each is not None]
    if len(known) == len(said):
        fused, _ = taught.fusion.fuse(stack(known), test.table)
        meter = _Meter(teaching.teachers, teaching, test, lambda: _whole(teaching, taught))
        entries.append(meter.entry("teacher", fused))
    if len(said) > 1:
        for teacher, own in zip(teaching.teachers, said, strict=True):
            if own is not None:
                meter = _Meter([teacher], teaching, test, partial(_deployed, teaching, teacher))
                entries.append(meter.entry(teacher.name, own))
    return entries


def _whole(teaching: Teaching, taught: Taught) -> FusedTeacher | None:
    deployed = [_deployed(teaching, teacher) for teacher in teaching.teachers]
    models = tuple(each for each in deployed if each is not None)
    return FusedTeacher(models, taught.fusion) if len(models) == len(deployed) else None


def _deployed(teaching: Teaching, teacher: Teacher) -> ClassAligned | None:
    """Return what a teacher's owner would deploy: one model, not the five of a cross-fit.

    The accuracy of a teacher is that of its bag of fold models, the better of the two, and
    its size and speed are those of one: the comparison that flatters a student least.
    """
    live = teaching.reader.live(teacher)
    return live.models[0] if isinstance(live, Bag) else live


@dataclass(frozen=True)
class _Meter:
    """Measures size and speed of teachers once: a cached run need not fit them again."""

    teachers: Sequence[Teacher]
    teaching: Teaching
    test: Dataset
    model: Callable[[], Any]

    def entry(self, name: str, probabilities: FloatArray) -> Entry:
        reader, fuser = self.teaching.reader, self.teaching.fuser
        identities = [reader.identity(teacher) for teacher in self.teachers]
        fusing = (fuser.offered.offer.name, dict(fuser.settings)) if len(identities) > 1 else ()
        asked = (reader.training.digest, self.test.digest)
        key = tables.digest("measured", name == "teacher", identities, fusing, *asked)
        size, row_us, batch_us = reader.cache.get_or_compute("teacher", key, self._measure)
        speed = None if np.isnan(row_us) else Latency(float(row_us), float(batch_us))
        n_bytes = None if np.isnan(size) else int(size)
        return Entry("teacher", name, probabilities, n_bytes, speed)

    def _measure(self) -> FloatArray:
        model = self.model()
        if model is None:
            return np.full(3, np.nan)
        speed, size = latency(model.predict_proba, self.test.table), pickled_bytes(model)
        return np.array([np.nan if size is None else size, speed.row_us, speed.batch_us])


def student_entries(finalists: Finalists, table: Any, scheduler: str) -> list[Entry]:
    """Return control and student of every stage, and the collapsed student if there is one.

    `scheduler` is the name of the recipe's.
    """
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
    return Entry(
        role="ensemble",
        name="+".join(ensemble.names),
        probabilities=ensemble.predict_proba(table),
        n_bytes=ensemble.n_bytes,
        latency=latency(ensemble.predict_proba, table),
    )


def compare(
    finalists: Finalists, own: Predictor | None, test: Dataset, regime: str, seed: int
) -> Verdict:
    """Judge the shipped student against its controls on the test rows.

    Parameters
    ----------
    own : Predictor or None
        The student that was taught by its control instead of the teachers.
    """
    shipped, control = finalists.shipped, finalists.controls[finalists.chosen]
    arms = {STUDENT: shipped.student, HARD: control.student} | ({} if own is None else {OWN: own})
    return judge(
        {name: student.predict_proba(test.table) for name, student in arms.items()},
        test.labels,
        stage=finalists.shipped_name,
        is_control=shipped.trial.configuration.hard,
        regime=regime,
        seed=seed,
    )


def _student_entry(
    role: Role, stage: str, refitted: Refitted, table: Any, scheduler: str, chosen: bool = False
) -> Entry:
    student, configuration = refitted.student, refitted.trial.configuration
    return Entry(
        role=role,
        name=stage,
        probabilities=student.predict_proba(table),
        n_bytes=len(student.to_bytes()),
        latency=latency(student.predict_proba, table),
        chosen=chosen,
        alpha=configuration.alpha,
        temperature=configuration.temperature,
        selection_log_loss=refitted.trial.log_loss,
        after=None if configuration.after is None else str(configuration.after),
        scheduler=None if configuration.hard else scheduler,
    )
