"""What a sampler has been told, and what it can still afford."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from hpmkd.testing.sampler_runs import space, trial_of
from hpmkd.values import Configuration
from hpmkd_defaults.samplers.trial_history import (
    TrialHistory,
    evaluations,
    lowest,
    paid,
    trials_beside_controls,
)


def configuration(stage="various", alpha=0.5, share=1.0, **hyperparameters):
    return Configuration(stage, 1.0, alpha, hyperparameters, share=share)


@pytest.fixture
def told():
    told = TrialHistory()
    for number, (each, loss) in enumerate(
        [
            (configuration(rate=0.1), 0.5),
            (configuration(rate=0.2), 0.4),
            (configuration(rate=0.3), None),
            (configuration(rate=0.4, share=0.3), 0.1),
            (configuration("plain"), 0.3),
            (configuration(rate=0.1), 0.5),
        ]
    ):
        told.take(trial_of(number, each, loss))
    return told


def test_each_configuration_counts_once(told):
    assert len(list(told)) == 5
    assert told.models == 4  # that of the failed one was none


def test_shares_are_kept_apart_and_failures_out(told):
    assert [each.log_loss for each in told.successes("various")] == pytest.approx([0.5, 0.4])
    assert [each.log_loss for each in told.subset_successes("various")] == pytest.approx([0.1])
    assert told.successes("branching") == []


def test_it_knows_what_it_was_told(told):
    assert configuration(rate=0.3) in told
    assert configuration(rate=0.4) not in told
    # At alpha = 0 the temperature is idle.
    told.take(trial_of(9, configuration(alpha=0.0), 0.5))
    assert Configuration("various", 3.0, 0.0) in told


def test_of_equals_the_first_is_the_lowest(told):
    trials = [trial_of(at, configuration(rate=at), loss) for at, loss in ((3, 0.2), (1, 0.2))]
    assert lowest(trials).number == 1
    assert lowest([*trials, trial_of(0, configuration(), None)]).number == 1
    assert lowest([]) is None


@pytest.mark.parametrize(
    ("models", "fits", "spent", "left"),
    [(20, 1, 0, 20), (20, 3, 0, 6), (20, 3, 18, 0), (20, 3, 30, 0), (None, 3, 500, sys.maxsize)],
)
def test_what_can_be_evaluated(models, fits, spent, left):
    assert evaluations(replace(space(), models=models, fits=fits), spent) == left


@pytest.mark.parametrize("models", range(12))
def test_every_trial_may_be_of_a_stage_of_its_own(models):
    trials = trials_beside_controls(replace(space(), models=models))
    assert trials >= 1
    assert trials + min(trials, 3) <= max(2, models)
    # One more would not be paid.
    assert trials + 1 + min(trials + 1, 3) > models


def test_without_a_budget_the_number_of_trials_is_unbounded():
    assert trials_beside_controls(space()) > 10**9


class TestPaid:
    def points(self, *alphas, stage="various"):
        return [configuration(stage, alpha) for alpha in alphas]

    def of(self, points, evaluations, fits=2):
        return paid(replace(space(), models=evaluations * fits, fits=fits), points)

    def test_a_control_is_owed_once_per_stage(self):
        points = self.points(0.5, 1.0, 0.25)
        assert self.of(points, 3) == points[:2]
        other = self.points(0.5, stage="plain")
        assert self.of([*points[:2], *other], 4) == points[:2]
        assert self.of([*points[:2], *other], 5) == [*points[:2], *other]

    def test_a_control_that_is_among_the_points_is_paid_with_them(self):
        points = self.points(0.0, 0.5, 1.0)
        assert self.of(points, 3) == points
        assert self.of(points[::-1], 3) == points[::-1]  # the last one is that control
        assert self.of([*points[1:], configuration(alpha=0.75), points[0]], 3) == points[1:]

    def test_another_draw_has_another_control(self):
        points = [configuration(alpha=alpha, rate=rate) for rate in (1, 2) for alpha in (0.0, 0.5)]
        assert self.of(points, 3) == points[:3]
        assert self.of([points[0], points[1], points[3]], 3) == points[:2]

    def test_one_is_tried_whatever_it_costs(self):
        assert self.of(self.points(0.5, 1.0), 0) == self.points(0.5)
        assert self.of([], 5) == []

    def test_without_a_bound_all_are(self):
        assert paid(space(), self.points(0.5, 1.0)) == self.points(0.5, 1.0)
