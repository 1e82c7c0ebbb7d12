"""The cores of this machine, and how many workers they have room for."""

from __future__ import annotations

import os

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
    """Say so if there are more workers on this machine than cores; None if there are not.

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
