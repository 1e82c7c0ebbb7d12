"""The tasks of one batch: which wait, which are tried again, which are done."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.execution.toolkit.retries import LostTasks
from hpmkd.execution.toolkit.sharing import pack
from hpmkd.values import Lost

if TYPE_CHECKING:
    from hpmkd_defaults.executors.shared_files import PieceFiles


class Batch:
    """Tasks, packed when they are sent.

    Parameters
    ----------
    function, shared, tasks
        As an executor's ``run`` is given them.
    files : PieceFiles
        Where large pieces are written to.
    """

    def __init__(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        files: PieceFiles,
    ) -> None:
        self._files = files
        # Pieces live at least as long as the batch: some are made while others are pickled.
        self._held: dict[int, Any] = {}
        self._tasks = tasks
        self.body = pack((function, shared), self._path_of)
        #: Tasks that nobody has tried, in the order in which they are to be tried.
        self.waiting = deque(range(len(tasks)))
        #: Tasks that have lost a worker. A process that has served others is not theirs: what
        #: it holds may be what there was no memory for.
        self.again: deque[int] = deque()
        self._left = len(tasks)
        self._losses = LostTasks(len(tasks))
        self._not_begun: set[int] = set()
        self._answers: deque[tuple[int, bytes | Lost]] = deque()
        self._dropped = False

    @property
    def unfinished(self) -> bool:
        """Whether there are results still to come."""
        return self._left > 0

    @property
    def to_give(self) -> int:
        """How many tasks are at no worker."""
        return len(self.waiting) + len(self.again)

    @property
    def answers(self) -> bool:
        """Whether :meth:`next_answer` has one."""
        return bool(self._answers)

    def packed(self, index: int) -> bytes:
        """Return a task as workers read it."""
        return pack(self._tasks[index], self._path_of)

    def answered(self, index: int, answer: bytes) -> None:
        """Take what a worker said of a task, still packed."""
        if not self._dropped:
            self._answers.append((index, answer))

    def lost(self, index: int, reason: str) -> None:
        """Note that a task lost its worker, or its time: once more, or never again."""
        if self._dropped:
            return
        result = self._losses.add(index, reason)
        if result is None:
            self.again.append(index)
        else:
            self._answers.append((index, result))

    def not_begun(self, index: int, reason: str) -> None:
        """Take back a task whose worker died before it began it: nobody's fault.

        The second time it may well be what the task needs that cannot be loaded.
        """
        if index in self._not_begun or self._dropped:
            self.lost(index, reason)
        else:
            self._not_begun.add(index)
            self.waiting.appendleft(index)

    def next_answer(self) -> tuple[int, Any]:
        """Return a task and its result; what it raised is raised."""
        index, answer = self._answers.popleft()
        self._left -= 1
        if isinstance(answer, Lost):
            return index, answer
        worked, result = pickle.loads(answer)
        if not worked:
            raise result
        return index, result

    def drop(self) -> None:
        """Forget everything: what comes later is for nobody."""
        self._dropped = True
        self.waiting.clear()
        self.again.clear()
        self._answers.clear()
        self._held.clear()
        self._tasks, self.body, self._left = (), b"", 0

    def _path_of(self, piece: Any) -> str:
        self._held[id(piece)] = piece
        return self._files.path_of(piece)
