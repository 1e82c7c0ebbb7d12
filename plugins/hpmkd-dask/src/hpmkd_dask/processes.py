"""The worker processes of a cluster of this machine: started, replaced when they die, ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref

from hpmkd.errors import PluginError
from hpmkd.execution.toolkit.threads import OF_A_WORKER

#: Dask's profiler looks at every thread a hundred times a second; nobody reads what it finds.
ENVIRONMENT = {**OF_A_WORKER, "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}

#: Seconds in which a killed process must be gone.
GONE_AFTER = 10.0
#: How many in a row may end before they have reached their scheduler.
STILLBORN = 3


class Processes:
    """Worker processes of one thread.

    They are started by a command of their own instead of by ``multiprocessing``: so a script
    needs no ``if __name__ == "__main__"``, the variables of this process stay as they are, and
    it works inside workers of others, who may have no children.

    Parameters
    ----------
    address : str
        Of the scheduler they work for.
    n : int
        How many.
    """

    def __init__(self, address: str, n: int) -> None:
        self._address, self._n = address, n
        self._folder = tempfile.mkdtemp(prefix="hpmkd-dask-")
        self._alive: dict[int, subprocess.Popen[bytes]] = {}
        self._ended: dict[int, int] = {}
        self._arrived: set[int] = set()
        self._stillborn = 0
        # Runs at the latest when the interpreter ends.
        self._clean = weakref.finalize(self, _clean, self._alive, self._folder)

    def mend(self) -> None:
        """Start as many as are missing.

        Raises
        ------
        PluginError
            If as many as :data:`STILLBORN` have ended, one after the other, without having
            reached the scheduler: the next would do the same.
        """
        for pid, process in list(self._alive.items()):
            code = process.poll()
            if code is None:
                continue
            self._note(pid, code)
            if pid not in self._arrived:
                self._stillborn += 1
                if self._stillborn >= STILLBORN:
                    raise _stillborn(self._stillborn, code)
        while len(self._alive) < self._n:
            process = self._start()
            self._alive[process.pid] = process

    def arrived(self, pid: int) -> None:
        """Be told of one that has reached the scheduler."""
        self._arrived.add(pid)
        self._stillborn = 0

    def at_work(self) -> None:
        """Be told that one has begun a task: they can do what they are for."""
        self._stillborn = 0

    def kill(self, pid: int) -> None:
        """End one, whatever it does."""
        if pid in self._alive:
            self._alive[pid].kill()

    def end_of(self, pid: int) -> str:
        """Say how one ended that has left its scheduler."""
        if pid in self._alive:
            try:
                self._note(pid, self._alive[pid].wait(timeout=GONE_AFTER))
            except subprocess.TimeoutExpired:
                return "left its scheduler"
        return how_it_ended(self._ended[pid]) if pid in self._ended else "left its scheduler"

    def close(self) -> None:
        """End all and remove their folder."""
        self._clean()

    def _note(self, pid: int, code: int) -> None:
        self._ended[pid] = code
        del self._alive[pid]

    def _start(self) -> subprocess.Popen[bytes]:
        # The modules of this process are found there too, wherever it has them from.
        path = os.pathsep.join(each or os.getcwd() for each in sys.path)
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "hpmkd_dask.process", self._address, self._folder],
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            # What a task prints must not get between results that are piped; and it comes at once,
            # for the process may be killed at any time (-u).
            stdout=2,
        )


def how_it_ended(code: int) -> str:
    """Say what an exit code means, as the end of a sentence about a process."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed ({name})"


def _stillborn(n: int, code: int) -> PluginError:
    why = "what it printed above says why" if code >= 0 else "see whether there is memory for them"
    return PluginError(
        f"executor dask: worker processes do not start: {n} in a row were gone before they had "
        f"reached their scheduler; the last {how_it_ended(code)}, {why}. Run without them: "
        "--set executor.name=serial"
    )


def _clean(alive: dict[int, subprocess.Popen[bytes]], folder: str) -> None:
    for process in alive.values():
        process.kill()
    for process in alive.values():
        process.wait()
    alive.clear()
    shutil.rmtree(folder, ignore_errors=True)
