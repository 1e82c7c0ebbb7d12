"""Optuna's TPE over everything at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hpmkd.testing.sampler_runs import Branching, Various, keys, models, search, space, trial_of
from hpmkd.values import Configuration
from hpmkd_defaults.samplers.tpe import TPESearch, first_points, parameters


def test_known_points_of_all_stages_come_first():
    remembered = {"various": [{**Various.defaults, "rounds": 90}]}
    asked = search(TPESearch(replace(space(), remembered=remembered)))
    assert [(each.stage, dict(each.hyperparameters)) for each in asked[:4]] == [
        ("plain", {}),
        ("various", remembered["various"][0]),
        ("branching", dict(Branching.defaults)),
        ("various", dict(Various.defaults)),
    ]


def test_what_the_space_no_longer_holds_is_left_out():
    remembered = {"branching": [{"pruned": "never"}, {"pruned": True}, {"gone": 1}]}
    given = replace(space(), remembered=remembered)
    assert [each for each in first_points(given) if each["stage"] == "branching"] == [
        {"stage": "branching", "branching.pruned": False}
    ]


def test_hyperparameters_are_those_of_the_stage():
    for each in search(TPESearch(space(), trials=30)):
        names = {name.partition(".")[0] for name in parameters(each) if "." in name}
        assert names <= {each.stage}
        assert ("temperature" in parameters(each)) == (each.alpha > 0)


def test_it_learns_which_stage_is_good():
    def loss(number, configuration):
        return 0.2 if configuration.stage == "branching" else 0.9

    asked = search(TPESearch(space(), trials=60), loss)
    late = Counter(each.stage for each in asked[30:])
    assert late["branching"] > 20


@pytest.mark.parametrize(("budget", "fits", "trials"), [(None, 1, 40), (33, 3, 8), (12, 3, 2)])
def test_a_budget_leaves_the_controls(budget, fits, trials):
    given = replace(space(), models=budget, fits=fits)
    sampler = TPESearch(given)
    asked = search(sampler, fits=fits)
    assert len(asked) == sampler.total == trials
    assert budget is None or models(asked, fits) <= budget


def test_it_learns_from_what_it_did_not_ask_for():
    """A control that is told changes what comes next, once random points are over."""
    one, two = TPESearch(space(), trials=40), TPESearch(space(), trials=40)
    control = Configuration("branching", 1.0, 0.0, {"pruned": True, "cost": 0.75})
    for sampler in (one, two):
        for number, each in enumerate(sampler.ask(20)):
            sampler.tell(trial_of(number, each, 0.5 + 0.01 * number))
    for number in range(20, 30):
        two.tell(trial_of(number, control, 0.01))
    assert keys(one.ask(20)) != keys(two.ask(20))
