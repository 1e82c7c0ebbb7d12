"""A run folder's study: Optuna reads what the run tried."""

from __future__ import annotations

import logging

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from hpmkd.runs.optuna_study import as_plain, write_study
from hpmkd.values import Configuration, Trial


def tried(stage, loss, **hyperparameters):
    return {
        "number": 0,
        "stage": stage,
        "temperature": 1.0,
        "alpha": 0.5,
        "extra_weight": 0.0,
        "hyperparameters": hyperparameters,
        "after": None,
        "share": 1.0,
        "worse_by": None,
        "log_loss": loss,
        "standard_error": None if loss is None else 0.1,
        "accuracy": None if loss is None else 0.8,
        "seconds": 0.25,
        "failure": None if loss is not None else "plugin 'x': broke",
    }


HISTORY = [
    tried("tree", 0.5, depth=3, pruned=True, growth="deep"),
    tried("tree", 0.4, depth=7, pruned=False, growth="wide"),
    tried("tree", None, depth=5, pruned=True, growth="deep"),
    tried("gbm", 0.3, eta=0.1, depth=2),
    tried("gbm", 0.35, eta=1, depth=2),
    {**tried("gbm", 0.2, eta=0.2, depth=2), "worse_by": 0.1},
]


def written(path, history):
    write_study(path, history)
    storage = JournalStorage(JournalFileBackend(str(path)))
    return optuna.load_study(study_name="hpmkd", storage=storage)


@pytest.fixture
def study(tmp_path):
    return written(tmp_path / "study.log", HISTORY)


def test_every_trial_is_there_with_what_it_was(study):
    assert [trial.value for trial in study.trials] == [0.5, 0.4, None, 0.3, 0.35, 0.2]
    assert study.trials[1].params == {
        "stage": "tree",
        "alpha": 0.5,
        "extra_weight": 0.0,
        "temperature": 1.0,
        "tree.depth": 7,
        "tree.pruned": False,
        "tree.growth": "wide",
    }
    assert study.trials[2].state is TrialState.FAIL
    assert study.trials[2].user_attrs["failure"] == "plugin 'x': broke"
    # Dropped on the first folds, whose loss is of these alone.
    assert study.trials[5].state is TrialState.PRUNED
    assert study.trials[5].user_attrs["worse_by"] == 0.1
    assert study.best_trial.params["gbm.eta"] == 0.1


def test_ranges_are_those_that_were_tried(study):
    ranges = study.trials[0].distributions
    assert (ranges["tree.depth"].low, ranges["tree.depth"].high) == (3, 7)
    assert ranges["stage"].choices == ("tree", "gbm")
    assert study.trials[4].params["gbm.eta"] == 1.0


def test_no_trial_is_a_study_too(tmp_path):
    assert written(tmp_path / "study.log", []).trials == []


def test_nothing_is_said_and_nothing_is_left_changed(tmp_path, capfd):
    logger = logging.getLogger("optuna.storages.journal._storage")
    before = (list(logger.filters), logger.level, optuna.logging.get_verbosity())
    write_study(tmp_path / "study.log", HISTORY)
    assert (list(logger.filters), logger.level, optuna.logging.get_verbosity()) == before
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["study.log"]


def test_a_single_selection_row_has_no_standard_error():
    configuration = Configuration("tree", 1.0, 0.5, {})
    several, one = np.full(2, 0.5), np.full(1, 0.5)
    assert as_plain(Trial(0, configuration, several, 1.0, 1, 0.1))["standard_error"] == 0
    assert as_plain(Trial(0, configuration, one, 1.0, 1, 0.1))["standard_error"] is None
