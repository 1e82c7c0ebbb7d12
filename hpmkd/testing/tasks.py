"""Tasks for the executor suite: importable by name in worker processes, light to import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The task that goes wrong, of those that do.
VICTIM = 2
#: Seconds that a task takes which takes too long.
LONG = 8.0


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


def end_process(shared: str, task: int) -> int:
    """Return the task; the victim kills the process that it runs in, as often as it is begun."""
    if task == VICTIM:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return task


def end_process_once(shared: str, task: int) -> int:
    """Return the task; the victim kills its process unless there is a file of its name."""
    return end_process(shared, task) if _first(shared, task) else task


def dawdle(shared: str, task: int) -> int:
    """Return the task; the victim takes long, as often as it is begun."""
    if task == VICTIM:
        time.sleep(LONG)
    return task


def dawdle_once(shared: str, task: int) -> int:
    """Return the task; the victim takes long unless there is a file of its name."""
    return dawdle(shared, task) if _first(shared, task) else task


def _first(folder: str, task: int) -> bool:
    """Return whether the task starts for the first time; a file in the folder notes it."""
    mark = Path(folder) / str(task)
    if mark.exists():
        return False
    mark.touch()
    return True
