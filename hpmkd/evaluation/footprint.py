"""Size and speed of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.latency import student_latency
from hpmkd.student import Student

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor


@dataclass(frozen=True)
class Footprint:
    """Size and speed of a model; NaN where unknown.

    Parameters
    ----------
    n_bytes : float
        Of its file without the sketch (a student) or its pickle (a teacher).
    row_us, batch_us : float
        Time of a call with one row, and with 1000 rows, in microseconds; see
        :class:`~hpmkd.evaluation.latency.Latency`.
    """

    n_bytes: float
    row_us: float
    batch_us: float

    @classmethod
    def of_student(cls, student: Predictor, table: Any) -> Footprint:
        """Measure a student that can be written, on raw rows of which one at least is needed."""
        speed = student_latency(student, table)
        return cls(size_of(student), speed.row_us, speed.batch_us)


def size_of(student: Predictor) -> int:
    """Return the size of a student's file in bytes, without its sketch."""
    # A stage may make others.
    return student.n_bytes if isinstance(student, Student) else len(student.to_bytes())
