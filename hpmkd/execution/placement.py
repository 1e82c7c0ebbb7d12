"""How many processes a run may have: no more than cores help, and none inside another worker."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.recipe.recipe import Recipe

#: More workers than any machine has cores.
MOST_WORKERS = 1024


def cores() -> int:
    """Return how many cores this process may use, >= 1."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def crowding(workers: int) -> str | None:
    """Return a note if there are more workers on this machine than cores, else None.

    Parameters
    ----------
    workers : int
        Processes of one thread, >= 1.
    """
    there = cores()
    if workers <= there:
        return None
    return (
        f"{workers} workers on {there} core{'s' * (there != 1)}: no more than {there} can compute "
        f"at a time, and each takes memory; --workers {there} is enough"
    )


def placed(recipe: Recipe, notify: Callable[..., None]) -> Recipe:
    """Return the recipe, or inside another worker one that starts no processes, with a note.

    Parameters
    ----------
    recipe : Recipe
        Of the run; with ``pipeline.nested`` it stays as it is wherever that is possible.
    notify : callable
        Notifies observers, as :meth:`hpmkd.registry.registry.Registry.notify` does.
    """
    host, alone = host_worker(), recipe.alone
    if host is None or alone.place == recipe.place:
        return recipe
    if not may_have_children():
        why = "which may have no children:"
    elif recipe.pipeline.nested:
        return recipe
    else:
        why = "and unless pipeline.nested is set,"
    unbounded = ", and trials are not bounded in time" if recipe.budget.trial_seconds else ""
    note = f"this is {host}, {why} no processes are started: tasks run in it{unbounded}"
    notify("hpmkd_noted", note=note)
    return alone


def host_worker() -> str | None:
    """Return the kind of worker that this code runs in; None if it is none.

    A pool of workers is sized by the cores: processes that a worker starts by itself multiply
    with them. Known by what the hosts leave behind, without importing any of them: a task of
    Dask (in a process or in a thread), a task of joblib (any backend), a process that
    multiprocessing, concurrent.futures or loky has started. A plain thread is not a worker: it may
    be the only one.
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
