"""The rule of executors for tasks that lost their worker, or their time."""

from __future__ import annotations

from hpmkd.errors import WorkerWarning, warn
from hpmkd.values import Lost

#: How often a task is tried.
TRIES = 2


class LostTasks:
    """The losses of one batch of tasks: the first is a warning, the second is the task's result.

    Parameters
    ----------
    n_tasks : int
        How many the batch has.
    """

    def __init__(self, n_tasks: int) -> None:
        self._n_tasks = n_tasks
        self._reasons: dict[int, list[str]] = {}

    def add(self, index: int, reason: str) -> Lost | None:
        """Note that a task was lost; return what it comes to, or None if it is to be tried again.

        Parameters
        ----------
        index : int
            Of the task, from 0.
        reason : str
            A clause, such as "its worker was killed (SIGKILL)".

        Warns
        -----
        WorkerWarning
            If it is to be tried again.
        """
        reasons = self._reasons.setdefault(index, [])
        reasons.append(reason)
        if len(reasons) == TRIES:
            first, *others = reasons
            return Lost(f"{first}, twice" if {*others} == {first} else "; then ".join(reasons))
        message = f"task {index + 1} of {self._n_tasks} is tried once more: {reason}"
        warn(message, WorkerWarning)
        return None
