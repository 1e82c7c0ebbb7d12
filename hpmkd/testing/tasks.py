"""Tasks for the executor suite: importable by name in worker processes, light to import."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def add(shared: float, task: float) -> float:
    """Return the sum."""
    return shared + task


def row_sum(shared: Mapping[str, Any], task: int) -> float:
    """Return the sum of one row of the shared matrix."""
    return float(shared["matrix"][task].sum())


def fail_on_three(shared: None, task: int) -> int:
    """Return the task, unless it is 3."""
    if task == 3:
        raise KeyError("three", 3)
    return task


def nothing(shared: Any, task: Any) -> None:
    """Return nothing."""


def leave_mark(shared: str, task: int) -> int:
    """Write a file named after the task into a folder, then work for a moment."""
    (Path(shared) / str(task)).touch()
    time.sleep(0.01)
    return task


def most_threads(shared: Any, task: Any) -> int:
    """Return how many threads the busiest of the loaded numeric libraries may use."""
    # Imported for their thread pools: BLAS and OpenMP.
    import numpy  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401
    import threadpoolctl

    return max((pool["num_threads"] for pool in threadpoolctl.threadpool_info()), default=1)
