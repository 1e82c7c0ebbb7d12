"""How many threads each BLAS library of this process may use: noted, and restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def noted() -> dict[str, int]:
    """Return the number of threads of each BLAS library that is loaded, by its file."""
    return {each.filepath: each.num_threads for each in _libraries().lib_controllers}


def restore(threads: Mapping[str, int]) -> None:
    """Set what was noted; libraries that were loaded since keep what they have.

    Parameters
    ----------
    threads : mapping
        As :func:`noted` returns it.
    """
    libraries = _libraries()
    changed = [
        library
        for library in libraries.lib_controllers
        if library.num_threads != threads.get(library.filepath, library.num_threads)
    ]
    for library in changed:
        library.set_num_threads(threads[library.filepath])
    if changed:
        # Whoever sets OpenBLAS controls it until it leaves a limit: leave one.
        with libraries.limit(limits=None):
            pass


def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
