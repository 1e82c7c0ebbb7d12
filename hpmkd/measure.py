"""How fast a model answers: one row, and a batch of a thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.values import FloatArray

BATCH = 1000
SECONDS_EACH = 0.1
SECONDS_QUICK = 0.02
MIN_CALLS, MAX_CALLS = 5, 500


@dataclass(frozen=True)
class Latency:
    """Median time of one call of ``predict_proba``, in microseconds, on one thread.

    Parameters
    ----------
    row_us : float
        With one row.
    batch_us : float
        With 1000 rows.
    """

    row_us: float
    batch_us: float


def latency(predict_proba: Callable[[Any], FloatArray], table: Any) -> Latency:
    """Time a model on raw rows as its user would hand them in.

    Rows are cycled, so that no branch predictor learns one of them by heart. The first call
    is a warm-up (compilation, lazy imports) and is not counted.
    """
    from threadpoolctl import threadpool_limits

    n = table.shape[0]
    single = [tables.take(table, np.array([at])) for at in range(min(n, 64))]
    batch = tables.take(table, np.resize(np.arange(n), BATCH))
    with threadpool_limits(1):
        return Latency(_median_us(predict_proba, single), _median_us(predict_proba, [batch]))


def quick_row_us(student: Predictor, table: Any) -> float:
    """Return the time of one row in microseconds, from a measurement of 20 ms.

    The executor that it runs in has seen to it that there is one thread.
    """
    single = [tables.take(table, np.array([at])) for at in range(min(table.shape[0], 16))]
    return _median_us(student.predict_proba, single, SECONDS_QUICK)


def _median_us(
    predict_proba: Callable[[Any], FloatArray], inputs: list[Any], seconds_each: float | None = None
) -> float:
    predict_proba(inputs[0])
    seconds: list[float] = []
    end = time.perf_counter() + (SECONDS_EACH if seconds_each is None else seconds_each)
    while len(seconds) < MIN_CALLS or (time.perf_counter() < end and len(seconds) < MAX_CALLS):
        rows = inputs[len(seconds) % len(inputs)]
        start = time.perf_counter()
        predict_proba(rows)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds) * 1e6)
