"""The processes that a process has started, and those that they have."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path


def descendants(number: int) -> Iterator[int]:
    """Yield the processes that a process has started, each after its own; none without /proc.

    Parameters
    ----------
    number : int
        Of the process.
    """
    for path in Path(f"/proc/{number}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has just ended
            for child in map(int, path.read_text("ascii").split()):
                yield from descendants(child)
                yield child


def cpu_seconds() -> float:
    """Return the processor time of this process and of all that it has started.

    Of those that run yet it is known where there is /proc.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(each.ru_utime + each.ru_stime for each in used)
    for number in descendants(os.getpid()):
        with contextlib.suppress(OSError):  # it has just ended
            stat = Path(f"/proc/{number}/stat").read_text("ascii")
            # Its own, and of its children those that it has waited for (proc(5)).
            ticks = map(int, stat.rpartition(")")[2].split()[11:15])
            total += sum(ticks) / os.sysconf("SC_CLK_TCK")
    return total
