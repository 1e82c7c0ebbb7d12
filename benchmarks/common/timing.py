"""Clocks: CPU time of contestants that take turns, wall time, and peak memory."""

from __future__ import annotations

import os
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any


def milliseconds(contestants: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    """Return the median CPU time of each contestant; they take turns.

    It is the time of the one thread at work, so that waiting for a processor on a busy machine
    does not count. One round before is not measured.
    """
    times: list[list[float]] = [[] for _ in contestants]
    for repeat in range(repeats + 1):
        for contestant, taken in zip(contestants, times, strict=True):
            start = time.thread_time()
            contestant()
            if repeat > 0:
                taken.append(1e3 * (time.thread_time() - start))
    return [statistics.median(taken) for taken in times]


def clocked(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the wall seconds that a call took, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def peak_megabytes(call: Callable[[], Any]) -> float:
    """Return the memory that a call held at its peak besides its arguments, results included."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak / 1e6


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that have ended."""
    return sum(os.times()[:4])


def clocked_cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that a call took, and its result."""
    start = cpu_seconds()
    result = call()
    return cpu_seconds() - start, result
