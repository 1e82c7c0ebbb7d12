"""Everything that a run has measured on the test rows, with its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation

#: A further student is one to pick from that is not on the leaderboard.
FURTHER = "further"
ROLES = ("teacher", "control", FURTHER, "student", "ensemble")


@dataclass(frozen=True)
class Model:
    """One model.

    Parameters
    ----------
    role : str
        One of :data:`ROLES`.
    name : str
        Of the teacher, the stage or the student's file.
    accuracy : float
        On the test rows.
    bytes : int or None
        Size of its file.
    row_us : float or None
        Time of one row, in microseconds.
    chosen : bool
        Whether it is shipped.
    fused : bool
        Whether it is all teachers together.
    """

    role: str
    name: str
    accuracy: float
    bytes: int | None
    row_us: float | None
    chosen: bool = False
    fused: bool = False


def models(found: Distillation) -> list[Model]:
    """Return the models of the leaderboard, and the further students of the Pareto front."""
    known = [
        Model(
            role=each.role,
            name="ensemble" if each.role == "ensemble" else each.name,
            accuracy=each.accuracy,
            bytes=each.bytes,
            row_us=each.row_us,
            chosen=each.chosen,
            # It comes first, and is what the others are close to: without it, none has a KL.
            fused=at == 0 and each.role == "teacher" and each.kl is not None,
        )
        for at, each in enumerate(found.records)
    ]
    return known + [
        Model(FURTHER, each.name, each.accuracy, each.bytes, each.row_us)
        for each in found.front
        if each.role == "front"
    ]


def teacher_of(known: Sequence[Model]) -> Model | None:
    """Return the model that the others are compared with, if there is one."""
    return next((each for each in known if each.fused), None)
