"""A real store of MLflow in a file, and small runs to track."""

from __future__ import annotations

import os
import shutil
import warnings
from importlib import import_module

# Tests tell nobody that they ran.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import pytest
from sklearn.datasets import load_wine

import hpmkd

SMALL = {
    "sampler.trials": 1,
    "split.folds": 2,
    "reference.name": "quick",
    "stages": ["logistic", "tree"],
    "augmenter.name": "none",
    "memory": "none",
}


def plugin_disabled():
    """The plugin's name, if it is installed where the tests run: each test adds what it means."""
    from importlib.metadata import entry_points

    return [each.name for each in entry_points(group="hpmkd") if each.name == "mlflow"]


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Take few timings: how fast models are is not tested here."""
    monkeypatch.setattr("hpmkd.evaluation.latency.SECONDS_EACH", 0.0)


@pytest.fixture(scope="session")
def mlflow():
    """MLflow, with the models of which it warns while it is imported."""
    found = pytest.importorskip("mlflow", reason="pip install mlflow-skinny")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("mlflow.pyfunc")
    return found


@pytest.fixture(scope="session")
def empty_store(mlflow, tmp_path_factory):
    """A store without runs; to make its tables takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        client.create_experiment("hpmkd", artifact_location=(folder / "files").as_uri())
    return folder


@pytest.fixture
def store(empty_store, tmp_path):
    """The URI of a store for this test alone."""
    shutil.copy(empty_store / "mlflow.db", tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def client(store):
    """Reads that store."""
    from mlflow import MlflowClient

    return MlflowClient(store)


@pytest.fixture
def runs(client):
    """``runs("hpmkd")``: the runs of an experiment, the last first."""

    def found(experiment="hpmkd"):
        known = client.get_experiment_by_name(experiment)
        return [] if known is None else client.search_runs([known.experiment_id])

    return found


@pytest.fixture
def distil():
    """``distil(observer, …)``: a small run on real rows."""

    def run(*observers, **more):
        from sklearn.naive_bayes import GaussianNB

        X, y = load_wine(return_X_y=True)
        more = {"teacher": GaussianNB(), "settings": SMALL, "disable": plugin_disabled(), **more}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", hpmkd.DataWarning)
            return hpmkd.distill(X[:, :5], y, observers=observers, **more)

    return run
