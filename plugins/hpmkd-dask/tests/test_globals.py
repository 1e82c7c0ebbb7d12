"""What belongs to the whole process is left as it was found."""

from __future__ import annotations

import gc
import logging
import os
import random
import sys
import tempfile
import threading

import dask
import distributed.comm.core
import numpy as np
import pytest

from hpmkd.testing import tasks
from hpmkd_dask.executor import DaskExecutor


def state(temporary):
    """Everything that a run has no business to change, by name."""
    gc.collect()
    generator = np.random.get_state()  # noqa: NPY002 - the global one
    return {
        "environment": dict(os.environ),
        "sys.path": list(sys.path),
        "random": random.getstate(),
        "numpy.random": (generator[1].tobytes(), *generator[2:]),
        "configuration": repr(dask.config.config),
        "temporary files": sorted(each.name for each in temporary.iterdir()),
        "callbacks": list(gc.callbacks),
        # Dask keeps that for the next time.
        "threads": {each.name for each in threading.enumerate()} - {"Dask-Offload_0"},
    }


def loggers():
    return {
        name: (each.level, list(each.handlers), list(each.filters))
        for name, each in logging.root.manager.loggerDict.items()
        if isinstance(each, logging.Logger)
    }


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def one(**settings):
    """Two batches; the executor is not closed."""
    executor = DaskExecutor(workers=1, **settings)
    for _ in range(2):
        assert dict(executor.run(tasks.add, 1.0, [1.0])) == {0: 2.0}
    return executor


def alone():
    executor = one()
    process = executor._own._process
    assert process.poll() is None
    executor.close()
    assert process.returncode is not None


def overlapping():
    """The first ends before the second: not as they began."""
    executors = [one(), one()]
    for each in executors:
        each.close()


@pytest.mark.parametrize("run", [alone, overlapping])
def test_the_process_is_as_it_was(run, temporary):
    before, before_loggers = state(temporary), loggers()
    run()
    after, after_loggers = state(temporary), loggers()
    changed = {name: (value, after[name]) for name, value in before.items() if value != after[name]}
    assert changed == {}
    assert {name: after_loggers[name] for name in before_loggers} == before_loggers


def test_a_cluster_elsewhere_leaves_it_too(crew, temporary):
    before = state(temporary)
    one(address=crew.address).close()
    after = state(temporary)
    assert {name: value for name, value in before.items() if value != after[name]} == {}


def test_what_the_caller_draws_and_adds_meanwhile_stays(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    random.seed(3)
    expected = [random.random() for _ in range(4)]
    random.seed(3)
    found = [random.random()]
    executor = one()
    found.append(random.random())
    sys.path.insert(0, "/of/the/caller")
    found.append(random.random())
    executor.close()
    found.append(random.random())
    assert found == expected
    assert sys.path[0] == "/of/the/caller"


def test_dask_has_random_numbers_of_its_own():
    before = random.getstate()
    assert 0 <= distributed.comm.core.random.uniform(0, 1) <= 1
    assert distributed.comm.core.random.SystemRandom is random.SystemRandom
    assert random.getstate() == before
