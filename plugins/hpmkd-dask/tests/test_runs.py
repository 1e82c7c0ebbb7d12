"""Whole runs: the same students, bit for bit, wherever they are fitted, even if a worker dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

import hpmkd
import hpmkd_dask
from hpmkd.errors import WorkerWarning
from hpmkd.evaluation import latency

SETTINGS = {
    "sampler.trials": 1,
    "split.folds": 3,
    "reference.name": "quick",
    "augmenter.name": "none",
    "memory.name": "none",
    "search.alphas.self": [0.0, 0.5],
    "stages": ["logistic", "tree"],
    "front.size": 0,
    # Workers are started however short the work is.
    "pipeline.start_seconds": 0.0,
}


@pytest.fixture(scope="module", autouse=True)
def hurried():
    """Take few timings: how fast models are is not tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "SECONDS_EACH", 0.0)
        yield


class Marked(GaussianNB):
    """Tells which process is fitting it, and takes its time."""

    def __init__(self, folder="."):
        super().__init__()
        self.folder = folder

    def fit(self, X, y):
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(0.1)
        return super().fit(X, y)


def distill(folder, *observers, **settings):
    folder.mkdir()
    return hpmkd.distill(
        *load_wine(return_X_y=True),
        teacher=Marked(str(folder)),
        settings={**SETTINGS, **settings},
        observers=[hpmkd_dask, *observers],
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run in this process."""
    return distill(tmp_path_factory.mktemp("alone") / "marks")


class Listener:
    """Keeps what is noted."""

    def __init__(self):
        self.notes = []

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)


def check_same(found, alone):
    assert {name: each.to_bytes() for name, each in found.students.items()} == {
        name: each.to_bytes() for name, each in alone.students.items()
    }
    assert found.verdict == alone.verdict
    assert found.evidence == alone.evidence
    trials = [
        [(each.configuration.key, each.log_loss) for each in run.trials] for run in (found, alone)
    ]
    assert trials[0] == trials[1]


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    alone, outside, tmp_path, eventually
):
    """A scheduler and two workers, each a process of its own."""
    workers = [outside.worker("--no-nanny") for _ in "ab"]
    outside.wait_for(2)
    marks = tmp_path / "marks"

    def fitting():
        return [each for each in workers if (marks / str(each.pid)).exists()]

    def kill():
        eventually(fitting)
        fitting()[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.warns(WorkerWarning, match="is tried once more: its worker left the cluster"):
        found = distill(marks, **{"executor.name": "dask", "executor.address": outside.address})
    killer.join()
    check_same(found, alone)
    assert sorted(each.wait(0) for each in workers if each.poll() is not None) == [-9]


def test_a_small_job_starts_no_workers(alone, tmp_path, monkeypatch):
    def refused(*_):
        raise AssertionError("a cluster is started")

    monkeypatch.setattr("hpmkd_dask.executor.Cluster", refused)
    small = {"executor.name": "dask", "pipeline.start_seconds": 600.0}
    found = distill(tmp_path / "marks", listener := Listener(), **small)
    check_same(found, alone)
    (note,) = [each for each in listener.notes if "no worker was started" in each]
    assert "starting 2 takes about 600 s (pipeline.start_seconds)" in note


def test_a_cluster_that_is_named_is_used_for_a_small_job_too(alone, crew, tmp_path):
    named = {"executor.name": "dask", "executor.address": crew.address}
    found = distill(tmp_path / "marks", **named, **{"pipeline.start_seconds": 600.0})
    check_same(found, alone)
    fitted_by = {int(each.name) for each in (tmp_path / "marks").iterdir()}
    assert fitted_by
    assert os.getpid() not in fitted_by
