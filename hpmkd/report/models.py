"""The models that a run measured on the test rows, and what these rows show of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from hpmkd.errors import ReportError

if TYPE_CHECKING:
    from hpmkd.evaluation.intervals import ModelIntervals
    from hpmkd.evaluation.leaderboard import ModelRecord
    from hpmkd.evaluation.pareto import StudentSummary
    from hpmkd.evaluation.row_details import RowDetails
    from hpmkd.runs.result import Distillation

    Model: TypeAlias = ModelRecord | StudentSummary

#: A further student is one to pick from that is not on the leaderboard.
FURTHER = "further"
ROLES = ("teacher", "control", FURTHER, "student", "ensemble")


def models(found: Distillation) -> list[Model]:
    """Return the models of the leaderboard, and the further students of the Pareto front."""
    return [*found.records, *(each for each in found.front if each.role == "front")]


def role_of(model: Model) -> str:
    """Return one of :data:`ROLES`."""
    return FURTHER if model.role == "front" else model.role


def name_of(model: Model) -> str:
    """Return the name of a teacher, a stage or a student's file; of the ensemble, its role."""
    return "ensemble" if model.role == "ensemble" else model.name


def teacher_of(known: Sequence[Model]) -> Model | None:
    """Return all teachers together, which the others are compared with, if they are known."""
    first = known[0]
    # The others' KL is to it: without it, none has one.
    fused = first.role == "teacher" and getattr(first, "kl", None) is not None
    return first if fused else None


def row_details(found: Distillation) -> RowDetails:
    """Return what the test rows show of a run; a ReportError if its folder lacks it."""
    if found.evidence is None:
        raise ReportError("evidence.json is missing; take it from a backup, or distil again")
    return found.evidence


def shipped(found: Distillation) -> ModelRecord:
    """Return the record of the shipped student."""
    return next(record for record in found.records if record.chosen)


def intervals_of(found: Distillation, model: Model) -> ModelIntervals | None:
    """Return the intervals of accuracy and log loss; None where an older run has none.

    On the leaderboard, controls have the names of their stages, and each distilled one is a
    student.
    """
    known = {(each.role, each.name): each for each in row_details(found).intervals}
    stage = getattr(model, "stage", model.name)
    keys = [(model.role, model.name), (model.role, stage), ("student", model.name)]
    return next((known[key] for key in keys if key in known), None)


def pairs_of(known: Sequence[Model]) -> list[tuple[Model, Model]]:
    """Return each student of a stage with its control, which comes right before it."""
    return [
        (control, student)
        for control, student in pairwise(known)
        if (control.role, student.role) == ("control", "student") and control.name == student.name
    ]
