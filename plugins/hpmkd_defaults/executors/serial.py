"""One task after the other, in this process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class SerialExecutor:
    """Runs tasks here, in their order, each when its result is asked for.

    While a task runs, numerical libraries use one thread; between two results the caller
    has its own settings back.
    """

    def run(
        self, function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))``, index by index."""
        for index, task in enumerate(tasks):
            with ONE_THREAD.held():
                result = function(shared, task)
            yield index, result

    def close(self) -> None:
        """Free nothing: there is nothing to free."""


class OneThread:
    """Limits numerical libraries to one thread, however many runs ask for it at once.

    BLAS libraries have one limit per process: the first of several overlapping runs sets
    it and the last restores it, lest one run's limit is another's "original" value. OpenMP
    has one limit per thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._blas: Any = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the limit inside a ``with`` block."""
        # Made anew each time: a task may have loaded a library that was not there before.
        controller = ThreadpoolController()
        with self._lock:
            if self._holders == 0:
                self._blas = controller.select(user_api="blas").limit(limits=1)
            self._holders += 1
        try:
            with controller.select(user_api="openmp").limit(limits=1):
                yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0:
                    self._blas.restore_original_limits()


#: Shared by all executors of this process, for so is BLAS.
ONE_THREAD = OneThread()
