"""Worker processes that are sent large arrays once, and whose death costs one task one try."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from hpmkd.errors import HpmkdError
from hpmkd.execution.toolkit.sharing import pack
from hpmkd_defaults.executors.batch import Batch
from hpmkd_defaults.executors.shared_files import PieceFiles
from hpmkd_defaults.executors.signals import held_back
from hpmkd_defaults.executors.worker_process import Worker, ending, overdue, start, waited_for
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: How many processes in a row may die before they can be given a task.
STILLBORN = 3


class LokyExecutor:
    """Runs tasks in up to `workers` processes that serve every batch.

    Each process is at one task at a time, so that it is known which task a dead one had: that
    task is tried once more, in a new process, and the others go on. What is large in what the
    tasks share is written to a file once and memory-mapped by each worker (see
    :mod:`hpmkd.execution.toolkit.sharing`). The processes are started by loky: there is no fork
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
        self._crew: list[Worker] = []
        self._files = PieceFiles()
        self._ahead: tuple[Callable[[Any], Any], Any] | None = None
        self._stillborn = 0
        self._sent = 0
        self._started = 0
        # When nobody holds it any more, and before the interpreter waits for its children.
        util.Finalize(self, _end, args=(self._crew, self._files), exitpriority=10)

    def prepare(self, function: Callable[[Any], Any], shared: Any) -> None:
        """Say what tasks to come will need.

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
        `timeout` seconds, is tried once more; then its result is a :class:`~hpmkd.values.Lost`.
        """
        if not tasks:
            return
        self._files.remove_dead()
        batch = Batch(function, shared, tasks, self._files)
        try:
            while batch.unfinished:
                self._hire(batch)
                self._assign(batch, float("inf") if timeout is None else timeout)
                if batch.answers:  # no worker waits while somebody looks at one
                    yield batch.next_answer()
                else:
                    self._listen(timeout)
        except KeyboardInterrupt:
            # Nobody waits for the others, and half a message may have been read.
            self.close()
            raise
        finally:
            batch.drop()
            self._files.remove_dead()

    def close(self) -> None:
        """Kill the processes, whatever they are at, and remove the files."""
        self._ahead = None
        _end(self._crew, self._files)

    def stats(self) -> dict[str, int]:
        """Return counts since it was made.

        Returns
        -------
        dict
            ``pieces``: bytes written to files; ``sent``: bytes of tasks, and of what batches
            share beside their pieces; ``started``: processes.
        """
        return {"pieces": self._files.written, "sent": self._sent, "started": self._started}

    def _hire(self, batch: Batch) -> None:
        """Start as many processes as there is work for."""
        while len(self._crew) < self.workers:
            idle = [each for each in self._crew if each.assigned is None]
            new = [each for each in idle if not each.served]
            if len(idle) >= batch.to_give and len(new) >= len(batch.again):
                return
            with held_back():  # a process that nobody knows of would be waited for, for ever
                self._crew.append(start())
            self._started += 1

    def _assign(self, batch: Batch, seconds: float) -> None:
        """Give every free worker a task; a task that lost its worker goes to a new one."""
        new = any(not each.served for each in self._crew)
        for worker in [each for each in self._crew if each.free]:
            # (Where no process is new, for another batch has had them all, any will do.)
            suits = batch.again and not (new and worker.served)
            tasks = batch.again if suits else batch.waiting
            if not tasks:
                continue
            try:
                self._sent += worker.give(batch, tasks[0], seconds)
            except (BrokenPipeError, ConnectionResetError):
                continue  # it died while it had nothing to do: nobody's fault, and soon noticed
            tasks.popleft()

    def _listen(self, timeout: float | None) -> None:
        """Wait until something happens, and see to it."""
        for worker in waited_for(self._crew):
            if worker.connection.poll():
                known = worker.ready
                try:
                    worker.take()
                except (EOFError, OSError):
                    self._dismiss(worker)
                else:
                    self._stillborn = 0
                    if not known:
                        self._foresee(worker)
            elif overdue(worker):
                self._dismiss(worker, f"it took longer than {timeout:g} s (--trial-timeout)")
            else:
                self._dismiss(worker)

    def _foresee(self, worker: Worker) -> None:
        """Tell a worker that has just got ready what is to come."""
        if self._ahead is not None:
            # Of what cannot be packed, the batch that needs it will tell; a death is soon noticed.
            with suppress(Exception):
                worker.foresee(pack(self._ahead, self._files.path_of))

    def _dismiss(self, worker: Worker, reason: str | None = None) -> None:
        """Remove a worker that has died or is to die; its task is told why."""
        code = worker.exit_code() if reason is None else worker.end()
        self._crew.remove(worker)
        reason = reason or ending(int(code or 0))
        if worker.assigned is not None and worker.began is not None:
            worker.assigned.batch.lost(worker.assigned.index, reason)
        elif worker.assigned is not None:
            worker.assigned.batch.not_begun(worker.assigned.index, reason)
        elif not worker.ready:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise HpmkdError(
                    f"worker processes do not start: {self._stillborn} in a row were no sooner "
                    f"started than gone, the last because {reason}. See what they printed, and "
                    "whether there is memory for them; or use one process (--workers 1)"
                )


def _end(crew: list[Worker], files: PieceFiles) -> None:
    while crew:  # each is in it until it has ended: an interrupt may come in between
        crew[-1].end()
        crew.pop()
    files.close()
