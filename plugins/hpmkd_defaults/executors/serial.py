"""One task after the other, in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpmkd.execution.toolkit import blas_threads, libraries, restore_blas_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class SerialExecutor:
    """Runs tasks here, in their order, each when its result is needed.

    While a task runs, numerical libraries use one thread; between two results the caller
    has its own settings back.
    """

    workers = 1
    #: There is no other process to end a task, or to outlive one that kills its process.
    gives_up = False

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))``, index by index."""
        for index, task in enumerate(tasks):
            with one_thread():
                result = function(shared, task)
            yield index, result

    def close(self) -> None:
        """Free nothing: there is nothing to free."""


_lock = threading.Lock()
_running, _originals = 0, dict[str, int]()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit numerical libraries to one thread, then restore them.

    BLAS libraries have one limit per process. Of several runs in several threads, a later
    one finds the limit of an earlier one, takes it for the original and would restore it
    after the earlier one has left. So the first to come notes the original, and the
    last to leave restores it. (While runs overlap, OpenBLAS obeys the one that came first.)
    """
    global _running, _originals
    with _lock:
        if _running == 0:
            _originals = blas_threads()
        _running += 1
    try:
        with libraries().limit(limits=1):
            yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                restore_blas_threads(_originals)
