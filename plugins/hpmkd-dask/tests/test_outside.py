"""A cluster that others have made: reached by its address, with all that can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hpmkd.errors import PluginError, WorkerWarning
from hpmkd.testing import tasks
from hpmkd.values import Lost
from hpmkd_dask.cluster import Cluster
from hpmkd_dask.connection import Connection
from hpmkd_dask.executor import DaskExecutor


def pid(shared, task):
    time.sleep(0.05)
    return os.getpid()


def total(shared, task):
    mark = Path(shared["folder"]) / "mark"
    if task == 1 and not mark.exists():
        mark.touch()
        time.sleep(600)
    return float(shared["matrix"].sum()) + task


def sleep(shared, task):
    time.sleep(task)
    return task


def large():
    matrix = np.random.default_rng(0).normal(size=(300, 100))
    matrix.flags.writeable = False
    return matrix


@pytest.fixture
def connected(outside):
    """``connected(…)``: an executor on the cluster of this test."""
    executors = []

    def connect(**settings):
        executors.append(DaskExecutor(address=outside.address, **settings))
        return executors[-1]

    yield connect
    for executor in executors:
        executor.close()


class TestCrew:
    def test_all_workers_are_used_or_as_many_as_set(self, crew):
        for workers, n in ((None, 2), (1, 1), (5, 2)):
            executor = DaskExecutor(address=crew.address, workers=workers)
            assert executor.workers == n
            assert len(set(dict(executor.run(pid, None, range(8))).values())) == n
            executor.close()

    def test_two_executors_share_a_cluster(self, crew):
        one, two = (DaskExecutor(address=crew.address) for _ in "ab")
        results = one.run(tasks.add, 1.0, range(6))
        first = next(results)
        assert dict(two.run(tasks.add, 2.0, range(4))) == {each: each + 2.0 for each in range(4)}
        two.close()
        assert dict([first, *results]) == {each: each + 1.0 for each in range(6)}
        one.close()

    def test_what_is_cut_short_reaches_no_later_result(self, crew):
        """Whenever it is: Dask gathers for several at once."""
        with contextlib.closing(Connection(crew.address)) as connection:
            worker = next(iter(connection.client.nthreads()))
            gather = connection.client.gather
            future = connection.submit(worker, "early", abs, -1)

            async def cut_short(steps):
                fetched = connection.start(gather, future)
                for _ in range(steps):
                    await asyncio.sleep(0)
                fetched.cancel()

            for steps in range(20):
                connection.start(cut_short, steps).result()
                assert connection.call(gather, future) == 1

    def test_what_takes_too_long_is_ended_by_the_nanny(self, crew):
        executor = DaskExecutor(address=crew.address)
        before = set(dict(executor.run(pid, None, range(6))).values())
        with pytest.warns(WorkerWarning, match="took longer than 2 s"):
            found = dict(executor.run(sleep, None, [600, 0.1, 0.1, 0.1], timeout=2.0))
        assert found == {0: Lost("it took longer than 2 s, twice"), 1: 0.1, 2: 0.1, 3: 0.1}
        executor.close()
        # Others came in the place of those that were ended.
        crew.wait_for(2)
        executor = DaskExecutor(address=crew.address)
        after = set(dict(executor.run(pid, None, range(6))).values())
        executor.close()
        assert before - after


class TestLosses:
    @pytest.mark.parametrize("at_once", [True, False], ids=["message at once", "seen later"])
    def test_workers_may_be_late_and_the_only_one_with_the_data_may_go(
        self, outside, connected, monkeypatch, tmp_path, eventually, at_once
    ):
        if not at_once:  # what the task needed is gone before it is known why
            monkeypatch.setattr(Cluster, "_of_worker", lambda *_: None)
        executor, shared = connected(), {"matrix": large(), "folder": str(tmp_path)}
        assert executor.workers == 1, "one is hoped for"
        expected = {each: float(shared["matrix"].sum()) + each for each in range(12)}
        worker = outside.worker("--no-nanny")

        def replace():
            eventually((tmp_path / "mark").exists)
            worker.send_signal(signal.SIGKILL)
            outside.worker("--no-nanny")

        replacing = threading.Thread(target=replace)
        replacing.start()
        with pytest.warns(WorkerWarning, match="tried once more: its worker left the cluster"):
            assert dict(executor.run(total, shared, range(12))) == expected
        replacing.join()

    def test_a_worker_without_a_nanny_keeps_what_takes_too_long(self, outside, connected):
        """The others continue; it is given nothing more until it has done it."""
        outside.worker("--no-nanny")
        outside.worker("--no-nanny")
        outside.wait_for(2)
        executor = connected()
        with pytest.warns(WorkerWarning, match="took longer"):
            found = dict(executor.run(sleep, None, [2.5, 0.1, 0.1, 0.1], timeout=2.0))
        assert found == {0: Lost("it took longer than 2 s, twice"), 1: 0.1, 2: 0.1, 3: 0.1}
        assert dict(executor.run(sleep, None, [0.1] * 4)) == dict.fromkeys(range(4), 0.1)
        assert outside.processes[-1].poll() is None


class TestErrors:
    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "abc://127.0.0.1:1"])
    def test_no_scheduler(self, monkeypatch, address):
        monkeypatch.setattr("hpmkd_dask.connection.ANSWERS_WITHIN", 0.5)
        with pytest.raises(PluginError, match="no Dask scheduler can be reached at") as caught:
            list(DaskExecutor(address=address).run(tasks.add, 1.0, [1.0]))
        assert address in str(caught.value)
        assert "`dask scheduler` prints it" in str(caught.value)

    @pytest.mark.parametrize("address", ["nowhere", "tls://127.0.0.1:1"])
    def test_what_cannot_be_reached_is_reported_once(self, python, address):
        """Not a second time by a client that is garbage when the process ends."""
        source = f"""
