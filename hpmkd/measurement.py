"""Measures teachers, controls and students on the test rows, all in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.crossfit import n_bytes
from hpmkd.finalists import Finalists, Refitted
from hpmkd.knowledge import FusedTeacher, Fusion
from hpmkd.leaderboard import Entry, Role
from hpmkd.measure import Latency, latency
from hpmkd.reading import Readings, TeacherReader, stack

if TYPE_CHECKING:
    from hpmkd.teachers import Teacher


def teacher_entries(
    teachers: Sequence[Teacher],
    readings: Sequence[Readings],
    fusion: Fusion,
    reader: TeacherReader,
    table: Any,
) -> list[Entry]:
    """Return the fused teacher first, then its members if there are several.

    A teacher that cannot say anything about the test rows has no entry; without one of its
    members the fused teacher has none either.
    """
    entries = []
    test = [reading.test for reading in readings]
    known = [each for each in test if each is not None]
    if len(known) == len(test):
        fused, _ = fusion.fuse(stack(known), table)
        live = [reader.live(teacher) for teacher in teachers]
        models = tuple(each for each in live if each is not None)
        whole = FusedTeacher(models, fusion) if len(models) == len(live) else None
        entries.append(_entry("teacher", "teacher", fused, whole, table))
    if len(teachers) > 1:
        for teacher, said in zip(teachers, test, strict=True):
            if said is not None:
                entries.append(_entry("teacher", teacher.name, said, reader.live(teacher), table))
    return entries


def student_entries(finalists: Finalists, table: Any) -> list[Entry]:
    """Return control and student of every stage."""
    entries = []
    for stage, refitted in finalists.students.items():
        control = finalists.controls[stage]
        entries.append(_student_entry("control", stage, control, table))
        entry = _student_entry("student", stage, refitted, table, stage == finalists.chosen)
        entries.append(entry)
    return entries


def _student_entry(
    role: Role, stage: str, refitted: Refitted, table: Any, chosen: bool = False
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
    )


def _entry(role: Role, name: str, probabilities: Any, model: Any, table: Any) -> Entry:
    speed: Latency | None = None if model is None else latency(model.predict_proba, table)
    size = None if model is None else n_bytes(model)
    return Entry(role, name, probabilities, size, speed)
