from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from hpmkd.fitting import Fitting, StageInPlay
from hpmkd.search import Search
from hpmkd.training import TrainingRows
from hpmkd.trials import SearchData, SelectionSplit
from hpmkd.values import Configuration, Softening

LABELS = np.array([0, 1, 0, 1])


class Says:
    """A student that gives every row the same probability of its label."""

    def __init__(self, right):
        self.right = right

    @property
    def classes_(self):
        return np.arange(2)

    def predict_proba(self, table):
        said = np.full((len(table), 2), 1 - self.right)
        said[np.arange(len(table)), LABELS] = self.right
        return said

    def to_bytes(self):
        return b""


class FakeStage:
    """Is as good as its hyperparameter says; counts its fits; some values make it fail."""

    encoding, complexity, defaults = "tree", 0, {"good": 0.5}

    def __init__(self):
        self.fits = []

    def space(self, trial):
        return {"good": trial.suggest_float("good", 0.0, 1.0)}

    def fit(self, inputs):
        self.fits.append(inputs.configuration)
        good = inputs.configuration.hyperparameters["good"]
        if good == "raise":
            raise RuntimeError("no convergence")
        if good == "nothing":
            return None
        if good == "nan":
            return Says(float("nan"))
        return Says(good - 0.01 * inputs.configuration.alpha)


class Steady:
    """A scheduler that hears."""

    varies = False

    def __init__(self):
        self.heard = []

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        self.heard.append(trial)


@dataclass
class Scripted:
    """A sampler that asks for given batches."""

    batches: list
    told: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    total = None

    def ask(self, n):
        self.asked.append((n, len(self.told)))
        return self.batches.pop(0) if self.batches else []

    def tell(self, trial):
        self.told.append(trial)


def configuration(good, alpha=0.0, temperature=1.0, stage="a"):
    return Configuration(stage, temperature, alpha, {"good": good})


@pytest.fixture
def make(in_process):
    def made(*batches, sampler=None, backwards=False, stages=("a", "b")):
        played = {name: StageInPlay(name, f"plugin-{name}", FakeStage()) for name in stages}
        rows = TrainingRows(
            LABELS, np.eye(2)[LABELS], np.arange(2), {"tree": (None, np.zeros((4, 1)))}
        )
        split = SelectionSplit(rows, np.arange(4), np.zeros((4, 1)), LABELS)
        scheduler, heard = Steady(), []
        search = Search(
            sampler=sampler or Scripted(list(batches)),
            scheduler=scheduler,
            executor=in_process(backwards=backwards),
            data=SearchData((split,), Fitting(played, {}, scheduler, 0)),
            batch=3,
            on_trial=heard.append,
        )
        search.heard = heard
        return search

    return made


@pytest.mark.parametrize("backwards", [False, True])
def test_trials_are_told_in_the_order_of_asking(make, backwards):
    asked = [[configuration(0.5), configuration(0.7), configuration(0.6)], [configuration(0.4)]]
    search = make(*asked, backwards=backwards)
    trials = search.run()
    flat = [each for batch in asked for each in batch]
    assert [trial.configuration for trial in trials] == flat
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert [trial.configuration for trial in search.sampler.told[:4]] == flat
    assert [trial.number for trial in search.heard] == [0, 1, 2, 3]
    assert search.scheduler.heard == search.sampler.told
    # It was asked for three at a time, and each batch was told before the next was asked.
    assert search.sampler.asked == [(3, 0), (3, 3), (3, 4)]


def test_a_trial_says_how_good_it_was(make):
    (trial,) = make([configuration(0.8)]).run()
    assert trial.log_loss == pytest.approx(-np.log(0.8))
    assert trial.accuracy == 1
    assert trial.models_trained == 1
    assert trial.failure is None
    assert len(trial.row_losses) == 4


def test_every_stages_best_gets_its_control(make):
    search = make(
        [configuration(0.9, alpha=0.5, temperature=2), configuration(0.6)],
        [configuration(0.7, alpha=1.0, stage="b")],
    )
    trials = search.run()
    added = [trial.configuration for trial in trials[3:]]
    assert added == [configuration(0.9), configuration(0.7, stage="b")]
    assert [trial.configuration for trial in search.sampler.told[3:]] == added
    assert len(search.heard) == 5


def test_a_control_that_is_there_already_is_not_trained_again(make):
    search = make([configuration(0.9, alpha=0.5), configuration(0.9), configuration(0.95)])
    assert len(search.run()) == 3


def test_duplicates_are_trained_once_and_told_each_time(make):
    twice = configuration(0.9)
    search = make([twice, twice, configuration(0.9, temperature=3.0)], [twice])
    trials = search.run()
    assert len(trials) == 1
    assert len(search.data.fitting.stages["a"].stage.fits) == 1
    told = [trial.configuration for trial in search.sampler.told]
    # At alpha = 0 the temperature does not matter, but the sampler knows its own question.
    assert told[:4] == [twice, twice, configuration(0.9, temperature=3.0), twice]
    assert len(search.heard) == 1


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("raise", "failed in fit: RuntimeError: no convergence"),
        ("nothing", "fit returned NoneType; expected a hpmkd Student"),
        ("nan", "failed to predict.*NaN"),
    ],
)
def test_a_failing_stage_costs_its_trial_only(make, bad, said):
    search = make([configuration(bad), configuration(0.8), configuration(0.7, stage="b")])
    failed, *others = search.run()
    assert failed.log_loss == float("inf")
    assert np.isnan(failed.accuracy)
    assert failed.failure.startswith("plugin 'plugin-a': stage 'a'")
    assert "--disable plugin-a" in failed.failure
    assert re.search(said, failed.failure)
    assert [trial.failure for trial in others] == [None, None]
    assert search.sampler.told[0] is not None
    assert search.sampler.told[0].failure == failed.failure


def test_nothing_asked_is_nothing_found(make):
    assert make().run() == []


def test_the_results_do_not_depend_on_what_finishes_first(make):
    batches = [[configuration(0.5), configuration(0.7, 0.5)], [configuration(0.6, 1.0, stage="b")]]
    forward = make(*[list(batch) for batch in batches]).run()
    backward = make(*[list(batch) for batch in batches], backwards=True).run()
    assert [trial.configuration for trial in forward] == [each.configuration for each in backward]
    assert [trial.log_loss for trial in forward] == [trial.log_loss for trial in backward]
