"""Which kind of worker this is, and how many workers the cores have room for."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import joblib
import pytest

from hpmkd.execution.placement import cores, crowding, host_worker, may_have_children


def here(_=None):
    return host_worker(), may_have_children()


def test_no_worker():
    assert here() == (None, True)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(here).result() == (None, True)
    # Chosen, but not inside of it.
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert here() == (None, True)
    assert joblib.Parallel(1)([joblib.delayed(here)()]) == [(None, True)]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_process_of_the_standard_library(method):
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        worker, parental = pool.submit(here).result(timeout=120)
    assert worker.startswith("the worker process ")
    assert parental


def test_a_daemon_may_have_no_children():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        worker, parental = pool.apply_async(here).get(timeout=120)
    assert worker.startswith("the worker process ")
    assert not parental


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_task_of_joblib(backend):
    with joblib.parallel_config(backend=backend):
        found = joblib.Parallel(2)(joblib.delayed(here)() for _ in range(3))
    assert found == [("a joblib worker", True)] * 3
    assert here() == (None, True)


def test_a_task_of_dask_in_a_thread():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        assert client.submit(here, pure=False).result(timeout=60) == ("a Dask worker", True)
        assert here() == (None, True)
        thread = threading.Thread(target=lambda: found.append(here()))
        found = []
        thread.start()
        thread.join(30)
        assert found == [(None, True)]


def test_cores_are_those_that_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("there", "workers", "expected"),
    [
        (2, 1, None),
        (2, 2, None),
        (2, 4, "4 workers on 2 cores: no more than 2 can compute at a time"),
        (1, 2, "2 workers on 1 core: no more than 1 can compute at a time"),
    ],
)
def test_workers_that_find_no_core_are_noted(monkeypatch, there, workers, expected):
    monkeypatch.setattr("hpmkd.execution.placement.cores", lambda: there)
    note = crowding(workers)
    assert note == expected or note.startswith(expected)
