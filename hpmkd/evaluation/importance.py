"""How much a model relies on a column: its loss when the column is permuted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.data.probabilities import row_losses
from hpmkd.values import standard_error, weighted_mean

if TYPE_CHECKING:
    from hpmkd.evaluation.permuted_rows import PermutedRows
    from hpmkd.values import FloatArray


@dataclass(frozen=True)
class Increase:
    """By how much log loss rises.

    Parameters
    ----------
    mean : float
        In nats per row; about 0 for a column that the model does not use.
    error : float
        Its standard error over the rows.
    """

    mean: float
    error: float


@dataclass(frozen=True)
class ColumnImportance:
    """Permutation importance (Breiman 2001) of one column.

    Parameters
    ----------
    column : str
        Its name.
    student, teacher : Increase or None
        Of the shipped student and of the fused teacher; None where that could not be measured.
    """

    column: str
    student: Increase
    teacher: Increase | None


def increases(rows: PermutedRows, probabilities: FloatArray) -> tuple[Increase, ...]:
    """Return what each column is worth to a model that predicts these of all permuted rows."""
    n = len(rows.labels)
    blocks = probabilities.reshape(-1, n, probabilities.shape[1])
    losses = np.stack([row_losses(block, rows.labels) for block in blocks])
    return tuple(
        Increase(weighted_mean(each, rows.weights), _error(each, rows.weights))
        for each in losses[1:] - losses[0]
    )


def _error(values: FloatArray, weights: FloatArray | None) -> float:
    return standard_error(values, weights) if len(values) > 1 else 0.0


def importances(
    columns: Sequence[str], student: Sequence[Increase], teacher: Sequence[Increase] | None
) -> tuple[ColumnImportance, ...]:
    """Put both side by side, what matters most to either first."""
    theirs: Sequence[Increase | None] = [None] * len(columns) if teacher is None else teacher
    found = [ColumnImportance(*each) for each in zip(columns, student, theirs, strict=True)]
    return tuple(sorted(found, key=_most, reverse=True))


def _most(each: ColumnImportance) -> float:
    return max(each.student.mean, each.teacher.mean if each.teacher else -np.inf)
