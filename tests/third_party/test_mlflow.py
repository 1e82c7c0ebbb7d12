"""Installed, plugins/hpmkd-mlflow tracks the runs of the command line, if it is asked to."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

MLFLOW = ["hpmkd-mlflow"]
READ = """
import mlflow
client = mlflow.MlflowClient("sqlite:///mlflow.db")
experiment = client.get_experiment_by_name("wines")
(run,) = client.search_runs([experiment.experiment_id])
print(run.info.status, run.data.params["recipe.sampler.trials"], run.data.tags["hpmkd.verdict"])
print(len(client.get_metric_history(run.info.run_id, "trial/log_loss")) > 1)
"""


def test_it_is_listed_and_loads_nothing_heavy(listed, run):
    plugins, clashes = listed(MLFLOW)
    assert clashes == []
    assert plugins["mlflow"]["source"] == "hpmkd-mlflow 0.1.0"
    assert plugins["mlflow"]["status"] == "active"
    script = "import sys; from hpmkd import Registry; Registry.installed().require_sound(); "
    assert run(MLFLOW, "-c", script + "print('mlflow' in sys.modules)").out == "False\n"


def test_it_tracks_if_the_environment_asks_for_it(distill, run, tmp_path):
    pytest.importorskip("mlflow", reason="pip install mlflow-skinny")
    assert distill(MLFLOW, "--student", "tree").code == 0
    assert not (tmp_path / "mlruns").exists()

    asked = {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "MLFLOW_EXPERIMENT_NAME": "wines"}
    done = distill(MLFLOW, "--student", "tree", "--overwrite", **asked)
    assert done.code == 0, done.err
    said = run([], "-W", "ignore", "-c", READ)
    first, many = said.out.splitlines()
    assert first.split(maxsplit=2)[:2] == ["FINISHED", "1"]
    assert many == "True"
