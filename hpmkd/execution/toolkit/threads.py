"""Threads of numerical libraries: those of a worker process, and of BLAS in this one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

#: Environment of a worker process, set before it loads any library: one thread each, and idle
#: OpenMP threads sleep instead of spinning on a core that another worker needs.
WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def blas_threads() -> dict[str, int]:
    """Return the number of threads of each BLAS library that is loaded, by its file."""
    return {each.filepath: each.num_threads for each in _blas().lib_controllers}


def restore_blas_threads(threads: Mapping[str, int]) -> None:
    """Set what was noted; libraries that were loaded since keep what they have.

    Parameters
    ----------
    threads : mapping
        As :func:`blas_threads` returns it.
    """
    blas = _blas()
    changed = [
        library
        for library in blas.lib_controllers
        if library.num_threads != threads.get(library.filepath, library.num_threads)
    ]
    for library in changed:
        library.set_num_threads(threads[library.filepath])
    if changed:
        # A thread that sets OpenBLAS controls it until it leaves a limit: leave one.
        with blas.limit(limits=None):
            pass


def _blas() -> Any:
    return libraries().select(user_api="blas")


def libraries() -> Any:
    """Return a ``threadpoolctl.ThreadpoolController`` of all libraries that are loaded.

    To look for them takes milliseconds, so it is done again only when modules were imported
    since, as that is how they come.
    """
    return _libraries(len(sys.modules))


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
