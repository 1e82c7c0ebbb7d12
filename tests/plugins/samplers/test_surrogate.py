"""The Gaussian process that ranks configurations."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from hpmkd.testing.sampler_runs import trial_of
from hpmkd.values import Configuration
from hpmkd_defaults.samplers import surrogate
from hpmkd_defaults.samplers.surrogate import inputs, lower_bounds, most_promising

GRID = [
    Configuration(stage, temperature, alpha)
    for stage in ("a", "b")
    for temperature in (0.5, 1.0, 2.0, 4.0)
    for alpha in (0.25, 0.5, 0.75)
]


def told(loss, every=3):
    return [trial_of(at, each, loss(each)) for at, each in enumerate(GRID[::every])]


def test_all_are_returned_once_and_the_good_ones_first():
    found = most_promising(GRID, told(lambda each: 0.2 if each.stage == "b" else 0.8, every=2))
    assert len(found) == len(GRID)
    assert set(map(id, found)) == set(map(id, GRID))
    assert {each.stage for each in found[:12]} == {"b"}


def test_a_trend_in_temperature_is_followed():
    found = most_promising(GRID, told(lambda each: 0.3 + 0.1 * math.log2(each.temperature), 2))
    ranks = [
        np.mean([found.index(each) for each in GRID if each.temperature == t]) for t in (0.5, 4)
    ]
    assert ranks[0] < ranks[1]


def test_what_is_unknown_may_be_more_promising_than_the_best_that_is_known(monkeypatch):
    known = np.array([[0.0], [0.1], [0.2], [0.3], [0.4], [0.5]])
    losses = np.array([0.46, 0.45, 0.44, 0.45, 0.46, 0.5])
    best, far = lower_bounds(known, losses, np.array([[0.2], [3.0]]))
    assert far < best
    # It is not expected to be better.
    monkeypatch.setattr(surrogate, "KAPPA", 0.0)
    best, far = lower_bounds(known, losses, np.array([[0.2], [3.0]]))
    assert best < far


def test_a_failure_counts_as_the_worst():
    def fails(each):
        return None if each.stage == "a" else 0.3 + 0.1 * each.alpha

    found = most_promising(GRID, told(fails, every=2))
    ranks = {stage: [at for at, each in enumerate(found) if each.stage == stage] for stage in "ab"}
    assert np.mean(ranks["b"]) < np.mean(ranks["a"])


@pytest.mark.parametrize("trials", [[], told(lambda each: None)])
def test_without_a_success_the_order_stays(trials):
    assert most_promising(GRID, trials) == GRID


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_trials_are_enough_to_go_on(n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(most_promising(GRID, told(lambda each: each.alpha)[:n])) == len(GRID)


def test_inputs_are_scaled_alike():
    seen = inputs(GRID, GRID)
    assert seen.shape == (len(GRID), 2 + 3)
    assert seen.min() == 0
    assert seen.max() == 1
    temperatures = sorted({float(each) for each in seen[:, 2]})
    assert temperatures == pytest.approx([0, 1 / 3, 2 / 3, 1])  # equal steps of log T
    assert (seen[:, :2].sum(axis=1) == 1).all()


def test_a_side_with_one_level_says_nothing():
    lone = [Configuration("a", 2.0, 0.5)]
    assert inputs(lone, lone).tolist() == [[1.0, 0.0, 0.0, 0.0]]
