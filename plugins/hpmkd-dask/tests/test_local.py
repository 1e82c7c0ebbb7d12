"""The cluster of this machine that is used without an address."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hpmkd.errors import PluginError, WorkerWarning
from hpmkd.testing import tasks
from hpmkd.values import Lost
from hpmkd_dask.executor import DaskExecutor


# Functions of this file travel by value: workers cannot import it.
def pid(shared, task):
    time.sleep(0.02)
    return os.getpid()


def describe(shared, task):
    matrix = shared["matrix"]
    return os.getpid(), matrix.ctypes.data, matrix.flags.writeable, matrix.flags.f_contiguous


def die(shared, task):
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def die_once(shared, task):
    mark = Path(shared) / str(task)
    if task == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def sleep(shared, task):
    time.sleep(task)
    return task


def count(shared, task):
    with open(shared, "a") as file:
        file.write("called\n")


class Unportable(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail(shared, task):
    if task == "unportable":
        raise Unportable("this", "that")
    if task == "exit":
        sys.exit("enough")
    raise KeyError("as it was", 1)


def frozen(array):
    array.flags.writeable = False
    return array


class TestData:
    def test_what_is_shared_is_sent_once_a_run(self, local):
        """Each process has the large array at one place, batch after batch."""
        matrix = frozen(np.asfortranarray(np.random.default_rng(0).normal(size=(500, 40))))
        found = [
            each
            for batch in range(3)
            for each in dict(
                local.run(describe, {"matrix": matrix, "batch": batch}, range(6))
            ).values()
        ]
        assert len({(process, place) for process, place, _, _ in found}) <= 2
        assert not any(writeable for _, _, writeable, _ in found)
        assert all(fortran for _, _, _, fortran in found)

    def test_pieces_are_forgotten_with_their_owner(self, local):
        list(local.run(describe, {"matrix": frozen(np.zeros(5000))}, range(2)))
        gc.collect()
        list(local.run(tasks.add, 1.0, [1.0]))
        assert list(local._data._sent) == []

    def test_a_function_that_is_called_twice_runs_twice(self, local, tmp_path):
        log = tmp_path / "log"
        for _ in range(2):
            assert dict(local.run(count, str(log), [1, 1])) == {0: None, 1: None}
        assert log.read_text().count("called") == 4


class TestErrors:
    def test_an_exception_says_where_it_was_raised(self, local):
        with pytest.raises(KeyError) as caught:
            list(local.run(fail, None, ["as it was"]))
        assert caught.value.args == ("as it was", 1)
        (note,) = caught.value.__notes__
        assert "in worker tcp://127.0.0.1:" in note
        assert "in fail" in note

    def test_an_exception_that_does_not_pickle_is_reported_in_words(self, local):
        with pytest.raises(RuntimeError, match="Unportable: this and that"):
            list(local.run(fail, None, ["unportable"]))

    def test_a_task_that_ends_itself_ends_nobody_else(self, local):
        before = set(dict(local.run(pid, None, range(6))).values())
        with pytest.raises(RuntimeError, match="SystemExit: enough"):
            list(local.run(fail, None, ["exit"]))
        assert set(dict(local.run(pid, None, range(6))).values()) <= before


class TestLosses:
    def test_a_killed_worker_costs_its_task_one_repetition(self, local, tmp_path):
        with pytest.warns(WorkerWarning, match="its worker left the cluster") as warned:
            found = dict(local.run(die_once, str(tmp_path), range(6)))
        assert found == {each: each for each in range(6)}
        assert len(warned) == 1

    def test_a_task_that_kills_twice_is_lost_and_the_others_are_not(self, local):
        with pytest.warns(WorkerWarning, match="task 2 of . is tried once more"):
            found = dict(local.run(die, None, ["a", "die", "b", "c"]))
        reason = "its worker left the cluster, twice"
        assert found == {0: "a", 1: Lost(reason), 2: "b", 3: "c"}

    def test_a_task_that_takes_too_long_is_given_up(self, local):
        """Twice; and time is counted from when it starts: eight in a row may take longer."""
        with pytest.warns(WorkerWarning, match="it took longer than 2 s"):
            found = dict(local.run(sleep, None, [600, *[0.3] * 8], timeout=2.0))
        assert found.pop(0) == Lost("it took longer than 2 s, twice")
        assert set(found.values()) == {0.3}

    def test_different_reasons_are_both_given(self, local, tmp_path):
        def exits_then_is_slow(shared, task):
            mark = Path(shared) / "mark"
            if not mark.exists():
                mark.touch()
                os._exit(3)
            time.sleep(600)

        with pytest.warns(WorkerWarning):
            found = dict(local.run(exits_then_is_slow, str(tmp_path), [0], timeout=0.5))
        reason = "its worker left the cluster; then it took longer than 0.5 s"
        assert found == {0: Lost(reason)}

    def test_a_worker_that_another_batch_has_seen_leave_need_not_be_ended(self, local):
        """Its task is given up all the same."""
        list(local.run(tasks.add, 1.0, [1.0]))
        members = dict(local._cluster.members)
        local._cluster.give_up("tcp://127.0.0.1:1", None, nanny=False)
        assert local._cluster.members == members
        assert local._cluster.used() == list(members)


class TestTheCaller:
    def test_importing_dask_leaves_the_loggers_of_others(self, python):
        source = """
