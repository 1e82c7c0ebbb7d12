"""MLflow records of a run what hpmkd reports: all by way of the observer hooks."""

from __future__ import annotations

import json
import os
from asyncio import CancelledError
from pathlib import Path

import pytest

import hpmkd
import hpmkd_mlflow
from hpmkd import hookimpl
from hpmkd_mlflow import MLflowTracker

# MLflow asks SQLAlchemy 2.1 for what it warns of.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


class Scribe:
    """Records the events of observers."""

    def __init__(self):
        self.trials, self.counts = [], None

    @hookimpl
    def hpmkd_trial_finished(self, trial):
        self.trials.append(trial)

    @hookimpl
    def hpmkd_run_finished(self, counts):
        self.counts = counts


class Stops:
    """Raises at the first trial, as a key pressed does, past all that contains observers."""

    def __init__(self, error):
        self.error = error

    @hookimpl
    def hpmkd_trial_finished(self, trial):
        raise self.error


def curve(client, run, name):
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]


def test_a_run_read_back(distil, store, client, runs):
    scribe, tracker = Scribe(), MLflowTracker(store, run_name="first", tags={"team": "blue"})
    found = distil(scribe, tracker)
    (run,) = runs()
    assert (run.info.run_id, run.info.run_name) == (tracker.run_id, "first")
    assert run.info.status == "FINISHED"

    params, tags, metrics = run.data.params, run.data.tags, run.data.metrics
    assert params["recipe.sampler.trials"] == "1"
    assert params["recipe.name"] == "hpm"
    assert (params["data.n_columns"], params["data.n_classes"]) == ("5", "3")
    assert tags["team"] == "blue"
    assert tags["hpmkd.version"] == hpmkd.__version__
    assert tags["hpmkd.verdict"] == found.verdict.outcome
    assert tags["hpmkd.sentence"] == found.verdict.sentence
    assert "hpmkd.phase" not in tags

    trials = scribe.trials
    assert curve(client, run, "trial/log_loss") == [
        (at, pytest.approx(each.log_loss)) for at, each in enumerate(trials)
    ]
    assert [value for _, value in curve(client, run, "trial/accuracy")] == pytest.approx(
        [each.accuracy for each in trials]
    )
    assert len(curve(client, run, "trial/seconds")) == len(trials)
    falling = [value for _, value in curve(client, run, "best/log_loss")]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(min(each.log_loss for each in trials))

    for record in found.records:
        name = f"{record.role}/{record.name.replace('+', '_')}/log_loss"
        assert metrics[name] == pytest.approx(record.log_loss)
    (shipped,) = (each for each in found.records if each.chosen)
    assert metrics["shipped/bytes"] == shipped.bytes
    assert metrics["verdict/delta_log_loss"] == pytest.approx(found.verdict.delta_log_loss)
    assert metrics["verdict/searched/hard"] == found.verdict.searched.hard
    if found.verdict.repeated is not None:
        assert metrics["verdict/repeated/gain"] == pytest.approx(found.verdict.repeated.gain)
    assert metrics["counts/models_trained"] == found.counts["models_trained"]
    assert metrics["seconds/total"] == scribe.counts["seconds"]["total"]

    files = {each.path for each in client.list_artifacts(run.info.run_id)}
    assert files == {"leaderboard.json", "verdict.json"}
    path = Path(client.download_artifacts(run.info.run_id, "leaderboard.json"))
    assert len(json.loads(path.read_text("utf-8"))["records"]) == len(found.records)


@pytest.mark.filterwarnings("ignore:Operation with range is deprecated")
def test_the_student_is_kept_as_a_model_if_that_is_wanted(distil, store, client, runs, mlflow):
    before = mlflow.get_tracking_uri(), mlflow.active_run()
    found = distil(MLflowTracker(store, log_student=True))
    assert (mlflow.get_tracking_uri(), mlflow.active_run()) == before
    (run,) = runs()
    (output,) = run.outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert (logged.name, str(logged.status)) == ("student", "READY")
    assert logged.source_run_id == run.info.run_id
    assert logged.params["recipe.name"] == "hpm"
    student = hpmkd_mlflow.load_model(logged.artifact_location)
    assert student.to_bytes() == found.student.to_bytes()


def test_tracking_changes_no_student_and_nothing_of_mlflows(distil, store):
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.active_run(), dict(os.environ)
    tracked = distil(MLflowTracker(store))
    assert (mlflow.get_tracking_uri(), mlflow.active_run(), dict(os.environ)) == before
    assert distil().student.to_bytes() == tracked.student.to_bytes()


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "KILLED"), (CancelledError("enough"), "FAILED")],
)
def test_a_run_that_ends_early_is_ended_there_too(distil, store, runs, error, status):
    with pytest.raises(type(error)):
        distil(Stops(error), MLflowTracker(store))
    (run,) = runs()
    assert run.info.status == status
    assert run.data.tags["hpmkd.error"].startswith(type(error).__name__)


def test_notes_are_kept_as_far_as_a_tag_goes(distil, store, runs):
    tracker = MLflowTracker(store)
    observed = Noted(tracker)
    distil(observed, tracker)
    (run,) = runs()
    assert run.data.tags["hpmkd.note.00"] == "n" * 5000


class Noted:
    """Has the run note something that is longer than a tag may be."""

    def __init__(self, tracker):
        self.tracker, self.done = tracker, False

    @hookimpl
    def hpmkd_phase_advanced(self, phase):
        if phase == "search" and not self.done:
            self.done = True
            self.tracker.hpmkd_noted("n" * 9000)


@pytest.mark.parametrize("breaks", ["create_run", "log_batch", "set_tag", "log_dict"])
def test_a_store_that_fails_is_told_of_once_and_stops_nothing(
    distil, store, runs, monkeypatch, breaks
):
    from mlflow import MlflowClient

    def broken(*_, **__):
        raise OSError("the store is gone")

    monkeypatch.setattr(MlflowClient, breaks, broken)
    with pytest.warns(hpmkd.PluginWarning) as warned:
        assert distil(MLflowTracker(store)).student is not None
    messages = [str(each.message) for each in warned if "observer-0" in str(each.message)]
    assert len(messages) == 1
    assert "the store is gone" in messages[0]
    ended = {"create_run": [], "log_dict": ["FINISHED"]}.get(breaks, ["FAILED"])
    assert [run.info.status for run in runs()] == ended


def test_names_of_any_kind_are_taken(distil, store, runs):
    from sklearn.naive_bayes import GaussianNB

    teachers = {"forest[v2]/../x": GaussianNB(), "/ä": GaussianNB(var_smoothing=1e-3)}
    distil(MLflowTracker(store), teacher=teachers)
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert "teacher/forest_v2_____x/log_loss" in run.data.metrics
