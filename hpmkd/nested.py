"""Whether this is somebody's worker already, so that a run had better start no processes."""

from __future__ import annotations

import multiprocessing
import sys


def host_worker() -> str | None:
    """Return whose worker this code runs in, in words; None if it is nobody's.

    Whoever keeps workers busy has counted the cores: processes that a worker starts by
    itself multiply with them. Told by what the hosts leave behind, without importing any of
    them: a task of Dask (in a process or in a thread), a task of joblib (any backend), a
    process that multiprocessing, concurrent.futures or loky has started. A plain thread is
    nobody's worker: it may be the only one.
    """
    if _dask():
        return "a Dask worker"
    if _joblib():
        return "a joblib worker"
    if multiprocessing.parent_process() is not None:
        return f"the worker process {multiprocessing.current_process().name}"
    return None


def may_have_children() -> bool:
    """Whether this process may start others: daemonic ones (of multiprocessing.Pool) may not."""
    return not multiprocessing.current_process().daemon


def _dask() -> bool:
    module = sys.modules.get("distributed.worker")
    if module is None:
        return False
    try:
        module.get_worker()
    except ValueError:
        return False
    return True


def _joblib() -> bool:
    module = sys.modules.get("joblib.parallel")
    # Half imported by another thread, it has no such name yet.
    active = getattr(module, "get_active_backend", None)
    # Outside of any task, the backend that would be used is at level 0, or at none.
    return active is not None and bool(active()[0].nesting_level)
