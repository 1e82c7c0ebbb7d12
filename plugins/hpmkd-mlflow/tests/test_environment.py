"""Installed, it tracks nothing unless the environment asks for it; and no run twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpmkd.values import DataFacts
from hpmkd_mlflow import MLflowTracker, from_environment
from hpmkd_mlflow.environment import FromEnvironment

# MLflow asks SQLAlchemy 2.1 for what it warns of.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """An environment without MLflow's variables."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    monkeypatch.delenv("HPMKD_MLFLOW_LOG_STUDENT", raising=False)


def test_without_the_variables_nothing_is_tracked(distil, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    distil(from_environment)
    assert runs() == []
    assert sorted(tmp_path.iterdir()) == before


def test_with_a_store_named_the_run_is_tracked_there(distil, store, runs, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    distil(from_environment)
    assert [run.info.status for run in runs()] == ["FINISHED"]


@pytest.mark.filterwarnings("ignore:Operation with range is deprecated")
@pytest.mark.parametrize(("asked", "n_models"), [("true", 1), ("false", 0)])
def test_the_student_is_kept_if_that_is_asked_for(
    distil, store, runs, monkeypatch, mlflow, asked, n_models
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("HPMKD_MLFLOW_LOG_STUDENT", asked)
    distil(from_environment)
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert len(run.outputs.model_outputs if run.outputs else []) == n_models


def test_the_experiment_may_be_named(distil, store, client, runs, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    client.create_experiment("mine", artifact_location=(tmp_path / "files").as_uri())
    distil(from_environment)
    assert (len(runs("mine")), len(runs())) == (1, 0)


def test_an_explicit_tracker_comes_first_whatever_the_order(distil, store, runs, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    for observers in (
        [MLflowTracker(store), from_environment],
        [from_environment, MLflowTracker()],
    ):
        before = len(runs())
        distil(*observers)
        assert len(runs()) == before + 1


def test_runs_in_two_threads_keep_apart(store, runs, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    observer, both = FromEnvironment(), threading.Barrier(2, timeout=60)

    def run(name):
        observer.hpmkd_run_started(DataFacts(10, 2, 2), {"name": name})
        both.wait()
        observer.hpmkd_noted(f"note of {name}")
        both.wait()
        observer.hpmkd_run_failed(RuntimeError(name))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, ["a", "b"]))
    runs_of = {
        run.data.params["recipe.name"]: (
            run.data.tags["hpmkd.note.00"],
            run.data.tags["hpmkd.error"],
            run.info.status,
        )
        for run in runs()
    }
    assert runs_of == {
        name: (f"note of {name}", f"RuntimeError: {name}", "FAILED") for name in ("a", "b")
    }
