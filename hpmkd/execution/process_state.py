"""What belongs to the whole process is left as it was found, also by runs that overlap.

Libraries that a run calls change such things for a moment and put them back: the filters of
warnings (scikit-learn does so whenever it checks an array), the threads of BLAS. In one
thread that is harmless. Where two threads do it at once, the second takes for the original
what the first has set, and restores it after the first has left: it stays for ever. Locks
cannot help, for libraries do not ask for them. So the first run to come notes what was, and
the last to leave sees to it. A run that was alone all the time has nothing to mend.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hpmkd.execution.toolkit.threads import blas_threads, restore_blas_threads

#: Who shows warnings: both are replaced by whoever records them.
SHOWING = ("showwarning", "_showwarnmsg_impl")


class ProcessState:
    """Counts the runs of this process, and mends what overlapping ones leave behind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders, self._overlapped = 0, False
        self._noted: _Noted | None = None

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Hold during a run; a decorator as well."""
        with self._lock:
            self._overlapped = self._holders > 0
            self._noted = self._noted or _Noted.now()
            self._holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0:
                    if self._overlapped and self._noted is not None:
                        self._noted.restore()
                    self._noted = None


@dataclass(frozen=True)
class _Noted:
    filters: list[Any]
    content: list[Any]
    showing: dict[str, Any]
    threads: dict[str, int]

    @classmethod
    def now(cls) -> _Noted:
        known: Any = vars(warnings)
        return cls(
            # Whoever is about to change filters puts a copy of the list in its place.
            filters=known["filters"],
            content=list(known["filters"]),
            showing={name: known[name] for name in SHOWING if name in known},
            threads=blas_threads(),
        )

    def restore(self) -> None:
        self.filters[:] = self.content
        vars(warnings).update(filters=self.filters, **self.showing)
        # Entering and leaving tells the interpreter that filters have changed.
        with warnings.catch_warnings():
            pass
        restore_blas_threads(self.threads)


#: Shared by all runs, for so is the process.
PROCESS_STATE = ProcessState()
