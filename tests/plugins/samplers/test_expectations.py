"""What is expected of configurations, and what it follows from."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hpmkd.optuna_trials import random_study
from hpmkd.testing.sampler_runs import Branching, Plain, Various, trial_of
from hpmkd.values import Configuration, DataFacts, Outcome, SearchSpace
from hpmkd_defaults.samplers.adaptive_plan import grid
from hpmkd_defaults.samplers.expectations import by_all_that_is_known, by_the_sample

SPACE = SearchSpace(
    {"plain": Plain(), "various": Various(), "branching": Branching()},
    (0.5, 1.0, 2.0, 4.0),
    (0.0, 0.25, 0.5, 0.75),
    0,
    facts=DataFacts(1000, 10, 2, noise=0.1),
)
GRID = [replace(each, hyperparameters=SPACE.stages[each.stage].defaults) for each in grid(SPACE)]


def told(loss, every=3, **changes):
    tried = [replace(each, **changes) for each in GRID[::every]]
    return [trial_of(at, each, loss(each)) for at, each in enumerate(tried)]


def all_known(trials, elsewhere=(), candidates=GRID):
    return by_all_that_is_known(SPACE, candidates, trials, elsewhere)


def sample(trials, elsewhere=()):
    return by_the_sample(GRID, trials)


def mean_of(found, chosen):
    return np.mean([mean for mean, each in zip(found.mean, GRID, strict=True) if chosen(each)])


@pytest.mark.parametrize("expected", [sample, all_known])
class TestBoth:
    def test_a_good_stage_is_expected_to_be_good(self, expected):
        found = expected(told(lambda each: 0.2 if each.stage == "plain" else 0.8))
        good = mean_of(found, lambda each: each.stage == "plain")
        assert good < mean_of(found, lambda each: each.stage != "plain") - 1

    def test_a_trend_in_temperature_is_followed(self, expected):
        found = expected(told(lambda each: 0.3 + 0.1 * math.log2(each.temperature), 2))
        low, high = (mean_of(found, lambda each, t=t: each.temperature == t) for t in (0.5, 4.0))
        assert low < high

    def test_a_failure_counts_as_the_worst(self, expected):
        def loss(each):
            return None if each.stage == "various" else 0.3 + 0.1 * each.alpha

        found = expected(told(loss, 2))
        failed = mean_of(found, lambda each: each.stage == "various")
        assert failed > mean_of(found, lambda each: each.stage != "various")

    @pytest.mark.parametrize("trials", [[], told(lambda each: None)])
    def test_nothing_is_expected_without_a_success(self, expected, trials):
        assert expected(trials) is None

    def test_the_same_trials_give_the_same_answer(self, expected):
        trials = told(lambda each: 0.3 + each.alpha)
        assert (expected(trials).mean == expected(trials).mean).all()


def various(**changes):
    return Configuration("various", 1.0, 0.5, {**Various.defaults, **changes})


def test_hyperparameters_are_told_from_softening():
    """What was tried with a bad rate is expected to be good with a good one."""
    study = random_study(0)
    drawn = [
        Configuration("various", 1.0, 0.25 * (1 + at % 3), Various().space(study.ask()))
        for at in range(40)
    ]
    trials = [
        trial_of(at, each, 0.3 + 0.1 * math.log10(each.hyperparameters["rate"]))
        for at, each in enumerate(drawn)
    ]
    found = all_known(trials, candidates=[various(rate=0.01), various(rate=1.0)])
    assert found.mean[0] < found.mean[1] - 1


def test_a_share_of_the_rows_is_no_reason():
    """Losses on fewer rows are higher, whatever the configuration: it is not held against them."""
    part = told(lambda each: 0.5 + 0.1 * each.alpha, 2, share=0.3)
    whole = told(lambda each: 0.3 + 0.1 * each.alpha, 5)
    found = all_known([*part, *whole])
    seen = [trial.configuration.key for trial in whole]
    means = [
        np.mean([m for m, each in zip(found.mean, GRID, strict=True) if (each.key in seen) == on])
        for on in (True, False)
    ]
    assert abs(means[0] - means[1]) < 1


class TestElsewhere:
    FEW = told(lambda each: 0.5, 9)

    @staticmethod
    def outcomes(facts):
        """Low temperatures were good there."""
        return [
            Outcome(facts, each, 0.05 * (2 + math.log2(each.temperature)), 0.5)
            for each in GRID[::2]
        ]

    def slope(self, outcomes):
        found = all_known(self.FEW, outcomes)
        low, high = (mean_of(found, lambda each, t=t: each.temperature == t) for t in (0.5, 4.0))
        return high - low

    def test_what_was_good_on_like_data_is_expected_to_be_good(self):
        assert abs(self.slope([])) < 0.1
        assert self.slope(self.outcomes(DataFacts(900, 12, 2, noise=0.12))) > 0.5

    def test_unlike_data_tell_less(self):
        like, unlike = DataFacts(1000, 10, 2, noise=0.1), DataFacts(10**7, 900, 50, noise=0.6)
        assert self.slope(self.outcomes(unlike)) < self.slope(self.outcomes(like))

    def test_which_stage_is_good_is_not_known_from_there(self):
        """Regrets compare within a stage."""
        here = DataFacts(1000, 10, 2, noise=0.1)
        found = all_known(self.FEW, [Outcome(here, each, 0.0, 0.0) for each in GRID[:8]])
        assert np.ptp(found.mean) < 0.1
