"""A run inside a user's worker starts no processes, reports it, and finds the same."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import joblib
import pytest

import hpmkd
from hpmkd.evaluation import latency
from hpmkd.execution import placement
from hpmkd.recipe.recipe import Recipe
from tests.embedding import runs
from tests.embedding.state import children


class Listening:
    """Records notes, and where trials ran."""

    def __init__(self):
        self.notes, self.processes = [], set()

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)

    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        self.processes.add(int(trial.worker.rpartition(":")[2]))


def started():
    return {process for process, _, _ in children()}


def distilled(settings=None):
    """Return the student, notes, in how many other processes trials ran, and how many are left."""
    latency.SECONDS_EACH = 0.0  # in a process of its own
    listening, before = Listening(), started()
    options = {"settings": settings or {}, "workers": 2, "observers": [listening]}
    student = runs.student_bytes(runs.light(**options))
    others = len(listening.processes - {os.getpid()})
    return student, listening.notes, others, len(started() - before)


@pytest.fixture(scope="module")
def alone():
    return runs.student_bytes(runs.light())


#: Dask's own setting makes its processes daemons.
DAEMON = "which may have no children:"


def check(outcome, alone, host, why="and unless pipeline.nested is set,"):
    student, notes, others, left = outcome
    (note,) = [each for each in notes if each.startswith("this is")]
    assert note.startswith(f"this is {host}")
    assert f"{why} no processes are started" in note
    assert (student == alone, others, left) == (True, 0, 0)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_in_joblib(backend, alone):
    with joblib.parallel_config(backend=backend):
        for outcome in joblib.Parallel(2)(joblib.delayed(distilled)() for _ in range(2)):
            check(outcome, alone, "a joblib worker")


def test_in_a_process_of_the_standard_library(alone):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        check(pool.submit(distilled).result(timeout=120), alone, "the worker process")


@pytest.mark.slow
def test_nested_processes_start_if_the_setting_allows_them(alone):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        settings = {"pipeline.nested": True}
        student, notes, others, left = pool.submit(distilled, settings).result(timeout=120)
    assert not [each for each in notes if each.startswith("this is")]
    assert (student == alone, left) == (True, 0)
    assert others in (1, 2)


def test_in_dask(alone):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        check(client.submit(distilled).result(timeout=120), alone, "a Dask worker", DAEMON)


LOKY = Recipe.load("hpm").with_workers(2)


@pytest.mark.parametrize(
    ("recipe", "daemon", "words"),
    [
        (LOKY, False, "this is a test, and unless pipeline.nested is set, no processes are"),
        (LOKY, True, "this is a test, which may have no children: no processes are"),
        (LOKY.override({"pipeline.nested": True}), True, "which may have no children"),
        (LOKY.override({"budget.trial_seconds": 1}), False, "trials are not bounded in time"),
        (Recipe.load("hpm").override({"budget.trial_seconds": 1}), False, "not bounded in time"),
    ],
)
def test_what_is_noted(recipe, daemon, words, monkeypatch):
    monkeypatch.setattr(placement, "host_worker", lambda: "a test")
    monkeypatch.setattr(placement, "may_have_children", lambda: not daemon)
    notes = []
    found = placement.placed(recipe, lambda hook, note: notes.append((hook, note)))
    assert found.place.name == "serial"
    ((hook, note),) = notes
    assert hook == "hpmkd_noted"
    assert words in note


@pytest.mark.parametrize("host", [None, "a test"])
def test_nothing_is_noted_where_nothing_changes(host, monkeypatch):
    monkeypatch.setattr(placement, "host_worker", lambda: host)
    for recipe in (Recipe.load("hpm"), LOKY.override({"pipeline.nested": True})):
        assert placement.placed(recipe, pytest.fail) is recipe
