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
from functools import partial
from typing import Any

from hpmkd.errors import PluginError, WorkerWarning
from hpmkd_dask.connection import Connection
from hpmkd_dask.requirements import FACTS, Requirements

Events = queue.SimpleQueue[tuple[Any, ...]]

#: Seconds between two looks at which workers there are: while some are missing, and else.
OFTEN, SELDOM = 0.2, 2.0


class Cluster:
    """The workers of a scheduler, of which each is given one task at a time.

    What happens in it is put into every queue that listens, as tuples: ``("started", key,
    nanny)`` of a task, ``("joined", address)`` and ``("left", address, expected)`` of a worker.

    Parameters
    ----------
    address : str
        Of the scheduler.
    limit : int or None
        How many of its workers are used, None for all.
    """

    def __init__(self, address: str, limit: int | None) -> None:
        self._look_at = 0.0
        self._listeners: list[Events] = []
        self.topic = f"hpmkd-{uuid.uuid4().hex}"
        #: The process numbers of workers that have what tasks need, by address.
        self.members: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self._requirements = Requirements.here()
        #: Distributions that workers were refused for.
        self._differing: list[str] = []
        self._limit = limit
        #: Workers that still run a task which was given up, and its future.
        self._occupied: dict[str, Any] = {}
        self.connection = Connection(address)
        try:
            self.connection.subscribe(self.topic, self._of_task)
            self.join(*self.addresses())
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def listening(self) -> Iterator[Events]:
        """Return a queue of the events in a ``with`` block, and of those since the last one."""
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

    def used(self) -> list[str]:
        """Return the addresses of the workers of this run."""
        for address, future in list(self._occupied.items()):
            if future.done():
                del self._occupied[address]
        return [each for each in self.members if each not in self._occupied][: self._limit]

    def free(self, busy: Collection[str]) -> list[str]:
        """Return the workers that may be given a task, given those that have one."""
        return [each for each in self.used() if each not in busy]

    def look(self) -> None:
        """Publish which workers have joined or left, if it is time to look again.

        The scheduler sends a message of a worker that leaves as well, and at once. (Also of those
        that join, but among messages that some versions of Dask cannot send.)
        """
        now = time.monotonic()
        if now < self._look_at:
            return
        there, known = self.addresses(), {*self.members, *self.refused}
        for address in known - there:
            self._publish("left", address, False)
        for address in there - known:
            self._publish("joined", address)
        complete = len(self.members) >= (self._limit or 1)
        self._look_at = now + (SELDOM if complete else OFTEN)

    def addresses(self) -> set[str]:
        """Return the addresses of all workers that the scheduler has, now."""
        return set(self.connection.call(self.client.nthreads))

    def join(self, *addresses: str) -> None:
        """Inspect whether workers have what tasks need, and take those that do."""
        new = [each for each in addresses if each not in (*self.members, *self.refused)]
        if not new:
            return
        run, names = self.client.run, self._requirements.names
        found = self.connection.call(run, eval, FACTS, names, workers=new, on_error="ignore")
        for address, facts in found.items():
            # One that does not answer has left again.
            self._judge(address, facts)

    def _judge(self, address: str, facts: dict[str, Any]) -> None:
        if refusals := "; ".join(self._requirements.refusals(facts)):
            self._differing += self._requirements.differing(facts)
            self.refused[address] = f"worker {address}: {refusals}"
            hint = f"type there: {self._install()}"
            message = f"executor dask: {self.refused[address]}. It is not used; {hint}"
            warnings.warn(message, WorkerWarning, stacklevel=2)
            return
        if doubts := "; ".join(self._requirements.doubts(facts)):
            message = f"executor dask: worker {address}: {doubts}; results may differ a little"
            warnings.warn(message, WorkerWarning, stacklevel=2)
        self.members[address] = facts["pid"]
        self.connection.subscribe(address, partial(self._of_worker, address))

    def forget(self, address: str) -> None:
        """Forget a worker that has left."""
        self._look_at = 0.0  # for another one in its place
        for known in (self.members, self.refused, self._occupied):
            known.pop(address, None)

    def give_up(self, address: str, future: Any, nanny: bool) -> None:
        """End the worker of a task that is given up, if it would be replaced.

        A running task cannot be cancelled. A worker without a nanny, a process of Dask's that
        watches over it and starts it again, is left alone until it has done the task.
        """
        if address not in self.members:  # it has left, which another batch has noticed already
            return
        if nanny:
            # By its nanny: its own loop may be blocked by the task.
            kill = (os.kill, self.members[address], signal.SIGKILL)
            options = {"nanny": True, "workers": [address], "on_error": "ignore"}
            self.connection.start(self.client.run, *kill, **options)
        self._occupied[address] = future

    def no_worker(self, seconds: float, problem: str) -> PluginError:
        """Return the error for there being no worker after so many seconds, and why if known."""
        where = f"executor dask: the scheduler at {self.connection.address}"
        if self.refused:
            return PluginError(
                f"{where} has no worker that can be used: {'; '.join(self.refused.values())}. "
                f"Where the workers run, type: {self._install()}"
            )
        if problem:
            return PluginError(f"{where} does not take the data: {problem}; see its log for why")
        return PluginError(
            f"{where} has had no free worker for {seconds:g} s; start some: dask worker "
            f"{self.connection.address} --nthreads 1, or wait longer: --set executor.patience=600"
        )

    def close(self) -> None:
        """Leave the scheduler."""
        self.connection.close()

    def _install(self) -> str:
        return self._requirements.install(*self._differing)

    def _of_task(self, message: Any) -> None:
        self._publish("started", *message)

    def _of_worker(self, address: str, message: Any) -> None:
        if isinstance(message, dict) and message.get("action") == "remove-worker":
            self._publish("left", address, bool(message.get("expected")))

    def _publish(self, *event: Any) -> None:
        for listener in tuple(self._listeners):
            listener.put(event)
