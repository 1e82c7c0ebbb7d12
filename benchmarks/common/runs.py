"""Reads finished runs for benchmarks: the only place that knows where a run keeps what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hpmkd.contracts import Predictor
from hpmkd.data.probabilities import row_losses
from hpmkd.evaluation.leaderboard import ModelRecord
from hpmkd.evaluation.verdict import HARD
from hpmkd.runs.result import Distillation
from hpmkd.student import PooledModel, Student

#: Each run is the first: nothing is remembered of other data, nothing is read from a disk.
FIRST_RUN: Mapping[str, Any] = {"memory": "none", "cache.disk": False}

#: Two students with the same mean log loss on the test rows are the same one.
SAME = 1e-12


def is_pool(student: Predictor) -> bool:
    """Return whether a student is made of several."""
    return not isinstance(student, Student) or isinstance(student.model, PooledModel)


def single(found: Distillation) -> Predictor:
    """Return the best student of a run that is one model: by selection log loss."""
    if not is_pool(found.student):
        return found.student
    ranked = sorted(found.front, key=lambda each: each.selection_log_loss)
    students = [_by_name(found)[each.name] for each in ranked]
    return next(each for each in students if not is_pool(each))


def pool(found: Distillation) -> Predictor | None:
    """Return the pool of a run; None if it made none."""
    if is_pool(found.student):
        return found.student
    return None if found.ensemble is None else getattr(found.ensemble, "predictor", found.ensemble)


def control(found: Distillation) -> Predictor:
    """Return the student on hard labels that the verdict compares with.

    It is found by its log loss on the test rows, which the verdict holds.

    Raises
    ------
    LookupError
        If no student of the run has that log loss.
    """
    loss = next(arm.log_loss for arm in found.verdict.arms if arm.name == HARD)
    for each in found.front:
        if abs(each.log_loss - loss) < SAME:
            return _by_name(found)[each.name]
    raise LookupError(f"{found!r}: none of its students has the log loss of the control, {loss}")


def teacher(found: Distillation) -> ModelRecord | None:
    """Return the record of all teachers together, the first one; None if there is none."""
    return next((each for each in found.records if each.role == "teacher"), None)


def n_bytes(student: Predictor) -> int:
    """Return the size of a student's file; of its members' together where there is no one file."""
    size = getattr(student, "n_bytes", None)
    return len(student.to_bytes()) if size is None else int(size)


def log_loss(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean log loss as the engine measures it, in nats."""
    return float(row_losses(predicted, labels).mean())


def own_log_losses(found: Distillation) -> list[float]:
    """Return the test log losses of all students that a run fitted on all rows, its pool's too."""
    records = [each.log_loss for each in found.records if each.role != "teacher"]
    return [*records, *(each.log_loss for each in found.front)]


def _by_name(found: Distillation) -> dict[str, Predictor]:
    fused = {} if found.ensemble is None else {"ensemble": found.ensemble}
    return {**fused, **found.further, **found.students}
