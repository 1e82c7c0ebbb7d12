"""A scheduler and workers in processes of their own, started as their users start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from distributed import Client

from hpmkd_dask.executor import DaskExecutor

WAIT = 60.0

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As shells start what runs in the background; tests of Ctrl-C, and what they start, need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Outside:
    """A cluster on loopback that no executor has made."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "scheduler.json"
        self.processes = []
        self.scheduler = self._start(
            *("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--dashboard-address", "127.0.0.1:0", "--scheduler-file", self.file),
        )
        until(self._address_is_known)
        self.address = json.loads(self.file.read_text())["address"]

    def worker(self, *options, **variables):
        """Start a worker; by default one that a nanny watches over."""
        return self._start(
            *("dask_worker", self.address, "--nthreads", "1", "--no-dashboard"),
            *("--host", "127.0.0.1", "--local-directory", self.folder, *options),
            **variables,
        )

    def wait_for(self, n):
        """Wait until so many workers are there."""

        with Client(self.address, set_as_default=False) as client:
            until(lambda: len(client.nthreads()) == n)

    def _start(self, program, *arguments, **variables):
        # Nothing of it depends on where pytest was started.
        path = {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *map(str, arguments)],
            env={**os.environ, **path, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def _address_is_known(self):
        try:
            return bool(json.loads(self.file.read_text())["address"])
        except (OSError, ValueError):
            return False

    def close(self, first=0):
        """End all processes from the first of these on."""
        for process in self.processes[first:]:
            # With the worker that a nanny watches over: they are a group.
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.wait()
        del self.processes[first:]


def until(true):
    """Wait for something to become true."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, f"waited {WAIT} s in vain"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Do not warn of a worker that is late: on a busy machine all are."""
    monkeypatch.setattr("hpmkd_dask.batch.WARN_AFTER", WAIT)


@pytest.fixture
def python():
    """``python(source)``: run it in a new process; what it printed, to stdout and stderr."""

    def run(source):
        done = subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), done.stderr.strip()

    return run


@pytest.fixture
def eventually():
    """``eventually(condition)``: wait for something to become true."""
    return until


@pytest.fixture
def start(tmp_path):
    """``start()``: a new scheduler without workers."""
    started = []

    def new():
        started.append(Outside(tmp_path))
        return started[-1]

    yield new
    for cluster in started:
        cluster.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A scheduler for the tests of a module, one after the other."""
    cluster = Outside(tmp_path_factory.mktemp("place"))
    yield cluster
    cluster.close()


@pytest.fixture
def outside(place):
    """A scheduler without workers; those of this test end with it."""
    yield place
    place.close(1)
    place.wait_for(0)


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    """A scheduler with two workers that nannies watch over; idle, they take a part of a core."""
    cluster = Outside(tmp_path_factory.mktemp("crew"))
    cluster.worker()
    cluster.worker()
    cluster.wait_for(2)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def local():
    """An executor with a cluster of this machine, started once: that is what takes long."""
    executor = DaskExecutor(workers=2)
    yield executor
    executor.close()
