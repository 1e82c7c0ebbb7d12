"""How much memory a run takes: this process and its workers.

Linux reports it of every process. Elsewhere nothing is shown: a library that does so
(psutil) makes loky restart workers that grew by 300 MB, as one does that maps large data.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from hpmkd.execution.process_tree import descendants

PROC = Path("/proc")


class MemoryUsage:
    """Memory of the tree of processes below this one, and the most that was seen."""

    def __init__(self) -> None:
        self.now: float | None = None
        self.most: float | None = None

    def measure(self) -> None:
        """Measure, in MB."""
        self.now = tree_mb(os.getpid())
        if self.now is not None:
            self.most = max(self.now, self.most or 0.0)


def tree_mb(pid: int) -> float | None:
    """Return the resident memory of a process and all below it, in MB; None if unknown.

    Pages that processes share, such as memory-mapped rows and libraries, are counted once: as
    many as the process that shares most has.
    """
    if sys.platform != "linux":
        return None
    own, shared = 0, 0
    for each in (pid, *descendants(pid)):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError, ValueError):
            resident, its_shared = map(int, (PROC / str(each) / "statm").read_text().split()[1:3])
            own += resident - its_shared
            shared = max(shared, its_shared)
    return (own + shared) * os.sysconf("SC_PAGE_SIZE") / 1e6 or None
