"""Size and speed of the students of a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpmkd.evaluation.latency import quick_row_us
from hpmkd.training.provenance import Provenance, Run

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import Configuration

#: Signs as a run does, to a few bytes: a trial does not know yet all that the file will hold.
TYPICAL = Provenance(Run("hpm", 0, 10_000, "external"))


@dataclass
class FootprintMeter:
    """Measures the students of one trial, one of each selection split."""

    configuration: Configuration  # described by the student's file, which takes bytes
    timed: bool  # whether the first one is timed
    n_bytes: int | None = None  # of the largest one's file; None if one of them cannot be written
    #: Of one row through the first one, in microseconds: a short measurement; None if untimed.
    row_us: float | None = None
    draft: bytes | None = None  # the file of the first one
    _first: bool = True

    def add(self, student: Predictor, table: Any) -> None:
        """Measure one more; one that fails here is reported once it is fitted on all rows."""
        try:
            signed = TYPICAL.signed(student, self.configuration)
            content = signed.to_bytes()
            size = len(content)
            if self._first:
                self.draft = content
                self.row_us = quick_row_us(student, table) if self.timed else None
                self.n_bytes = size
            elif self.n_bytes is not None:
                self.n_bytes = max(self.n_bytes, size)
        except Exception:
            self.n_bytes = None
        self._first = False
