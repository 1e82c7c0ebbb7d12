"""Restores the state of the whole process, also after runs that overlap.

Libraries that a run calls change such things for a moment and put them back: the filters of
warnings (scikit-learn does so whenever it checks an array), the threads of BLAS. In one
thread that is harmless. Where two threads do it at once, the second takes for the original
what the first has set, and restores it after the first has left: it stays for ever. Locks
cannot help, as libraries do not take them. So the first run saves the state, and the
last to leave restores it. A run that was alone all the time has nothing to restore.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hpmkd.execution.toolkit import blas_threads, restore_blas_threads

#: Functions that show warnings: both are replaced while warnings are recorded.
SHOWING = ("showwarning", "_showwarnmsg_impl")


_lock = threading.Lock()
_runs, _overlapped = 0, False
_restore: Callable[[], None] | None = None


@contextmanager
def preserve_process_state() -> Iterator[None]:
    """Restore the state of the process after a run, or several that overlap; a decorator too."""
    global _runs, _overlapped, _restore
    with _lock:
        _overlapped = _runs > 0
        if not _overlapped:
            _restore = _noted()
        _runs += 1
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            if _runs == 0 and _overlapped and _restore is not None:
                _restore()


def _noted() -> Callable[[], None]:
    """Note the state of now; return what restores it."""
    known: Any = vars(warnings)
    # Code that is about to change filters puts a copy of the list in its place.
    filters, content = known["filters"], list(known["filters"])
    showing = {name: known[name] for name in SHOWING if name in known}
    threads = blas_threads()

    def restore() -> None:
        filters[:] = content
        known.update(filters=filters, **showing)
        # Entering and leaving notifies the interpreter that filters have changed.
        with warnings.catch_warnings():
            pass
        restore_blas_threads(threads)

    return restore
