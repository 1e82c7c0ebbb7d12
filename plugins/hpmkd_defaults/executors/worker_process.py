"""Worker processes as their parent sees them: started, given a task, waited for, killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from loky.backend import get_context

from hpmkd.execution.toolkit import WORKER_ENVIRONMENT, descendants
from hpmkd_defaults.executors.signals import sigint_blocked_in_children
from hpmkd_defaults.executors.worker_main import BEGUN, READY, serve

if TYPE_CHECKING:
    from collections.abc import Collection

    from hpmkd_defaults.executors.batch import Batch

#: Seconds between checks that silent workers are alive. A dead one closes its connection, unless
#: a process that it had started holds it open.
HEARTBEAT = 1.0


@dataclass(eq=False)
class Worker:
    """One process, which runs one task at a time.

    Attributes
    ----------
    ready : bool
        Whether it can be given tasks.
    batch : Batch or None
        Of its last task: it has what the tasks share.
    task : int or None
        The one it is running.
    began : float or None
        When its task began (``time.monotonic``): it has loaded what the task needs, which in a
        new process takes seconds that are not the task's.
    """

    process: Any
    connection: Connection
    ready: bool = False
    batch: Batch | None = None
    task: int | None = None
    began: float | None = None

    @property
    def free(self) -> bool:
        """Whether it is waiting for a task; a dead one is not."""
        return self.ready and self.task is None and self.process.exitcode is None

    @property
    def deadline(self) -> float:
        """When the time of its task is over."""
        if self.task is None or self.began is None or self.batch is None:
            return float("inf")
        return self.began + self.batch.timeout

    @property
    def overdue(self) -> bool:
        """Whether its task has taken too long."""
        return time.monotonic() >= self.deadline

    def give(self, batch: Batch, task: int) -> int:
        """Send a task, and what its batch shares if that is new here; return their bytes.

        Raises
        ------
        OSError
            If it has died: it has no task then.
        """
        packed = batch.packed(task)
        body = None if self.batch is batch else batch.body
        self.connection.send((body, packed))
        self.batch, self.task, self.began = batch, task, None
        return len(packed) + len(body or b"")

    def read_message(self) -> None:
        """Read that it is ready or has begun its task, or the result.

        Raises
        ------
        OSError, EOFError
            If it has died.
        """
        message = self.connection.recv_bytes()
        if message == READY:
            self.ready = True
        elif message == BEGUN:
            self.began = time.monotonic()
        elif self.batch is not None and self.task is not None:
            task, self.task = self.task, None
            self.batch.finish(task, message)

    def end(self) -> int | None:
        """Kill it, with all processes that it has started; return its exit code if it had ended.

        May be done again, if it was interrupted.
        """
        code: int | None = self.process.exitcode
        if code is None:
            for number in (*descendants(self.process.pid), self.process.pid):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        self.process.join()
        self.connection.close()
        return code

    def exit_code(self) -> int:
        """Wait until it has ended, which it is about to, and return its exit code."""
        self.process.join(HEARTBEAT)
        code = self.end()
        return -signal.SIGKILL if code is None else code


def start() -> Worker:
    """Start a process; it sends a message when it is ready. Nothing may interrupt this."""
    context = get_context("loky")
    here, there = context.Pipe()
    process = context.Process(
        target=serve, args=(there, os.getpid()), name="hpmkd-worker", env=dict(WORKER_ENVIRONMENT)
    )
    with sigint_blocked_in_children():
        process.start()
    there.close()
    return Worker(process, here)


def wait_for_any(workers: Collection[Worker]) -> list[Worker]:
    """Wait a while; return the workers that sent a message, died or ran out of time."""
    left = min((each.deadline for each in workers), default=float("inf")) - time.monotonic()
    readable = wait([each.connection for each in workers], max(0.0, min(left, HEARTBEAT)))
    return [
        each
        for each in workers
        if each.connection in readable or each.overdue or each.process.exitcode is not None
    ]


def describe_exit(code: int) -> str:
    """Return a clause about a worker that ended unexpectedly."""
    if code >= 0:
        return f"its worker ended (exit code {code})"
    name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
    if name == "SIGKILL":
        return "its worker was killed (SIGKILL, as the out-of-memory killer does)"
    return f"its worker was killed ({name})"
