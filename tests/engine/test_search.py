"""The two searches of a run: on hard labels without a teacher, then beside it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import hpmkd
from hpmkd_defaults.samplers.adaptive import AdaptiveConfigurationManager

FOLDS = 3
SETTINGS = {
    "stages": ["logistic", "tree"],
    "split.folds": FOLDS,
    "sampler.trials": 2,
    "sampler.more": 1,
    "sampler.distilled": 1,
    "extra.rows": 1.0,
    "ensemble.top": 0,
    "front.size": 0,
    "memory": "none",
    "search.stop.window": 0,
    "budget.models": 0,
}


class Log:
    """What happens in a run, in its order."""

    def __init__(self):
        self.events, self.notes = [], []

    @property
    def trials(self):
        return [each for each in self.events if each != "teacher"]

    @hpmkd.hookimpl
    def hpmkd_trial_finished(self, trial):
        self.events.append(trial)

    @hpmkd.hookimpl
    def hpmkd_noted(self, note):
        self.notes.append(note)


def run(wine, teacher=None, **settings):
    log = Log()

    class Told(GaussianNB):
        def fit(self, X, y):
            log.events.append("teacher")
            return super().fit(X, y)

    teacher = Told() if teacher is None else teacher
    found = hpmkd.distill(
        *wine, teacher=teacher, settings={**SETTINGS, **settings}, observers=[log]
    )
    return found, log


@pytest.fixture(scope="module")
def searched(wine):
    return run(wine)


def test_hard_students_come_first_and_without_a_teacher(searched):
    _, log = searched
    first = log.events.index("teacher")
    assert first > 0
    assert all(each.configuration.hard for each in log.events[:first])
    rest = [each for each in log.events[first:] if each != "teacher"]
    assert rest
    assert all(each.configuration.soft for each in rest)


def test_every_configuration_is_evaluated_once_and_numbered_through(searched):
    found, log = searched
    trials = log.trials
    assert [each.number for each in trials] == list(range(len(trials)))
    keys = [each.configuration.key for each in trials]
    assert len(set(keys)) == len(keys)
    assert sorted(each.number for each in found.trials) == list(range(len(trials)))


def test_trials_take_a_model_of_every_fold_unless_they_lose_a_race(searched):
    found, log = searched
    for trial in log.trials:
        assert (trial.models_trained == FOLDS) == (trial.worse_by is None)
        if trial.worse_by is None:
            assert len(trial.row_losses) == found.facts["selection"]["rows"]
    refits = found.counts["models_trained"] - sum(each.models_trained for each in log.trials)
    assert 0 < refits <= 2 * 2 + 1
    # The teacher: each fold once, and no pairs of folds at alpha 0.
    assert found.counts["teacher_fits"] == FOLDS


def test_draws_of_each_stage_then_of_the_leader_then_what_learns_from_the_teacher(searched):
    _, log = searched
    hard = [each for each in log.trials if each.configuration.hard]
    of_stage = Counter(each.configuration.stage for each in hard)
    assert sum(of_stage.values()) <= 2 * 2 + 1
    assert set(of_stage) == {"logistic", "tree"}
    soft = [each for each in log.trials if each.configuration.soft]
    assert Counter(each.configuration.stage for each in soft) == {"logistic": 1, "tree": 1}
    assert {(each.configuration.alpha, each.configuration.extra_weight) for each in soft} == {
        (0.0, 0.5)
    }
    for each in soft:
        own = [one for one in hard if one.configuration.stage == each.configuration.stage]
        leading = min((one for one in own if one.eligible), key=lambda one: one.log_loss)
        assert each.configuration.hyperparameters == leading.configuration.hyperparameters


def test_soft_targets_take_teachers_without_pairs_of_folds(wine):
    found, log = run(wine, **{"search.alphas.self": [0.0, 0.5], "augmenter.name": "none"})
    assert found.counts["teacher_fits"] == FOLDS + FOLDS * (FOLDS - 1) // 2
    soft = [each for each in log.trials if each.configuration.soft]
    assert {(each.configuration.alpha, each.configuration.extra_weight) for each in soft} == {
        (0.5, 0.0)
    }


def test_teachers_with_nothing_to_teach_predict_one_fold_only(wine):
    found, log = run(wine, **{"augmenter.name": "none"})
    assert found.counts["teacher_fits"] == 1
    assert all(each.configuration.hard for each in log.trials)
    (note,) = [each for each in log.notes if "no student has a teacher" in each]
    assert "it had nothing to teach" in note
    assert found.student.predict_proba(wine[0][:2]).shape == (2, 3)


@pytest.mark.filterwarnings("ignore:stage .* dropped")
@pytest.mark.parametrize("models", [12, 20, 40])
def test_both_searches_keep_within_the_budget(wine, models):
    found, log = run(wine, **{"budget.models": models})
    assert found.counts["models_trained"] <= models
    assert sum(each.models_trained for each in log.trials) < models
    hard = sum(each.models_trained for each in log.trials if each.configuration.hard)
    assert hard >= FOLDS


def test_the_soft_targets_of_a_part_of_the_rows_go_with_these(wine):
    """Trials see a part of the rows outside each fold."""
    _, log = run(
        wine,
        **{"split.trial_rows": 60, "search.alphas.self": [0.0, 0.5], "augmenter.name": "none"},
    )
    soft = [each for each in log.trials if each.configuration.soft]
    assert soft
    assert [each.failure for each in soft] == [None] * len(soft)
    assert np.isfinite([each.log_loss for each in soft]).all()


class TestOutcomesElsewhere:
    """What became of configurations on other data sets reaches the sampler, read once."""

    @pytest.fixture
    def spaces(self, monkeypatch):
        """The spaces that samplers are made for."""
        made = []
        plain = AdaptiveConfigurationManager.__init__

        def init(self, space, **settings):
            made.append(space)
            plain(self, space, **settings)

        monkeypatch.setattr(AdaptiveConfigurationManager, "__init__", init)
        return made

    @staticmethod
    def distil(rows, folder):
        own = {
            "memory": {"name": "sqlite", "folder": str(folder), "shipped": False},
            "search.alphas.self": [0.0, 0.5],
        }
        sampler = {"name": "adaptive", "initial": 1, "configs": 2, "trials": 1}
        settings = {**SETTINGS, **own, "stages": ["tree"]}
        del settings["sampler.trials"], settings["sampler.more"], settings["sampler.distilled"]
        return hpmkd.distill(*rows, teacher=GaussianNB(), settings={**settings, "sampler": sampler})

    def test_in_the_search_with_the_teacher(self, wine, cancer, spaces, tmp_path):
        first = self.distil(tuple(each[:200] for each in cancer), tmp_path)
        assert [space.outcomes for space in spaces] == [(), ()]
        self.distil(wine, tmp_path)
        hard, soft = spaces[2:]
        assert hard.outcomes == ()
        learned = [t for t in first.trials if t.eligible and t.configuration.after is None]
        assert len(soft.outcomes) == len(learned) > 0
        assert {each.facts.n_columns for each in soft.outcomes} == {30}
        assert (hard.facts.n_columns, hard.facts.noise) == (13, None)
        assert soft.facts.noise is not None

    def test_a_run_on_the_same_rows_learns_nothing_of_itself(self, wine, spaces, tmp_path):
        self.distil(wine, tmp_path)
        self.distil(wine, tmp_path)
        assert [space.outcomes for space in spaces] == [()] * 4
