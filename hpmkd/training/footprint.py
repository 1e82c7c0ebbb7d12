"""How large and how fast a student is: what a trial learns of it beside its losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.latency import Latency, quick_row_us, student_latency
from hpmkd.training.provenance import Provenance, Run

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import Configuration

#: Signs as a run does, to a few bytes: in a trial not all is known yet that is told in the end.
TYPICAL = Provenance(Run("hpm", 0, 10_000, "external"))


@dataclass(frozen=True)
class Footprint:
    """What a student takes.

    Parameters
    ----------
    n_bytes : int
        Size of its file.
    latency : Latency
        Time of its answers.
    """

    n_bytes: int
    latency: Latency

    @classmethod
    def of(cls, student: Predictor, table: Any) -> Footprint:
        """Weigh a student that can be written, with raw rows of which one at least is needed."""
        return cls(len(student.to_bytes()), student_latency(student, table))


@dataclass
class FootprintMeter:
    """Weighs the students of one trial, one of each selection split.

    Parameters
    ----------
    configuration : Configuration
        What is evaluated. A student that is kept tells of it in its file, which counts.

    Attributes
    ----------
    n_bytes : int or None
        Size of the largest one's file; None if one of them cannot be written.
    row_us : float or None
        Time of one row through the first one, in microseconds: a short measurement in the
        process that fitted it.
    draft : bytes or None
        The file of the first one.
    """

    configuration: Configuration
    n_bytes: int | None = None
    row_us: float | None = None
    draft: bytes | None = None
    _first: bool = True

    def put(self, student: Predictor, table: Any) -> None:
        """Weigh one more; one that fails here is blamed once it is fitted for good."""
        try:
            signed = TYPICAL.signed(student, self.configuration)
            content = signed.to_bytes()
            size = len(content)
            if self._first:
                self.draft = content
                self.n_bytes, self.row_us = size, quick_row_us(student, table)
            elif self.n_bytes is not None:
                self.n_bytes = max(self.n_bytes, size)
        except Exception:
            self.n_bytes = None
        self._first = False
