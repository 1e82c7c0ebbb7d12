"""One batch of tasks: which worker runs which task, losses and results.

Each worker is given one task at a time, and no other worker may take it. So it is known
which task ran on a worker that died, a task starts when it is given, and the
tasks start in their order.
"""

from __future__ import annotations

import pickle
import queue
import time
import warnings
from collections import deque
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cloudpickle

from hpmkd.errors import PluginError, WorkerWarning
from hpmkd.execution.toolkit import LostTasks
from hpmkd_dask.requirements import remedy
from hpmkd_dask.task import RAISED, UNREADABLE, call

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from hpmkd_dask.cluster import Cluster, Events
    from hpmkd_dask.scattered import Packed, ScatteredData

#: Seconds between two looks at what sends no event.
TICK = 0.2
#: Seconds without a worker after which a warning says so.
WARN_AFTER = 5.0


@dataclass
class Attempt:
    """A task that was given to a worker.

    Parameters
    ----------
    index : int
        Of the task.
    worker : str
        Its address.
    future : distributed.Future
        The result, there.
    fetched : concurrent.futures.Future
        The result, here.
    deadline : float or None
        When it is given up, on the clock of ``time.monotonic``; None before it has started.
    nanny : bool
        Whether its worker would come back if it were killed.
    """

    index: int
    worker: str
    future: Any
    fetched: Future[Any]
    deadline: float | None = None
    nanny: bool = False

    def drop(self) -> None:
        """Release the result; a task that has started continues."""
        self.fetched.cancel()
        self.future.release()


