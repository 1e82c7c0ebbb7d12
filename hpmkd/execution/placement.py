"""A run in somebody's worker starts no processes: they would multiply with its host's."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.recipe.recipe import Recipe


def placed(recipe: Recipe, notify: Callable[..., None]) -> Recipe:
    """Return the recipe, or in somebody's worker one that starts no processes, and say so.

    Parameters
    ----------
    recipe : Recipe
        Of the run; with ``pipeline.nested`` it stays as it is wherever that is possible.
    notify : callable
        Tells observers, as :meth:`hpmkd.registry.registry.Registry.notify` does.
    """
    host, alone = host_worker(), recipe.alone
    if host is None or alone.place == recipe.place:
        return recipe
    if not may_have_children():
        why = "which may have no children, so that"
    elif recipe.pipeline.nested:
        return recipe
    else:
        why = "and unless pipeline.nested is set,"
    unbounded = ", and trials are not bounded in time" if recipe.budget.trial_seconds else ""
    note = f"this is {host}, {why} no processes are started: tasks run in it{unbounded}"
    notify("hpmkd_noted", note=note)
    return alone


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
