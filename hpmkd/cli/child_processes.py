"""The processes that this one has started, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from hpmkd.execution.process_tree import descendants

#: How long killed processes are waited for; the system takes a moment for what had much memory.
GONE_SECONDS = 0.4
PROCESSES = Path("/proc/self")


def end_children() -> None:
    """Kill all processes that this one has started, and theirs, and wait a little for their end.

    But for the resource trackers of multiprocessing and loky: they remove what others leave
    behind, and end by themselves. What was killed is reaped by whoever started it, or by the
    system.
    """
    late = time.monotonic() + GONE_SECONDS
    while (alive := [*_alive()]) and time.monotonic() < late:
        for number in alive:
            with contextlib.suppress(OSError):
                os.kill(number, getattr(signal, "SIGKILL", signal.SIGTERM))
        time.sleep(0.01)


def _alive() -> Iterator[int]:
    for number in _started():
        if not (_is_dead(number) or _is_tracker(number)):
            yield number


def _started() -> Iterator[int]:
    if PROCESSES.is_dir():  # a process that is being started may be known to the system alone
        yield from descendants(os.getpid())
        return
    import multiprocessing

    yield from (each.pid for each in multiprocessing.active_children() if each.pid)


def _is_dead(number: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()[0] in "ZX"
    return PROCESSES.is_dir()


def _is_tracker(number: int) -> bool:
    with contextlib.suppress(OSError):
        return b"resource_tracker" in Path(f"/proc/{number}/cmdline").read_bytes()
    return False