from hpmkd.errors import PluginError
from hpmkd_dask.executor import DaskExecutor
try:
    DaskExecutor(address={address!r})
except PluginError as error:
    print("refused")
"""
        assert python(source) == ("refused", "")

    def test_no_workers(self, outside, connected, monkeypatch):
        monkeypatch.setattr("hpmkd_dask.batch.WARN_AFTER", 0.1)
        with (
            pytest.warns(WorkerWarning, match=r"has no free worker; waiting for one, up to 0\.7 s"),
            pytest.raises(PluginError, match=r"no free worker for 0\.7 s; start some") as caught,
        ):
            list(connected(patience=0.7).run(tasks.add, 1.0, [1.0]))
        assert f"dask worker {outside.address} --nthreads 1" in str(caught.value)

    def test_the_scheduler_goes_away(self, start):
        cluster = start()
        cluster.worker("--no-nanny")
        executor = DaskExecutor(address=cluster.address)
        results = executor.run(pid, None, range(100))
        next(results)
        cluster.scheduler.kill()
        with pytest.raises(PluginError, match="has gone away in the middle of the run"):
            list(results)
        executor.close()

    def test_a_broken_connection_may_be_noticed_before_the_scheduler_is_gone(self, start):
        async def breaks():
            raise OSError("connection reset by peer")

        cluster = start()
        cluster.worker("--no-nanny")
        executor = DaskExecutor(address=cluster.address)
        connection = executor._cluster.connection
        with pytest.raises(OSError, match="reset by peer"):  # to a worker, as it turns out
            connection.call(breaks)
        cluster.scheduler.kill()
        with pytest.raises(PluginError, match="has gone away in the middle of the run"):
            connection.call(breaks)
        executor.close()

    def test_workers_without_hpmkd(self, outside, connected):
        outside.worker("--no-nanny", PYTHONPATH="")
        with (
            pytest.warns(WorkerWarning, match="hpmkd_dask cannot be imported there"),
            pytest.raises(PluginError, match="has no worker that can be used") as caught,
        ):
            list(connected().run(tasks.add, 1.0, [1.0]))
        assert "Where the workers run, type: pip install hpmkd" in str(caught.value)

    def test_a_module_of_the_user_that_a_worker_lacks(self, crew, tmp_path, monkeypatch):
        (tmp_path / "only_here.py").write_text("def work(shared, task):\n    return task\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        import only_here

        executor = DaskExecutor(address=crew.address)
        with pytest.raises(PluginError, match="No module named 'only_here'") as caught:
            list(executor.run(only_here.work, None, [1]))
        assert f"copy {tmp_path / 'only_here.py'} there, into" in str(caught.value)
        assert "pip" not in str(caught.value)
        executor.close()
        del sys.modules["only_here"]
