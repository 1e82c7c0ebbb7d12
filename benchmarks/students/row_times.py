"""Time of one row: vector leaves beside K trees a round, in turns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.common.timing import milliseconds
from benchmarks.students.choices import SHORT, VECTOR, Finished
from hpmkd.student import Student

#: Different rows, so that no branch predictor knows them by heart; and rounds of them.
ROWS, REPEATS = 256, 9
#: The arms that are compared, by the field of a line.
COMPARED = {
    "trees_us": "best of trees hard",
    "vector_us": f"best of {VECTOR}",
    "short_us": SHORT,
}


def row_times(finished: Finished) -> Mapping[str, float]:
    """Return microseconds per row of each, call included."""
    table = finished.problem.test.table.head(ROWS)
    contestants = []
    for arm in COMPARED.values():
        student = Student.from_bytes(finished.content(arm))
        packed = student.packed
        rows = list(np.ascontiguousarray(student.encoder.transform(table)))
        out = np.empty(packed.n_classes)

        def ask(packed=packed, rows=rows, out=out) -> None:
            for row in rows:
                packed.probabilities(row, out)

        contestants.append(ask)
    times = milliseconds(contestants, REPEATS)
    return {name: 1e3 * ms / len(table) for name, ms in zip(COMPARED, times, strict=True)}