import logging
logging.getLogger("tornado").setLevel("INFO")
import hpmkd_dask.executor
tornado = logging.getLogger("tornado")
print("distributed" in __import__("sys").modules, tornado.level, tornado.handlers)
"""
        assert python(source) == ("True 20 []", "")

    def test_the_plugin_imports_nothing_heavy(self, python):
        source = "import hpmkd_dask, sys; print(sorted({'dask', 'distributed'} & {*sys.modules}))"
        assert python(source) == ("[]", "")

    def test_works_from_a_thread_and_from_asyncio(self, local):
        found = {}
        thread = threading.Thread(target=lambda: found.update(local.run(tasks.add, 1.0, [1.0])))
        thread.start()
        thread.join(60)
        assert found == {0: 2.0}

        async def program():
            direct = dict(local.run(tasks.add, 1.0, [2.0]))
            return direct, await asyncio.to_thread(lambda: dict(local.run(tasks.add, 1.0, [3.0])))

        assert asyncio.run(program()) == ({0: 3.0}, {0: 4.0})

    def test_works_from_a_script(self, python):
        """No guard against being imported again; what tasks print is no result."""
        source = """
from hpmkd_dask.executor import DaskExecutor

class Own:
    factor = 3

def work(shared, task):
    print("working")
    return shared.factor * task

executor = DaskExecutor(workers=1)
print(sorted(executor.run(work, Own(), [1, 2])))
# Not closed: the end of the script ends the worker.
"""
        assert python(source) == ("[(0, 3), (1, 6)]", "working\nworking")

    def test_ctrl_c_is_quiet(self, python, eventually):
        """What was on its way leaves neither messages nor processes."""
        source = """
import gc, os, signal, threading, time
from hpmkd_dask.executor import DaskExecutor

def work(shared, task):
    time.sleep(task)
    return os.getpid()

executor = DaskExecutor(workers=1)
results = executor.run(work, None, [0.01, 600, 600])
_, worker = next(results)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    next(results)
except KeyboardInterrupt:
    began = time.monotonic()
    executor.close()
    print("interrupted", executor._own, time.monotonic() - began < 2, worker)
gc.collect()
"""
        out, err = python(source)
        *words, worker = out.split()
        assert (words, err) == (["interrupted", "None", "True"], "")
        eventually(lambda: not Path("/proc", worker).exists())

    def test_a_parent_that_is_killed_leaves_no_workers(self, eventually):
        source = """
import os, time
from hpmkd_dask.executor import DaskExecutor

def work(shared, task):
    os.write(2, b"%d " % os.getpid())
    time.sleep(600)

list(DaskExecutor(workers=2).run(work, None, [1, 2]))
"""
        path = {"PYTHONPATH": os.pathsep.join(sys.path)}
        program = subprocess.Popen(
            [sys.executable, "-c", source],
            env={**os.environ, **path},
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started = b""
        while started.count(b" ") < 2:
            started += os.read(program.stderr.fileno(), 100)
        program.kill()
        program.communicate()
        for worker in started.decode().split():
            eventually(lambda worker=worker: not Path("/proc", worker).exists())

    def test_a_cluster_that_does_not_start_is_an_error(self, monkeypatch):
        monkeypatch.setattr("hpmkd_dask.local.sys.executable", "false")
        with pytest.raises(PluginError, match=r"does not start \(exit code 1\).*name=serial"):
            list(DaskExecutor(workers=1).run(tasks.add, 1.0, [1.0]))
