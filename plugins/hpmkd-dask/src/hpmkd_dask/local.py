"""A cluster of this machine, in a process of its own: ``python -m hpmkd_dask.local N FOLDER``.

In the caller's process a ``LocalCluster`` would import its main script again, change its
environment variables and write to its streams.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref

from hpmkd.errors import PluginError
from hpmkd.execution.toolkit import WORKER_ENVIRONMENT

ENVIRONMENT = {
    **WORKER_ENVIRONMENT,
    # Looks at every thread a hundred times a second, for a dashboard that is not there.
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    # After that the cluster would dismiss a worker's nanny that is about to start it again.
    "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "365 days",
    # Daemons may have no children, which a task may want.
    "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
}


class LocalWorkers:
    """A ``LocalCluster`` of processes of one thread, which ends with this object.

    Parameters
    ----------
    workers : int
        How many processes.

    Attributes
    ----------
    address : str
        Of its scheduler, on loopback.

    Raises
    ------
    PluginError
        If it does not start.
    """

    def __init__(self, workers: int) -> None:
        folder = tempfile.mkdtemp(prefix="hpmkd-dask-")
        # The modules of this process are found there too, wherever it has them from.
        path = os.pathsep.join(each or os.getcwd() for each in sys.path)
        # Semaphores that are released after a kill are no leak.
        ignored = [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning"]
        variables = {"PYTHONPATH": path, "PYTHONWARNINGS": ",".join(filter(None, ignored))}
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "hpmkd_dask.local", str(workers), folder],
            env={**os.environ, **ENVIRONMENT, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process to handle
        )
        # Runs at the latest when the interpreter ends.
        self.close = weakref.finalize(self, _close, self._process, folder)
        assert self._process.stdout is not None
        try:
            self.address = self._process.stdout.readline().decode().strip()
        except BaseException:
            self.close()
            raise
        if not self.address:
            code = self._process.wait()
            self.close()
            raise PluginError(
                f"executor dask: the cluster of this machine does not start (exit code {code}): "
                "what it printed above says why. Run without it: --set executor.name=serial"
            )


def _close(process: subprocess.Popen[bytes], folder: str) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Make the cluster, print its address and wait until the parent has ended or kills it."""
    from distributed import LocalCluster

    workers, folder = sys.argv[1:]
    # Output of tasks must not mix with the caller's piped results.
    answer = os.dup(1)
    os.dup2(2, 1)
    cluster = LocalCluster(
        n_workers=int(workers),
        processes=True,
        threads_per_worker=1,
        host="127.0.0.1",
        # Any free port for its health check; no dashboard.
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False, "local_directory": folder},
        # Only the system knows what one process of many may use.
        memory_limit=0,
        local_directory=folder,
        silence_logs=logging.CRITICAL,
    )
    os.write(answer, f"{cluster.scheduler_address}\n".encode())
    os.close(answer)
    sys.stdin.read()
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    main()