class ClusterBatch:
    """The tasks of one call of ``run``.

    Parameters
    ----------
    cluster, data
        Of the executor.
    function, shared, tasks, timeout
        As ``run`` was given them.
    patience : float
        Seconds to wait for a worker when there is none.
    """

    def __init__(
        self,
        cluster: Cluster,
        data: ScatteredData,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        timeout: float | None,
        patience: float,
    ) -> None:
        self._cluster, self._data = cluster, data
        self._function, self._tasks, self._timeout = function, tasks, timeout
        self._patience = patience
        self._packed: Packed = data.pack(shared)
        self._waiting = deque(range(len(tasks)))
        self._attempts: dict[str, Attempt] = {}
        self._losses = LostTasks(len(tasks))
        self._given = 0
        self._idle_since: float | None = None
        self._warned = False

    def results(self) -> Generator[tuple[int, Any], None, None]:
        """Yield results as they complete."""
        with self._cluster.listening() as events:
            try:
                while self._waiting or self._attempts:
                    self._assign(events)
                    yield from self._handle_event(events)
                    yield from self._overdue()
            finally:
                for attempt in self._attempts.values():
                    attempt.drop()
                self._data.drop(self._packed)

    def _assign(self, events: Events) -> None:
        """Give tasks to the workers that have none."""
        busy = [attempt.worker for attempt in self._attempts.values()]
        free = self._cluster.free(busy)
        for worker in free[: len(self._waiting)]:
            try:
                body, pieces = self._data.on(worker, self._packed)
            except PluginError:
                raise
            except Exception as error:
                # A worker has just left, perhaps: an event of it comes in a moment.
                self._wait(f"{type(error).__name__}: {error}")
                return
            index = self._waiting.popleft()
            self._submit(index, worker, body, pieces, events)
        if free or self._attempts:
            self._idle_since, self._warned = None, False
        else:
            self._wait("")

    def _submit(
        self, index: int, worker: str, body: Any, pieces: dict[str, Any], events: Events
    ) -> None:
        self._given += 1
        key = f"{self._cluster.topic}-{self._packed.name}-{self._given}"
        payload = cloudpickle.dumps((self._function, self._tasks[index]))
        connection, topic = self._cluster.connection, self._cluster.topic
        future = connection.submit(worker, key, call, topic, key, payload, body, pieces)
        fetched = connection.start(connection.client.gather, future)
        attempt = Attempt(index, worker, future, fetched)
        attempt.fetched.add_done_callback(lambda _: events.put(("done", key)))
        self._attempts[key] = attempt

    def _wait(self, problem: str) -> None:
        """Wait for a while if the cluster has no free worker."""
        now = time.monotonic()
        if self._idle_since is None:
            self._idle_since = now
        waited = now - self._idle_since
        if waited >= self._patience or (self._cluster.refused and not self._cluster.members):
            raise self._cluster.no_worker(self._patience, problem)
        if waited >= WARN_AFTER and not self._warned:
            self._warned = True
            address = self._cluster.connection.address
            message = f"the Dask scheduler at {address} has no free worker; waiting for one, "
            message += f"up to {self._patience:g} s"
            warnings.warn(message, WorkerWarning, stacklevel=2)

    def _handle_event(self, events: Events) -> Iterator[tuple[int, Any]]:
        """Wait for an event and act on it."""
        self._cluster.connection.require_alive()
        self._cluster.look()
        try:
            event = events.get(timeout=self._until_next_deadline())
        except queue.Empty:
            return
        match event:
            case ("done", key) if key in self._attempts:
                yield from self._done(key, self._attempts.pop(key))
            case ("started", key, nanny) if key in self._attempts and self._timeout is not None:
                self._attempts[key].deadline = time.monotonic() + self._timeout
                self._attempts[key].nanny = nanny
            case ("joined", worker):
                self._cluster.join(worker)
            case ("left", worker, expected):
                self._data.forget_worker(worker)
                self._cluster.forget(worker)
                yield from self._abandoned(worker, expected)

    def _until_next_deadline(self) -> float:
        deadlines = [each.deadline for each in self._attempts.values() if each.deadline is not None]
        now = time.monotonic()
        return max(0.0, min([now + TICK, *deadlines]) - now)

    def _done(self, key: str, attempt: Attempt) -> Iterator[tuple[int, Any]]:
        try:
            state, sent = attempt.fetched.result()
        except CancelledError:
            # What it needed was lost with a worker. If that was its own, an event of it follows.
            if attempt.worker in self._cluster.addresses():
                self._waiting.appendleft(attempt.index)
            else:
                self._attempts[key] = attempt
            return
        except OSError as error:
            # The scheduler is gone, or else the worker is.
            self._cluster.connection.require_alive_yet()
            yield from self._lost(attempt.index, f"its result did not arrive ({error})")
            return
        except Exception as error:
            raise PluginError(
                f"executor dask: worker {attempt.worker} could not run its task: "
                f"{type(error).__name__}: {error}"
            ) from error
        if state == UNREADABLE:
            problem, module = sent
            do = remedy(module) if module else "install the same versions there as here"
            raise PluginError(
                f"executor dask: worker {attempt.worker} cannot read its task: {problem}; {do}"
            )
        if state == RAISED:
            raise pickle.loads(sent)
        yield attempt.index, pickle.loads(sent)

    def _abandoned(self, worker: str, expected: bool) -> Iterator[tuple[int, Any]]:
        """Handle the task of a worker that has left; `expected` if it was scaled down."""
        for key, attempt in list(self._attempts.items()):
            if attempt.worker != worker:
                continue
            del self._attempts[key]
            attempt.drop()
            if expected:
                self._waiting.appendleft(attempt.index)
            else:
                yield from self._lost(attempt.index, "its worker left the cluster")

    def _overdue(self) -> Iterator[tuple[int, Any]]:
        """Give up tasks that take too long."""
        now = time.monotonic()
        for key, attempt in list(self._attempts.items()):
            if attempt.deadline is None or attempt.deadline > now or attempt.fetched.done():
                continue
            del self._attempts[key]
            attempt.fetched.cancel()
            self._cluster.give_up(attempt.worker, attempt.future, attempt.nanny)
            yield from self._lost(attempt.index, f"it took longer than {self._timeout:g} s")

    def _lost(self, index: int, reason: str) -> Iterator[tuple[int, Any]]:
        result = self._losses.add(index, reason)
        if result is None:
            self._waiting.appendleft(index)
        else:
            yield index, result
