"""Worker processes as their parent sees them: started, given a task, waited for, killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from loky.backend import get_context

from hpmkd.execution.toolkit.process_tree import descendants
from hpmkd.execution.toolkit.threads import OF_A_WORKER
from hpmkd_defaults.executors.signals import unheard_by_children
from hpmkd_defaults.executors.worker_main import BEGUN, READY, serve

if TYPE_CHECKING:
    from collections.abc import Collection

    from hpmkd_defaults.executors.batch import Batch

#: Seconds between looks at whether workers that say nothing are alive. A dead one closes its
#: connection, unless a process that it had started holds it open.
HEARTBEAT = 1.0


@dataclass(frozen=True)
class Assigned:
    """A task that a worker is given, and how many seconds it may take."""

    batch: Batch
    index: int
    seconds: float


@dataclass(eq=False)
class Worker:
    """One process, which runs one task at a time.

    Attributes
    ----------
    began : float or None
        When it was heard that its task began (``time.monotonic``): it has loaded what the task
        needs, which in a new process takes seconds that are not the task's.
    """

    process: Any
    connection: Connection
    ready: bool = False
    assigned: Assigned | None = None
    began: float | None = None
    served: int = 0
    batch: Batch | None = field(default=None, repr=False)

    @property
    def free(self) -> bool:
        """Whether it is waiting for a task; a dead one is not."""
        return self.ready and self.assigned is None and self.process.exitcode is None

    @property
    def deadline(self) -> float:
        """When the time of its task is over."""
        if self.assigned is None or self.began is None:
            return float("inf")
        return self.began + self.assigned.seconds

    def give(self, batch: Batch, index: int, seconds: float) -> int:
        """Send a task, and what its batch shares if that is new here; return their bytes.

        Raises
        ------
        OSError
            If it has died: nothing is assigned then.
        """
        task = batch.packed(index)
        body = None if self.batch is batch else batch.body
        self.connection.send((body, task))
        self.batch, self.assigned, self.began = batch, Assigned(batch, index, seconds), None
        self.served += 1
        return len(task) + len(body or b"")

    def foresee(self, body: bytes) -> None:
        """Send what it may prepare itself with as long as it has no task."""
        self.connection.send((body, None))

    def take(self) -> None:
        """Read what it has to say: that it is ready, has begun its task, or the answer to it.

        Raises
        ------
        OSError, EOFError
            If it has died.
        """
        said = self.connection.recv_bytes()
        if said == READY:
            self.ready = True
            return
        if said == BEGUN:
            self.began = time.monotonic()
            return
        assigned, self.assigned = self.assigned, None
        if assigned is not None:
            assigned.batch.answered(assigned.index, said)

    def end(self) -> int | None:
        """Kill it, with all processes that it has started; return how it had ended if it had.

        May be done again, if it was interrupted.
        """
        code: int | None = self.process.exitcode
        if code is None:
            for number in (*descendants(self.process.pid), self.process.pid):
                _kill(number)
        self.process.join()
        self.connection.close()
        return code

    def exit_code(self) -> int:
        """Wait until it has ended, which it is about to, and return how."""
        self.process.join(HEARTBEAT)
        code = self.end()
        return -int(getattr(signal, "SIGKILL", 9)) if code is None else code


def start() -> Worker:
    """Start a process; it says when it is ready. Nothing may interrupt this."""
    context = get_context("loky")
    here, there = context.Pipe()
    process = context.Process(
        target=serve, args=(there, os.getpid()), name="hpmkd-worker", env=dict(OF_A_WORKER)
    )
    with unheard_by_children():
        process.start()
    there.close()
    return Worker(process, here)


def waited_for(workers: Collection[Worker]) -> list[Worker]:
    """Wait until workers say something, die or run out of time, and return these; or a while."""
    left = min((each.deadline for each in workers), default=float("inf")) - time.monotonic()
    said = wait([each.connection for each in workers], max(0.0, min(left, HEARTBEAT)))
    return [
        each
        for each in workers
        if each.connection in said or overdue(each) or each.process.exitcode is not None
    ]


def overdue(worker: Worker) -> bool:
    """Return whether its task has taken too long."""
    return time.monotonic() >= worker.deadline


def ending(code: int) -> str:
    """Say how a process ended that was not meant to."""
    if code >= 0:
        return f"its worker ended (exit code {code})"
    name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
    if name == "SIGKILL":
        return "its worker was killed (SIGKILL, as the out-of-memory killer does)"
    return f"its worker was killed ({name})"


def _kill(number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, getattr(signal, "SIGKILL", signal.SIGTERM))
