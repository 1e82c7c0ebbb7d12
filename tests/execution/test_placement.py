"""Whose worker this is: told in every kind of worker, and in none but a worker."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import joblib
import pytest

from hpmkd.execution.placement import host_worker, may_have_children


def asked(_=None):
    return host_worker(), may_have_children()


def test_nobody():
    assert asked() == (None, True)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(asked).result() == (None, True)
    # Chosen, but not inside of it.
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert asked() == (None, True)
    assert joblib.Parallel(1)([joblib.delayed(asked)()]) == [(None, True)]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_process_of_the_standard_library(method):
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        worker, parental = pool.submit(asked).result(timeout=120)
    assert worker.startswith("the worker process ")
    assert parental


def test_a_daemon_may_have_no_children():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        worker, parental = pool.apply_async(asked).get(timeout=120)
    assert worker.startswith("the worker process ")
    assert not parental


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_task_of_joblib(backend):
    with joblib.parallel_config(backend=backend):
        found = joblib.Parallel(2)(joblib.delayed(asked)() for _ in range(3))
    assert found == [("a joblib worker", True)] * 3
    assert asked() == (None, True)


def test_a_task_of_dask_in_a_thread():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        assert client.submit(asked, pure=False).result(timeout=60) == ("a Dask worker", True)
        assert asked() == (None, True)
        thread = threading.Thread(target=lambda: found.append(asked()))
        found = []
        thread.start()
        thread.join(30)
        assert found == [(None, True)]
