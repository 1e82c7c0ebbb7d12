"""Worker processes: large arrays are sent once, and a dead worker costs one task one try."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit import pack
from hpmkd_defaults.executors.batch import Batch
from hpmkd_defaults.executors.shared_files import SharedFiles
from hpmkd_defaults.executors.signals import held_back
from hpmkd_defaults.executors.worker_process import Worker, describe_exit, start, wait_for_any
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Processes in a row that may die before they can be given a task.
FAILED_STARTS = 3


class LokyExecutor:
    """Runs tasks in up to `workers` processes that serve every batch.

    Each process runs one task at a time, so that it is known which task a dead one had: that
    task is retried once, in a new process, and the others continue. What is large in what the
    tasks share is written to a file once and memory-mapped by each worker (see
    :mod:`hpmkd.execution.toolkit`). The processes are started by loky: there is no fork
    after OpenMP, and a script needs no ``if __name__ == "__main__"``. No threads and no locks
    are involved.

    Parameters
    ----------
    workers : int
        Number of processes, >= 1; no more are started than there are tasks.
    """

    gives_up = True
    local = True

    def __init__(self, *, workers: Count = 2) -> None:
        self.workers = workers
        self._workers: list[Worker] = []
        self._files = SharedFiles()
        self._ahead: tuple[Callable[[Any], Any], Any] | None = None
        self._failed_starts = 0
        self._sent = 0
        self._started = 0
        # When it is garbage, and before the interpreter waits for its children.
        util.Finalize(self, _end, args=(self._workers, self._files), exitpriority=10)

    def prepare(self, function: Callable[[Any], Any], shared: Any) -> None:
        """Announce what later tasks will need.

        Every process that is started from now on unpickles `shared`, and with it loads the
        libraries that it needs, and calls ``function(shared)``: once, when it has no task.
        """
        self._ahead = function, shared

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))`` as the tasks complete.

        Tasks are begun in their order. A task whose worker dies, or that takes longer than
        `timeout` seconds, is retried once; then its result is a :class:`~hpmkd.values.Lost`.
        """
        if not tasks:
            return
        self._files.remove_dead()
        batch = Batch(function, shared, tasks, timeout, self._files.path_of)
        try:
            while batch.left:
                self._start_workers(batch)
                self._assign(batch)
                if batch.results:  # no worker waits while the caller looks at one
                    yield batch.next_result()
                else:
                    self._handle_messages()
        except KeyboardInterrupt:
            # The other results are not wanted, and half a message may have been read.
            self.close()
            raise
        finally:
            batch.drop()
            self._files.remove_dead()

    def close(self) -> None:
        """Kill the processes, even those at work, and remove the files."""
        self._ahead = None
        _end(self._workers, self._files)

    def stats(self) -> dict[str, int]:
        """Return counts since it was made.

        Returns
        -------
        dict
            ``pieces``: bytes written to files; ``sent``: bytes of tasks, and of what batches
            share beside their pieces; ``started``: processes.
        """
        return {"pieces": self._files.written, "sent": self._sent, "started": self._started}

    def _start_workers(self, batch: Batch) -> None:
        """Start as many processes as there is work for."""
        while len(self._workers) < self.workers:
            idle = [each for each in self._workers if each.task is None]
            unused = [each for each in idle if each.batch is None]
            waiting = len(batch.waiting) + len(batch.again)
            if len(idle) >= waiting and len(unused) >= len(batch.again):
                return
            with held_back():  # a process that is not in the list would never be ended
                self._workers.append(start())
            self._started += 1

    def _assign(self, batch: Batch) -> None:
        """Give every free worker a task; a task that lost its worker goes to a new one."""
        unused = any(each.batch is None for each in self._workers)
        for worker in [each for each in self._workers if each.free]:
            # (Where no process is new, for another batch has had them all, any will do.)
            suits = batch.again and not (unused and worker.batch is not None)
            tasks = batch.again if suits else batch.waiting
            if not tasks:
                continue
            try:
                self._sent += worker.give(batch, tasks[0])
            except (BrokenPipeError, ConnectionResetError):
                continue  # it died while it had no task, which is soon noticed
            tasks.popleft()

    def _handle_messages(self) -> None:
        """Wait until something happens, and handle it."""
        for worker in wait_for_any(self._workers):
            if worker.connection.poll():
                was_ready = worker.ready
                try:
                    worker.read_message()
                except (EOFError, OSError):
                    self._remove(worker)
                else:
                    self._failed_starts = 0
                    if not was_ready:
                        self._announce(worker)
            else:
                self._remove(worker)

    def _announce(self, worker: Worker) -> None:
        """Send a worker that has just got ready what is to come."""
        if self._ahead is not None:
            # Packing errors are reported by the batch that needs it; a death is soon noticed.
            with suppress(Exception):
                worker.connection.send((pack(self._ahead, self._files.path_of), None))

    def _remove(self, worker: Worker) -> None:
        """Remove a worker that has died, or whose task has taken too long."""
        if worker.overdue and worker.process.exitcode is None and worker.batch is not None:
            worker.end()
            reason = f"it took longer than {worker.batch.timeout:g} s (--trial-timeout)"
        else:
            reason = describe_exit(worker.exit_code())
        self._workers.remove(worker)
        if worker.batch is not None and worker.task is not None:
            worker.batch.lose(worker.task, reason, begun=worker.began is not None)
        elif not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise HpmkdError(
                    f"worker processes do not start: {self._failed_starts} in a row ended "
                    f"at once, the last because {reason}. Read what they printed, check the free "
                    "memory, or use one process (--workers 1)"
                )


def _end(workers: list[Worker], files: SharedFiles) -> None:
    while workers:  # each is in it until it has ended: an interrupt may come in between
        workers[-1].end()
        workers.pop()
    files.close()
