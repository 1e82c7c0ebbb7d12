"""What goes wrong in a worker costs its trial, and is reported; the run continues."""

from __future__ import annotations

import json
import os
import warnings

import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd.errors import WorkerWarning
from tests.embedding.runs import LIGHT, X, Y
from tests.faults import plugin


@pytest.fixture(autouse=True)
def marked(monkeypatch, tmp_path):
    """A folder for marks, named to workers by their environment; few timings."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv(plugin.MARKS, str(folder))
    monkeypatch.setenv("HPMKD_TEST_PARENT", str(os.getpid()))


def distil(*stages, teacher=None, workers=2, **settings):
    """Return a run, with two workers by default, and what it warned of."""
    # A trial per stage: each dead worker takes seconds to be replaced.
    given = {**LIGHT, "stages": [*stages], "search.alphas.self": [0.0], **settings}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = hpmkd.distill(
            X,
            Y,
            teacher=teacher or GaussianNB(),
            settings=given,
            workers=workers,
            observers=[plugin],
        )
    mine = (WorkerWarning, hpmkd.PluginWarning)
    return found, [str(each.message) for each in caught if issubclass(each.category, mine)]


def failures(found):
    """What failed, by stage."""
    return {
        trial.configuration.stage: trial.failure
        for trial in found.trials
        if trial.failure is not None
    }


def test_killed_once_a_trial_is_tried_again_and_nothing_changes():
    calm, messages = distil("logistic", "stage", workers=1)
    assert messages == []
    found, messages = distil("logistic", "killedonce")
    assert failures(found) == {}
    (message,) = messages
    assert " is tried once more: its worker was killed" in message
    assert found.students["killedonce"].predict_proba(X).tolist() == (
        calm.students["stage"].predict_proba(X).tolist()
    )


def test_what_always_fails_is_reported_and_the_others_go_on(tmp_path):
    bad = ("killed", "exits", "raises", "leaves")
    found, messages = distil("logistic", *bad)
    assert set(found.students) == {"logistic"}
    reasons = failures(found)
    assert set(reasons) == set(bad)
    assert reasons["killed"].startswith("stage 'killed': its worker was killed")
    assert reasons["killed"].endswith("twice")
    assert reasons["exits"].startswith("stage 'exits': ")
    blamed = "plugin 'observer-0': stage '{}' failed in fit: {}"
    assert reasons["raises"].startswith(blamed.format("raises", "RecursionError: too deep"))
    assert reasons["leaves"].startswith(blamed.format("leaves", "SystemExit: done"))
    for stage in bad:
        assert [each for each in messages if each.startswith(f"stage {stage!r} dropped")]
    folder = found.save(tmp_path / "run")
    recorded = json.loads((folder / "trials.json").read_text("utf-8"))
    trials = recorded if isinstance(recorded, list) else recorded["trials"]
    assert {each["stage"] for each in trials if each["failure"]} == set(bad)


def test_every_trial_fails():
    with pytest.raises(hpmkd.PluginError, match=r"no stage has a student.*its worker was killed"):
        distil("killed")


@pytest.mark.slow
def test_a_trial_that_takes_too_long():
    found, messages = distil("logistic", "hangs", **{"budget.trial_seconds": 15.0})
    assert set(found.students) == {"logistic"}
    assert failures(found)["hangs"].startswith("stage 'hangs': it took longer than 15 s")
    assert [each for each in messages if " is tried once more: it took longer" in each]


def test_a_student_that_cannot_be_sent_costs_its_stage():
    found, messages = distil("logistic", "stuck")
    assert set(found.students) == {"logistic"}
    (message,) = messages
    assert message.startswith("stage 'stuck' dropped: stage 'stuck': its result")
    assert "cannot be sent by a worker process: TypeError: cannot pickle" in message


class Doomed(GaussianNB):
    def fit(self, X, y):
        plugin.kill()


def test_a_teacher_whose_worker_dies_names_its_fold():
    with pytest.raises(hpmkd.TeacherError, match=r"teacher 'doomed' failed in fold [12]: its work"):
        distil("logistic", teacher=Doomed())
