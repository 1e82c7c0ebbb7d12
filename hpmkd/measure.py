"""How fast a model answers: one row, and a batch of a thousand.

A student is asked for one row as a service asks it, a mapping in and a label out; a teacher has
nothing but ``predict_proba``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.student import Student

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray

BATCH = 1000
SECONDS_EACH = 0.1
SECONDS_QUICK = 0.02
MIN_CALLS, MAX_CALLS = 5, 500
ROWS = 64


@dataclass(frozen=True)
class Latency:
    """Median time of one call, in microseconds, on one thread.

    Parameters
    ----------
    row_us : float
        With one row: ``predict_one`` of a student, ``predict_proba`` of any other model.
    batch_us : float
        With 1000 rows: ``predict_proba``.
    """

    row_us: float
    batch_us: float


def latency(predict_proba: Callable[[Any], FloatArray], table: Any) -> Latency:
    """Time ``predict_proba`` on raw rows as its user would hand them in.

    Rows are cycled, so that no branch predictor learns one of them by heart. The first call
    is a warm-up (compilation, lazy imports) and is not counted.
    """
    from threadpoolctl import threadpool_limits

    n = table.shape[0]
    single = [tables.take(table, np.array([at])) for at in range(min(n, ROWS))]
    batch = tables.take(table, np.resize(np.arange(n), BATCH))
    with threadpool_limits(1):
        return Latency(_median_us(predict_proba, single), _median_us(predict_proba, [batch]))


def student_latency(student: Predictor, table: Any) -> Latency:
    """Time a student on raw rows: single ones through ``predict_one``, a thousand as a table.

    Parameters
    ----------
    student : Predictor
        One that is no :class:`~hpmkd.student.Student` is timed as any other model.
    table : DataFrame or ndarray of shape (n, d)
        Raw rows, n >= 1.
    """
    if not isinstance(student, Student):
        return latency(student.predict_proba, table)
    from threadpoolctl import threadpool_limits

    batch = tables.take(table, np.resize(np.arange(table.shape[0]), BATCH))
    with threadpool_limits(1):
        return Latency(row_latency_us(student, table), _median_us(student.predict_proba, [batch]))


def row_latency_us(student: Student, table: Any, seconds: float | None = None) -> float:
    """Return the time of one ``predict_one``: a mapping in, a label out.

    A call is much shorter than the tick of a busy clock, so that up to 64 different rows are
    asked in one go; the median of such rounds, per row. The first round is not counted.

    Parameters
    ----------
    student : Student
    table : DataFrame or ndarray of shape (n, d)
        Raw rows, n >= 1.
    seconds : float, optional
        How long to measure; 0.1 by default.

    Returns
    -------
    float
        Microseconds.
    """
    rows = _mappings(student, tables.take(table, np.arange(min(table.shape[0], ROWS))))

    def ask(rows: list[dict[str, Any]]) -> None:
        predict_one = student.predict_one
        for row in rows:
            predict_one(row)

    return _median_us(ask, [rows], seconds) / len(rows)


def quick_row_us(student: Predictor, table: Any) -> float:
    """Return the time of one row in microseconds, from a measurement of 20 ms.

    Whoever calls has seen to it that there is one thread.
    """
    if isinstance(student, Student):
        return row_latency_us(student, table, SECONDS_QUICK)
    single = [tables.take(table, np.array([at])) for at in range(min(table.shape[0], ROWS))]
    return _median_us(student.predict_proba, single, SECONDS_QUICK)


def _mappings(student: Student, table: Any) -> list[dict[str, Any]]:
    """Return raw rows as a service has them: plain values by name."""
    names = student.encoder.schema.names
    if hasattr(table, "columns"):
        names, columns = table.columns, [table.iloc[:, j].tolist() for j in range(table.shape[1])]
    else:
        columns = [cells.tolist() for cells in table.T]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _median_us(
    call: Callable[[Any], object], inputs: list[Any], seconds_each: float | None = None
) -> float:
    call(inputs[0])
    seconds: list[float] = []
    end = time.perf_counter() + (SECONDS_EACH if seconds_each is None else seconds_each)
    while len(seconds) < MIN_CALLS or (time.perf_counter() < end and len(seconds) < MAX_CALLS):
        rows = inputs[len(seconds) % len(inputs)]
        start = time.perf_counter()
        call(rows)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds) * 1e6)
