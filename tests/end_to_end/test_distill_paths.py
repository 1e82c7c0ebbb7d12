"""Rounds that the selection rows choose, and the students of fewer rounds, end to end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

import hpmkd

LIGHT = {
    "augmenter.name": "munge",
    "extra.rows": 1.0,
    "search.alphas.self": [0.0],
    "search.extra_weights": [0.5],
    "sampler.name": "grid",
    "sampler.trials": 1,
    "budget.models": 0,
    "chain": [],
    "split.folds": 3,
    "reference.name": "quick",
    "memory": "none",
}


def distil(data, **settings):
    teacher = RandomForestClassifier(10, random_state=0)
    return hpmkd.distill(*data, teacher=teacher, settings={**LIGHT, **settings}, student="gbm")


@pytest.fixture(scope="module")
def found(cancer):
    return distil(cancer)


def test_every_trial_has_its_own_rounds_and_cuts(found):
    hard, soft = sorted(found.trials, key=lambda trial: trial.configuration.extra_weight)
    assert hard.configuration.hard
    assert soft.configuration.alpha == 0
    assert not soft.configuration.hard
    for trial in (hard, soft):
        rounds = [each.configuration.rounds for each in (*trial.shorter, trial)]
        assert len(rounds) > 1
        assert rounds == sorted(rounds)
        assert all(each.log_loss >= trial.log_loss for each in trial.shorter)
        sizes = [each.n_bytes for each in (*trial.shorter, trial)]
        assert sizes == sorted(set(sizes))


def test_the_front_has_cuts_that_took_no_fit_of_their_own(found):
    cuts = [each for each in found.front if each.name not in found.students and each.rounds]
    assert cuts
    best = {trial.number: trial.configuration.rounds for trial in found.trials}
    assert any(each.rounds < best[each.trial] for each in cuts)
    tried = sum(trial.models_trained for trial in found.trials)
    refitted = len({each.trial for each in found.front})
    shipped = next(each for each in found.front if each.chosen)
    own = not next(t for t in found.trials if t.number == shipped.trial).configuration.hard
    assert found.counts["models_trained"] == tried + refitted + own


def test_a_cut_is_bit_for_bit_what_its_own_fit_gives(found):
    for each in found.front:
        trial = next(trial for trial in found.trials if trial.number == each.trial)
        again = found.fit(replace(trial.configuration, rounds=each.rounds))
        student = {**found.students, **found.further}[each.name]
        assert again.model.n_trees == student.model.n_trees == each.rounds
        np.testing.assert_array_equal(again.model.leaf_values, student.model.leaf_values)
        np.testing.assert_array_equal(again.model.thresholds, student.model.thresholds)


def test_the_leaderboard_tells_the_two_weights_apart(found):
    board = found.leaderboard.set_index("role")
    assert board.loc["control", ["alpha", "extra_weight"]].tolist() == [0.0, 0.0]
    assert board.loc["student", "alpha"] == 0.0


def test_where_the_size_is_limited_fewer_rounds_are_shipped(found, cancer):
    largest = found.student.to_bytes()
    limit = len(largest) * 2 // 3
    small = distil(cancer, **{"limits.max_size": limit})
    assert len(small.student.to_bytes()) <= limit
    assert small.student.model.n_trees < found.student.model.n_trees
