"""The tasks of one batch: which wait, which are tried again, which are done."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from hpmkd.execution.toolkit import LostTasks, pack
from hpmkd.values import Lost


class Batch:
    """Tasks, packed when they are sent.

    Parameters
    ----------
    function, shared, tasks, timeout
        As for an executor's ``run``.
    path_of : callable
        Writes a large piece to a file, unless it is there, and returns its path.
    """

    def __init__(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        timeout: float | None,
        path_of: Callable[[Any], str],
    ) -> None:
        self._path_of_piece = path_of
        # Pieces live at least as long as the batch: some are made while others are pickled.
        self._pieces: dict[int, Any] = {}
        self._tasks, self.timeout = tasks, float("inf") if timeout is None else timeout
        self.body = pack((function, shared), self._path_of)
        #: Tasks that have not been tried, in the order in which they are to be tried.
        self.waiting = deque(range(len(tasks)))
        #: Tasks that have lost a worker. They go to a new process: what one that has served
        #: others holds may be what there was no memory for.
        self.again: deque[int] = deque()
        #: Results that have come in, packed, and lost tasks.
        self.results: deque[tuple[int, bytes | Lost]] = deque()
        #: How many results are still to be yielded.
        self.left = len(tasks)
        self._losses = LostTasks(len(tasks))
        self._returned: set[int] = set()

    def packed(self, index: int) -> bytes:
        """Return a task as workers read it."""
        return pack(self._tasks[index], self._path_of)

    def finish(self, index: int, result: bytes) -> None:
        """Take the result of a task, still packed; of a dropped batch it is not wanted."""
        if self.left:
            self.results.append((index, result))

    def lose(self, index: int, reason: str, *, begun: bool) -> None:
        """Note that a task lost its worker, or its time: it is retried once, or lost.

        One whose worker died before it began is not to blame. The second time it may well be
        what the task needs that cannot be loaded.
        """
        if not self.left:
            return
        if not begun and index not in self._returned:
            self._returned.add(index)
            self.waiting.appendleft(index)
        elif (lost := self._losses.add(index, reason)) is None:
            self.again.append(index)
        else:
            self.results.append((index, lost))

    def next_result(self) -> tuple[int, Any]:
        """Return a task and its result; raise what it raised."""
        index, packed = self.results.popleft()
        self.left -= 1
        if isinstance(packed, Lost):
            return index, packed
        succeeded, result = pickle.loads(packed)
        if not succeeded:
            raise result
        return index, result

    def drop(self) -> None:
        """Forget everything; results that come later are dropped."""
        self._tasks, self.body, self.left = (), b"", 0
        for each in (self.waiting, self.again, self.results, self._pieces):
            each.clear()

    def _path_of(self, piece: Any) -> str:
        self._pieces[id(piece)] = piece
        return self._path_of_piece(piece)
