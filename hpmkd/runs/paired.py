"""Two runs on the same test rows, row by row, as far as their folders keep the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.evaluation.reliability import DIGITS
from hpmkd.evaluation.row_details import POINTS
from hpmkd.values import standard_error

if TYPE_CHECKING:
    from hpmkd.runs.result import Distillation
    from hpmkd.values import FloatArray

#: What folders round away of probabilities may be this share of a standard error at most.
NEGLIGIBLE = 0.1


@dataclass(frozen=True)
class Estimate:
    """A mean difference over rows, and its standard error."""

    difference: float
    standard_error: float

    @classmethod
    def of(cls, differences: FloatArray) -> Estimate:
        """Estimate it from the differences (m,) of single rows."""
        return cls(float(differences.mean()), standard_error(differences))


@dataclass(frozen=True)
class PairedDifference:
    """The shipped student of one run less that of another, on test rows that both kept.

    Parameters
    ----------
    rows, of : int
        How many rows were compared, of so many test rows.
    accuracy : Estimate
        Above 0 the first is more often right.
    log_loss : Estimate or None
        Below 0 the first is better, in nats; None where the folders' probabilities have too few
        digits for it.
    """

    rows: int
    of: int
    accuracy: Estimate
    log_loss: Estimate | None


class UnpairedError(Exception):
    """Two runs cannot be compared row by row from their folders; the message gives the reason."""


def paired_difference(one: Distillation, other: Distillation) -> PairedDifference:
    """Compare the shipped students of two runs, row by row.

    Raises
    ------
    UnpairedError
        If their test rows differ, or the folders do not keep the same ones.
    """
    rows = _shared_test_rows(one, other)
    points = [run.evidence.points for run in (one, other) if run.evidence is not None]
    right, probability = (
        [np.array([getattr(point, name) for point in each], dtype=float) for each in points]
        for name in ("student_right", "student")
    )
    return PairedDifference(
        rows=len(points[0]),
        of=rows,
        accuracy=Estimate.of(right[0] - right[1]),
        log_loss=_of_log_losses(*probability),
    )


def _shared_test_rows(one: Distillation, other: Distillation) -> int:
    """Return the number of test rows, if the points of both runs are the same ones of them."""
    if one.facts["digests"]["test"] != other.facts["digests"]["test"]:
        raise UnpairedError("the test rows differ")
    if one.facts["given"].get("weights"):
        raise UnpairedError("the rows have weights, which run folders do not keep")
    if not all(run.evidence is not None and run.evidence.points for run in (one, other)):
        raise UnpairedError(
            "a run keeps its test rows one by one only where its teacher predicts them"
        )
    rows: int = one.facts["rows"]["test"]
    if rows > POINTS and one.facts["seed"] != other.facts["seed"]:
        raise UnpairedError(
            f"each run keeps {POINTS} of its {rows} test rows, drawn by its seed, and the seeds "
            "differ; give --test FILE and the same --seed to compare row by row"
        )
    return rows


def _of_log_losses(one: FloatArray, other: FloatArray) -> Estimate | None:
    """Compare probabilities (m,) of the true classes; None if their digits are too few."""
    if np.array_equal(one, other):
        return Estimate(0.0, 0.0)
    if not (one.all() and other.all()):
        return None
    found = Estimate.of(np.log(other) - np.log(one))
    lost = 0.5 * 10.0**-DIGITS * (1 / one + 1 / other).mean()
    return found if lost <= NEGLIGIBLE * found.standard_error else None
