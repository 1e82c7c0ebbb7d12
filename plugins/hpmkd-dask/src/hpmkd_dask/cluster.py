"""A cluster as a run sees it: workers that come and go, each for one task at a time."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import time
import uuid
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from hpmkd.errors import PluginError, WorkerWarning
from hpmkd_dask.checks import QUESTION, Wanted
from hpmkd_dask.connection import Connection
from hpmkd_dask.processes import Processes

Events = queue.SimpleQueue[tuple[Any, ...]]

#: Worker processes of a cluster of this machine if nothing is said.
DEFAULT_WORKERS = 2
#: Seconds between two looks at who is there: while somebody is missing, and else.
OFTEN, SELDOM = 0.2, 2.0


@dataclass(frozen=True)
class Member:
    """A worker that has what tasks need.

    Parameters
    ----------
    address : str
        Of it.
    pid : int
        Of its process, on its machine.
    """

    address: str
    pid: int


class Cluster:
    """The workers of a scheduler, of which each is given one task at a time.

    What happens in it is put into every queue that listens, as tuples: ``("started", key,
    nanny)`` of a task, ``("joined", address)`` and ``("left", address, expected)`` of a worker.

    Parameters
    ----------
    address : str
        Of the scheduler; empty for a cluster of this machine.
    workers : int or None
        How many processes it has here; how many are used of one elsewhere, None for all.
    """

    def __init__(self, address: str, workers: int | None) -> None:
        self._look_at = 0.0
        self._listeners: list[Events] = []
        self.topic = f"hpmkd-{uuid.uuid4().hex}"
        self.members: dict[str, Member] = {}
        self.refused: dict[str, str] = {}
        self._wanted = Wanted.here()
        #: Distributions that workers were refused for.
        self._differing: list[str] = []
        self._limit = workers
        #: Workers that still run a task which was given up, and its future.
        self._occupied: dict[str, Any] = {}
        #: How workers ended that have left.
        self._ends: dict[str, str] = {}
        self._processes: Processes | None = None
        self.connection = Connection(address)
        try:
            if not address:
                self._limit = workers or DEFAULT_WORKERS
                self._processes = Processes(self.connection.address, self._limit)
                self._processes.mend()
            self.connection.hear(self.topic, self._of_task)
            self.join(*self.there())
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def listening(self) -> Iterator[Events]:
        """Return a queue of what happens inside a ``with`` block, and has since the last one."""
        events: Events = queue.SimpleQueue()
        self._listeners.append(events)
        try:
            self._look_at = 0.0
            yield events
        finally:
            self._listeners.remove(events)

    @property
    def client(self) -> Any:
        """Dask's client."""
        return self.connection.client

    @property
    def workers(self) -> int:
        """How many tasks run at once now; at least one, though there may be no worker yet."""
        return max(1, len(self.used()))

    @property
    def own(self) -> bool:
        """Whether its workers are processes of this machine, which are on their way."""
        return self._processes is not None

    def used(self) -> list[Member]:
        """Return the workers of this run."""
        for address, future in list(self._occupied.items()):
            if future.done():
                del self._occupied[address]
        able = [each for each in self.members.values() if each.address not in self._occupied]
        return able[: self._limit]

    def free(self, busy: Collection[str]) -> list[Member]:
        """Return the workers that may be given a task, given who is busy with one."""
        return [each for each in self.used() if each.address not in busy]

    def look(self) -> None:
        """Tell who has joined or left, if it is time to look again.

        That a worker leaves is told by the scheduler as well, and at once. (It tells of those
        that join, too, but among messages that some versions of Dask cannot send.)
        """
        now = time.monotonic()
        if now < self._look_at:
            return
        there = self.there()
        for address in {*self.members, *self.refused} - set(there):
            self._tell("left", address, False)
        new = there - {*self.members, *self.refused}
        for address in new:
            self._tell("joined", address)
        complete = len(self.members) >= (self._limit or 1)
        self._look_at = now + (SELDOM if complete else OFTEN)
        if self._processes is not None:
            self._processes.mend()

    def there(self) -> set[str]:
        """Return the addresses of all workers that the scheduler has, now."""
        return set(self.connection.ask(self.client.nthreads))

    def join(self, *addresses: str) -> None:
        """Ask workers whether they have what tasks need, and take those that do."""
        new = [each for each in addresses if each not in (*self.members, *self.refused)]
        if not new:
            return
        run, names = self.client.run, self._wanted.names
        answers = self.connection.ask(run, eval, QUESTION, names, workers=new, on_error="ignore")
        for address, answer in answers.items():
            # One that does not answer has left again.
            self._judge(address, answer)

    def _judge(self, address: str, answer: dict[str, Any]) -> None:
        if refusals := "; ".join(self._wanted.refusals(answer)):
            self._differing += self._wanted.differing(answer)
            self.refused[address] = f"worker {address}: {refusals}"
            hint = f"type there: {self.install()}"
            message = f"executor dask: {self.refused[address]}. It is not used; {hint}"
            warnings.warn(message, WorkerWarning, stacklevel=2)
            return
        if doubts := "; ".join(self._wanted.doubts(answer)):
            message = f"executor dask: worker {address}: {doubts}; results may differ a little"
            warnings.warn(message, WorkerWarning, stacklevel=2)
        self.members[address] = Member(address, answer["pid"])
        if self._processes is not None:
            self._processes.arrived(answer["pid"])
        self.connection.hear(address, partial(self._of_worker, address))

    def left(self, address: str) -> str:
        """Forget a worker and see to another one; return how it ended, for a sentence."""
        member = self.members.pop(address, None)
        self._look_at = 0.0  # for another one in its place
        self.refused.pop(address, None)
        self._occupied.pop(address, None)
        if member is not None and self._processes is not None:
            self._ends[address] = self._processes.end_of(member.pid)
        return self._ends.get(address, "left the cluster")

    def give_up(self, address: str, future: Any, nanny: bool) -> None:
        """End the worker of a task that is given up; one that nobody would replace is kept.

        A running task cannot be cancelled. A worker without a nanny, a process of Dask's that
        watches over it and starts it again, is left alone until it has done the task.
        """
        member = self.members.get(address)
        if member is None:  # it has left, which another batch has heard already
            return
        if self._processes is not None:
            self._processes.kill(member.pid)
        elif nanny:
            # By its nanny: its own loop may be held up by the task.
            kill = (os.kill, member.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            self.connection.tell(
                self.client.run, *kill, nanny=True, workers=[address], on_error="ignore"
            )
        self._occupied[address] = future

    def install(self) -> str:
        """Return what to type where the workers run."""
        return self._wanted.install(*self._differing)

    def nobody(self, seconds: float, problem: str) -> PluginError:
        """Return the error for there being no worker after so many seconds, and why if known."""
        where = f"executor dask: the scheduler at {self.connection.address}"
        if self.refused:
            told = "; ".join(self.refused.values())
            return PluginError(
                f"{where} has no worker that can be used: {told}. Where the workers run, type: "
                f"{self.install()}"
            )
        if problem:
            return PluginError(f"{where} does not take the data: {problem}; see its log for why")
        return PluginError(
            f"{where} has had no free worker for {seconds:g} s; start some: dask worker "
            f"{self.connection.address} --nthreads 1, or wait longer: --set executor.patience=600"
        )

    def close(self) -> None:
        """Leave it; one of this machine ends."""
        if self._processes is not None:
            self._processes.close()
        self.connection.close()

    def _of_task(self, message: Any) -> None:
        if self._processes is not None:
            self._processes.at_work()
        self._tell("started", *message)

    def _of_worker(self, address: str, message: Any) -> None:
        if isinstance(message, dict) and message.get("action") == "remove-worker":
            self._tell("left", address, bool(message.get("expected")))

    def _tell(self, *event: Any) -> None:
        for listener in tuple(self._listeners):
            listener.put(event)
