"""Worker processes that share arrays through a memory-mapped file."""

from __future__ import annotations

import pickle
import shutil
import tempfile
import weakref
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loky import ProcessPoolExecutor

from hpmkd_defaults.executors.sharing import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Set before a worker loads any library: one thread each, and idle OpenMP threads sleep
#: instead of spinning on a core that another worker needs.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}


class LokyExecutor:
    """Runs tasks in `workers` processes that are started once and serve every batch.

    What the tasks share is written once per batch and memory-mapped by each worker, so
    large arrays are neither copied nor sent: a task carries its own payload only. The pool
    is this executor's own, not the one that joblib shares within a process, so closing it
    disturbs nobody. Processes are spawned by loky: there is no fork after OpenMP, and a
    script needs no ``if __name__ == "__main__"``.

    Parameters
    ----------
    workers : int
        Number of processes, >= 1.
    """

    gives_up = True

    def __init__(self, *, workers: int = 2) -> None:
        self.workers = workers
        self._pool: Any = None
        self._folder: Path | None = None
        self._runs = 0

    def run(
        self,
        function: Callable[[Any, Any], Any],
        shared: Any,
        tasks: Sequence[Any],
        *,
        timeout: float | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Yield ``(index, function(shared, tasks[index]))`` as the tasks complete."""
        if not tasks:
            return
        path = self._next_path()
        pending: dict[Any, int] = {}
        try:
            dump(shared, path)
            for index, task in enumerate(tasks):
                future = self._started().submit(call, function, str(path), task)
                pending[future] = index
            for future in as_completed(list(pending)):
                # Popped, lest a long batch keeps every result alive until its end.
                yield pending.pop(future), future.result()
        except BrokenProcessPool:
            # A worker died, for want of memory perhaps. This pool is lost, not the executor.
            self._stop()
            raise
        finally:
            for future in pending:
                future.cancel()
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop the processes and remove the temporary files."""
        self._stop()
        if self._folder is not None:
            self._remove()
            self._folder = None

    def _started(self) -> Any:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, env=ENVIRONMENT)
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def _next_path(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="hpmkd-"))
            # Runs at the latest when the interpreter ends.
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._runs += 1
        return self._folder / f"{self._runs}.shared"


def call(function: Callable[[Any, Any], Any], path: str, task: Any) -> Any:
    """Run one task in a worker."""
    try:
        return function(load(path), task)
    except Exception as error:
        if _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _travels(error: Exception) -> bool:
    # An exception that does not survive pickling would bring the whole pool down.
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return False
    return True
