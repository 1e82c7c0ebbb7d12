"""Losses here and regrets elsewhere, on one scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpmkd.testing.sampler_runs import Branching, Various, trial_of
from hpmkd.values import Configuration, DataFacts, Outcome
from hpmkd_defaults.samplers.known_losses import (
    FARTHEST,
    MOST,
    MOST_OF_A_SET,
    of_outcomes,
    of_trials,
    worth_knowing,
)

STAGES = {"various": Various(), "branching": Branching()}


def trials(**losses):
    """Trials of stages, whose losses are given."""
    pairs = [(stage, loss) for stage, own in losses.items() for loss in own]
    return [
        trial_of(at, Configuration(stage, 1.0, 0.5, {"at": at}), loss)
        for at, (stage, loss) in enumerate(pairs)
    ]


def outcome(regret, data="one", stage="various", rate=0.1):
    facts = DataFacts(1000, 10, 2, digest=data)
    point = {**Various.defaults, "rate": rate} if stage == "various" else {"pruned": False}
    return Outcome(facts, Configuration(stage, 1.0, 0.5, point), regret, 0.5)


def test_the_unit_is_the_spread_within_a_stage():
    """A stage that is better as such stands many units apart; its own losses a few."""
    found = of_trials(trials(a=[0.30, 0.31, 0.32], b=[0.60, 0.61, 0.62]))
    assert np.diff(found[:3]) == pytest.approx(np.diff(found[3:]))
    assert found[3] - found[0] == pytest.approx(30 * (found[1] - found[0]))


def test_the_scale_of_the_losses_does_not_matter():
    one, other = (of_trials(trials(a=[s * x for x in (0.3, 0.5, 0.9)])) for s in (1, 7))
    assert one == pytest.approx(other)


def test_how_bad_a_bad_trial_is_does_not_matter():
    found = [of_trials(trials(a=[0.3, 0.31, 0.32, 0.33, bad])) for bad in (5.0, 5.5)]
    assert found[0][4] - np.median(found[0]) <= FARTHEST + 1e-9
    assert found[0][:4].argsort().tolist() == [0, 1, 2, 3]


def test_a_failure_is_as_bad_as_the_worst():
    found = of_trials(trials(a=[0.3, 0.5, None]))
    assert found[2] == found[1] > found[0]


def test_one_trial_of_every_stage_is_a_scale_too():
    found = of_trials(trials(a=[0.3], b=[0.4], c=[0.5]))
    assert np.abs(found).max() < 30
    assert found[0] < found[1] < found[2]


def test_regrets_are_centred_on_their_set_and_stage():
    first = [outcome(regret) for regret in (0.0, 0.1, 0.2)]
    second = [outcome(regret, "two") for regret in (0.0, 1.0, 2.0)]
    found = of_outcomes([*first, *second])
    assert found[:3] == pytest.approx(found[3:])
    assert np.median(found) == 0
    assert found[0] < 0 < found[2]


def test_no_outcomes_are_no_regrets():
    assert of_outcomes([]).shape == (0,)


def test_the_nearest_sets_come_first_and_none_takes_it_all():
    many = [outcome(0.001 * at, f"set {data}") for data in range(9) for at in range(40)]
    found = worth_knowing(many, STAGES)
    assert len(found) == MOST
    by_set = [sum(each.facts.digest == f"set {data}" for each in found) for data in range(9)]
    assert by_set[:4] == [MOST_OF_A_SET] * 4
    assert by_set[4:] == [0] * 5
    # Of a set, good and bad ones.
    regrets = [each.regret for each in found[:MOST_OF_A_SET]]
    assert (min(regrets), max(regrets)) == (0.0, 0.039)


def test_points_that_are_drawn_no_more_are_left_out():
    outdated = outcome(0.0, rate=7.0)
    unknown = replace(outcome(0.0), configuration=Configuration("forest", 1.0, 0.5))
    good = [outcome(0.0), outcome(0.1, stage="branching")]
    assert sorted(map(repr, worth_knowing([outdated, unknown, *good], STAGES))) == sorted(
        map(repr, good)
    )
