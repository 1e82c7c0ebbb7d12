"""Stages that have a path: the selection rows choose the rounds, and one fit gives every cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.data.dataset import Dataset
from hpmkd.errors import PluginError
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.recipe.limits import Limits
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.student_fits import RefitData, refit
from hpmkd.training.trials import SearchData, TrialTask, evaluate, predict_held_out
from hpmkd.values import Configuration, DataFacts, Softening

N, HELD = 60, 12
CLASSES = np.arange(2)


class Constant:
    """Predicts one probability; its file takes 100 bytes a round."""

    def __init__(self, p, n_rounds):
        self.p, self.n_rounds, self.classes_ = p, n_rounds, CLASSES

    def predict_proba(self, table):
        return np.tile([1 - self.p, self.p], (table.shape[0], 1))

    def to_bytes(self):
        return bytes(100 * self.n_rounds)


class Path:
    def __init__(self, students, held):
        self.students = students
        self.losses = np.empty(0)
        if held is not None:
            right = [np.where(held.labels, each.p, 1 - each.p) for each in students]
            self.losses = -np.log(right).mean(axis=1)

    def student(self, n_rounds):
        return self.students[n_rounds - 1]


class Approaching:
    """After r rounds it predicts what is best at `turn` rounds, and worse on both sides."""

    encoding, complexity, defaults, limit = "tree", 0, {"n_rounds": 200}, "n_rounds"

    def __init__(self, turn=90, path=None):
        self.turn, self.make, self.fits = turn, path, []

    def space(self, trial):
        return {}

    def path(self, inputs):
        self.fits.append(inputs)
        if self.make is not None:
            return self.make(inputs)
        n_rounds = int({**self.defaults, **inputs.configuration.hyperparameters}["n_rounds"])
        share = float(np.mean(inputs.labels))
        made = [
            Constant(np.clip(share + 0.003 * abs(self.turn - r), 0.01, 0.99), r)
            for r in range(1, n_rounds + 1)
        ]
        return Path(made, inputs.held)

    def fit(self, inputs):
        return Constant(0.3, 1)


class Steady:
    varies = False

    def softening(self, configuration, state):
        return Softening(configuration.temperature, configuration.alpha)

    def observe(self, trial):
        pass


def rows(n, seed):
    rng = np.random.default_rng(seed)
    return Dataset(rng.normal(size=(n, 2)), (np.arange(n) % 3 == 0).astype(np.int64), CLASSES)


def search_data(stage, drafts=False):
    fitting = FitContext({"a": ActiveStage("a", "p", stage)}, {}, Steady(), 0)
    sets = []
    for fold in range(2):
        training = rows(N, fold)
        encoded = TrainingSet.encode(training, np.full((N, 2), 0.5), {"tree"})
        sets.append(SelectionSet(encoded, np.arange(HELD) + HELD * fold, rows(HELD, 9)))
    return SearchData(tuple(sets), fitting, drafts)


ASKED = Configuration("a", 1.0, 0.0)


def test_the_selection_rows_choose_the_rounds_and_every_cut_is_a_trial():
    stage = Approaching()
    trial = evaluate(search_data(stage, drafts=True), TrialTask(4, ASKED))
    assert trial.failure is None
    assert (trial.number, trial.models_trained) == (4, 2)
    assert trial.configuration == replace(ASKED, rounds=90)
    assert [each.configuration.rounds for each in trial.shorter] == [20, 40, 80]
    assert [each.n_bytes for each in (*trial.shorter, trial)] == [2000, 4000, 8000, 9000]
    losses = [each.log_loss for each in (*trial.shorter, trial)]
    assert losses == sorted(losses, reverse=True)
    assert trial.probabilities is not None
    assert all(each.probabilities is None for each in trial.shorter)
    assert len(trial.draft) == 9000
    assert trial.name == "a-4-90"


def test_a_cut_is_what_the_fit_of_its_configuration_gives():
    data = search_data(Approaching())
    trial = evaluate(data, TrialTask(0, ASKED))
    for each in (*trial.shorter, trial):
        again = predict_held_out(data, each.configuration)
        assert again.failure is None
        if each is trial:
            np.testing.assert_array_equal(again.probabilities, trial.probabilities)
        rows_ = np.concatenate([split.held.labels for split in data.splits])
        own = -np.log(again.probabilities[np.arange(len(rows_)), rows_])
        np.testing.assert_allclose(own, each.row_losses)


def test_further_rounds_that_take_no_bytes_are_no_cuts():
    def alike(inputs):
        made = [Constant(0.9 - 0.005 * r, 1) for r in range(100)]
        return Path(made, inputs.held)

    trial = evaluate(search_data(Approaching(path=alike)), TrialTask(0, ASKED))
    assert trial.configuration.rounds == 100
    assert trial.shorter == ()


def test_without_a_path_for_these_inputs_it_is_fitted_once():
    trial = evaluate(search_data(Approaching(path=lambda inputs: None)), TrialTask(0, ASKED))
    assert trial.configuration == ASKED
    assert trial.shorter == ()
    assert trial.name == "a-0"


@pytest.mark.parametrize("losses", [[], [np.nan, np.nan], "none", None])
def test_a_path_without_losses_costs_its_trial(losses):
    def lying(inputs):
        path = Path([Constant(0.3, 1)] * 2, inputs.held)
        path.losses = losses
        return path

    trial = evaluate(search_data(Approaching(path=lying)), TrialTask(0, ASKED))
    assert "plugin 'p': stage 'a' failed in path: " in trial.failure


def test_a_path_that_ends_in_no_student_costs_its_trial():
    def lying(inputs):
        path = Path([Constant(0.3, 1)] * 2, inputs.held)
        path.students = [None, None]
        return path

    trial = evaluate(search_data(Approaching(path=lying)), TrialTask(0, ASKED))
    assert "plugin 'p': stage 'a' failed in fit: TypeError: fit returned NoneType" in trial.failure


def test_one_fit_gives_all_cuts_of_a_configuration():
    stage = Approaching()
    data = search_data(stage)
    refitted = RefitData(data.splits[0].training, data.fitting)
    group = tuple(replace(ASKED, rounds=each) for each in (20, 90, 40))
    assert [each.n_rounds for each in refit(refitted, group)] == [20, 90, 40]
    (inputs,) = stage.fits
    assert inputs.held is None
    assert inputs.configuration.hyperparameters["n_rounds"] == 90


def test_a_configuration_without_chosen_rounds_is_fitted_whole():
    stage = Approaching()
    data = search_data(stage)
    assert predict_held_out(data, ASKED).probabilities[0, 1] == 0.3
    assert stage.fits == []


def test_where_limits_are_tight_a_cut_is_preferred():
    trial = evaluate(search_data(Approaching()), TrialTask(0, ASKED))
    assert NO_LIMITS.preferred(trial) is trial
    tight = TrialRanking(Limits(max_size=5000))
    preferred = tight.preferred(trial)
    assert preferred.configuration.rounds == 40
    assert preferred.models_trained == trial.models_trained
    assert {each.configuration.rounds for each in preferred.shorter} == {20, 80, 90}
    assert tight.preferred(preferred) is preferred


def test_held_rows_reach_a_stage_encoded_once():
    stage = Approaching()
    data = search_data(stage)
    evaluate(data, TrialTask(0, ASKED))
    evaluate(data, TrialTask(1, replace(ASKED, alpha=0.5)))
    first, _, again, _ = (inputs.held for inputs in stage.fits)
    assert first is again
    assert first.matrix.shape == (HELD, 2)
    with pytest.raises(ValueError, match="read-only"):
        first.matrix[0] = 1


def test_a_stage_suits_itself_to_the_data():
    class Suited(Approaching):
        def for_data(self, facts):
            return Suited(turn=facts.n_rows)

    active = ActiveStage("a", "p", Suited())
    assert active.for_data(DataFacts(7, 2, 2)).stage.turn == 7

    class Broken(Approaching):
        def for_data(self, facts):
            raise ValueError("no idea")

    with pytest.raises(PluginError, match=r"plugin 'p': stage 'a' failed in for_data: .*no idea"):
        ActiveStage("a", "p", Broken()).for_data(DataFacts(7, 2, 2))

    class Empty(Approaching):
        def for_data(self, facts):
            return None

    with pytest.raises(PluginError, match=r"stage 'a' failed in for_data: .*NoneType"):
        ActiveStage("a", "p", Empty()).for_data(DataFacts(7, 2, 2))


def test_a_path_without_a_limit_costs_its_trial():
    stage = Approaching()
    stage.limit = None
    trial = evaluate(search_data(stage), TrialTask(0, ASKED))
    assert "plugin 'p': stage 'a' has a path: TypeError: its limit is None" in trial.failure
