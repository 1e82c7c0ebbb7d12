"""How fast a model predicts: one row, and a batch of a thousand.

A student predicts one row as in a service, a mapping in and a label out; a teacher has
nothing but ``predict_proba``. Other work on the machine makes calls slower, often twice as
slow and for longer than 0.1 s, and never faster. So single rows are timed in bursts with pauses,
and what counts is the fastest tenth. A batch is timed by the median.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.kernels import background
from hpmkd.student import Student
from hpmkd.student.columns.tables import open_table

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray

BATCH = 1000
SECONDS_EACH = 0.05
SECONDS_QUICK = 0.02
MIN_CALLS, MAX_CALLS = 5, 500
ROWS = 64
#: Bursts of single rows; the pause between two of them, as a multiple of a burst.
BURSTS, PAUSE = 10, 2.0
#: This share of the calls is at least as fast as the reported time of single rows.
FASTEST = 0.1


@dataclass(frozen=True)
class Latency:
    """Time of one call, in microseconds, on one thread.

    Parameters
    ----------
    row_us : float
        With one row: ``predict_one`` of a student, ``predict_proba`` of any other model. A tenth
        of the calls is as fast.
    batch_us : float
        With 1000 rows: ``predict_proba``, the median.
    """

    row_us: float
    batch_us: float


def latency(predict_proba: Callable[[Any], FloatArray], table: Any) -> Latency:
    """Time ``predict_proba`` on raw rows as its user would hand them in.

    Rows are cycled, so that no branch predictor memorises one of them. The first call
    is a warm-up (compilation, lazy imports) and is not counted.
    """
    from threadpoolctl import threadpool_limits

    n = table.shape[0]
    single = [tables.take(table, np.array([at])) for at in range(min(n, ROWS))]
    batch = tables.take(table, np.resize(np.arange(n), BATCH))
    with threadpool_limits(1):
        return Latency(_fast_us(predict_proba, single), _median_us(predict_proba, [batch]))


def student_latency(student: Predictor, table: Any) -> Latency:
    """Time a student on raw rows: single ones through ``predict_one``, a thousand as a table.

    One that is not a :class:`~hpmkd.student.Student` is timed as any other model.
    """
    if not isinstance(student, Student):
        return latency(student.predict_proba, table)
    from threadpoolctl import threadpool_limits

    # While its kernel is compiled elsewhere, a table is answered by other means, more slowly.
    background.wait()
    batch = tables.take(table, np.resize(np.arange(table.shape[0]), BATCH))
    with threadpool_limits(1):
        return Latency(row_latency_us(student, table), _median_us(student.predict_proba, [batch]))


def row_latency_us(student: Student, table: Any, seconds: float | None = None) -> float:
    """Return the time of one ``predict_one``: a mapping in, a label out.

    A call is much shorter than the tick of a busy clock, so that up to 64 different rows are
    timed in one go; a tenth of such rounds is as fast, per row. The first is not counted.

    Takes 0.05 s by default; with the pauses thrice as long.
    """
    rows = _mappings(student, tables.take(table, np.arange(min(table.shape[0], ROWS))))

    def predict(rows: list[dict[str, Any]]) -> None:
        predict_one = student.predict_one
        for row in rows:
            predict_one(row)

    return _fast_us(predict, [rows], seconds) / len(rows)


def quick_row_us(student: Predictor, table: Any) -> float:
    """Return the time of one row in microseconds, from a measurement of 20 ms.

    The caller has limited threads to one.
    """
    if isinstance(student, Student):
        return row_latency_us(student, table, SECONDS_QUICK)
    single = [tables.take(table, np.array([at])) for at in range(min(table.shape[0], ROWS))]
    return _fast_us(student.predict_proba, single, SECONDS_QUICK)


def _mappings(student: Student, table: Any) -> list[dict[str, Any]]:
    """Return raw rows as a service has them: plain values by name."""
    raw = open_table(table)
    names = raw.names or student.encoder.schema.names
    # NumPy would make integers of datetime64 cells of nanoseconds.
    columns = [
        list(c) if isinstance(c, np.ndarray) and c.dtype.kind == "M" else c.tolist()
        for c in raw.columns
    ]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _fast_us(
    call: Callable[[Any], object], inputs: list[Any], seconds: float | None = None
) -> float:
    """Return what a tenth of the calls takes at most, of bursts with pauses between them."""
    call(inputs[0])
    each = (SECONDS_EACH if seconds is None else seconds) / BURSTS
    spent: list[float] = []
    for burst in range(BURSTS):
        if burst:
            time.sleep(PAUSE * each)
        spent += _timed(call, inputs, len(spent), each, 1, MAX_CALLS // BURSTS)
    return float(np.quantile(spent, FASTEST) * 1e6)


def _median_us(call: Callable[[Any], object], inputs: list[Any]) -> float:
    call(inputs[0])
    return float(np.median(_timed(call, inputs, 0, SECONDS_EACH, MIN_CALLS, MAX_CALLS)) * 1e6)


def _timed(
    call: Callable[[Any], object],
    inputs: list[Any],
    first: int,
    seconds: float,
    at_least: int,
    at_most: int,
) -> list[float]:
    """Return the seconds of calls with one input after the other, from the `first` on."""
    spent: list[float] = []
    end = time.perf_counter() + seconds
    while len(spent) < at_least or (time.perf_counter() < end and len(spent) < at_most):
        rows = inputs[(first + len(spent)) % len(inputs)]
        start = time.perf_counter()
        call(rows)
        spent.append(time.perf_counter() - start)
    return spent
