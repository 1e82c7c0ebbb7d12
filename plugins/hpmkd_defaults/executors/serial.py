"""One task after the other, in this process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpmkd.execution.toolkit import blas_threads, libraries, restore_blas_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class SerialExecutor:
    """Runs tasks here, in their order, each when its result is asked for.

    While a task runs, numerical libraries use one thread; between two results the caller
    has its own settings back.
    """

    workers = 1
    #: Nobody is there to end a task, or to outlive one that kills its process.
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
            with ONE_THREAD.held():
                result = function(shared, task)
            yield index, result

    def close(self) -> None:
        """Free nothing: there is nothing to free."""


class OneThread:
    """Limits numerical libraries to one thread, and leaves them as they were.

    BLAS libraries have one limit per process. Of several runs in several threads, a later
    one finds the limit of an earlier one, takes it for the original and would restore it
    after the earlier one has left. So the first to come notes what was, and the last to
    leave sees to it. (While runs overlap, OpenBLAS obeys the one that came first.)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._originals: dict[str, int] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the limit inside a ``with`` block."""
        with self._lock:
            if self._holders == 0:
                self._originals = blas_threads()
            self._holders += 1
        try:
            with libraries().limit(limits=1):
                yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0:
                    restore_blas_threads(self._originals)


#: Shared by all executors of this process, for so is BLAS.
ONE_THREAD = OneThread()
