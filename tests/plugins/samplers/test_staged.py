"""The staged search: hyperparameters, then alpha, then the temperature."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hpmkd.testing.sampler_runs import Branching, Plain, Various, keys, models, search, space
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.staged import StagedSampler
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.tree import TreeStage

MANY = 50_000
ORDER = {"various": 0.1, "branching": 0.2, "plain": 0.3}


def ranked(number, configuration):
    """Stages in the order above; of each, later draws, alpha = 0.5 and T = 3 are better."""
    loss = ORDER[configuration.stage] - 1e-4 * number
    loss += 0.01 * abs(configuration.alpha - 0.5) + 0.01 * (configuration.temperature != 3)
    return loss + 0.05 * (1 - configuration.share)


def rounds(asked):
    """Return what is asked for, without repeats, as (stage, alpha, temperature, share)."""
    return [(each.stage, each.alpha, each.temperature, each.share) for each in asked]


def test_few_rows_go_through_the_rounds_in_order():
    asked = search(StagedSampler(space(), trials=3, more=2), ranked)
    tuning, rest = asked[:7], asked[7:]
    assert {(each.alpha, each.temperature, each.share) for each in tuning} == {(0.5, 1.0, 1.0)}
    assert Counter(each.stage for each in tuning) == {"plain": 1, "various": 3, "branching": 3}
    # The leader's further draws, the controls, the other alphas, the leader's temperatures.
    assert rounds(rest) == [
        ("various", 0.5, 1.0, 1.0),
        ("various", 0.5, 1.0, 1.0),
        ("various", 0.0, 1.0, 1.0),
        ("branching", 0.0, 1.0, 1.0),
        ("plain", 0.0, 1.0, 1.0),
        ("various", 1.0, 1.0, 1.0),
        ("branching", 1.0, 1.0, 1.0),
        ("plain", 1.0, 1.0, 1.0),
        ("various", 0.5, 3.0, 1.0),
    ]
    best = rest[1].hyperparameters  # the last draw is the best
    assert {tuple(each.hyperparameters.items()) for each in rest if each.stage == "various"} == {
        tuple(rest[0].hyperparameters.items()),
        tuple(best.items()),
    }
    assert rest[-1].hyperparameters == best


def test_of_many_rows_a_part_is_enough_to_choose_draws():
    given = replace(space(), n_rows=MANY)
    asked = search(StagedSampler(given, trials=4, more=2, whole=("plain",)), ranked)
    assert [each.share for each in asked[:9]] == [1.0] + [0.2] * 8
    assert rounds(asked[9:13]) == [
        ("various", 0.5, 1.0, 0.2),
        ("various", 0.5, 1.0, 0.2),
        ("various", 0.5, 1.0, 1.0),  # each stage's best draw in full
        ("branching", 0.5, 1.0, 1.0),
    ]
    assert asked[11].hyperparameters == asked[10].hyperparameters
    assert all(each.share == 1 for each in asked[11:])


@pytest.mark.parametrize(("available", "share"), [(2 * MANY, 0.4), (9 * MANY, 1.0)])
def test_where_trials_see_a_part_of_the_rows_draws_see_a_fifth_of_all_of_them(available, share):
    given = replace(space(), n_rows=MANY, n_available=available)
    asked = search(StagedSampler(given, trials=4, more=2), ranked)
    assert asked[0].share == share


def test_a_stage_on_all_rows_does_not_lead_those_on_a_part():
    """More rows alone make a loss lower."""
    given = replace(space(), n_rows=MANY)
    sampler = StagedSampler(given, trials=4, more=3, whole=("plain", "branching"))
    asked = search(sampler, lambda number, each: 0.1 if each.stage == "branching" else 0.5)
    on_part = [each for each in asked if each.share < 1]
    assert Counter(each.stage for each in on_part) == {"various": 4 + 3}


def test_a_draw_that_fails_on_all_rows_is_followed_by_the_next_best():
    given = replace(space(), n_rows=MANY, stages={"various": Various()})
    failed = []

    def fails_twice(number, configuration):
        if configuration.share == 1 and len(failed) < 2:
            failed.append(configuration.hyperparameters)
            return None
        return ranked(number, configuration)

    asked = search(StagedSampler(given, trials=4, more=0), fails_twice)
    on_part = [each.hyperparameters for each in asked if each.share < 1]
    in_full = [each.hyperparameters for each in asked if each.share == 1]
    assert in_full[:3] == on_part[::-1][:3]
    assert set(map(str, in_full[3:])) == {str(in_full[2])}


def test_a_control_that_wins_does_not_end_the_search_of_the_soft_ones():
    asked = search(StagedSampler(space()), lambda number, each: 0.2 + each.alpha)
    assert {(each.alpha, each.temperature) for each in asked} == {
        (0.5, 1.0),
        (0.0, 1.0),
        (1.0, 1.0),
        (0.5, 3.0),
    }


def test_a_stage_that_fails_is_not_pursued():
    asked = search(
        StagedSampler(space()),
        lambda number, each: None if each.stage == "various" else ranked(number, each),
    )
    own = [each for each in asked if each.stage == "various"]
    assert {(each.alpha, each.temperature) for each in own} == {(0.5, 1.0)}
    assert len(own) == 4
    assert Counter(each.stage for each in asked)["branching"] > 4  # it leads now


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_batches_do_not_matter(size):
    def by_configuration(number, configuration):
        return ranked(0, configuration) - 1e-3 * len(str(configuration.hyperparameters))

    one = search(StagedSampler(space()), by_configuration, batch=size)
    assert keys(one) == keys(search(StagedSampler(space()), by_configuration, batch=4))


def four(**more):
    stages = {
        "logistic": LogisticStage(),
        "tree": TreeStage(),
        "gbm": GBMStage(),
        "xgboost": XGBoostStage(),
    }
    return SearchSpace(stages, (1.0,), (0.0, 0.1, 0.5, 1.0), 0, **more)


def test_four_stages_take_less_than_64_fits_and_one_takes_less_than_23():
    assert len(search(StagedSampler(four()))) == 4 * 4 + 4 + 4 + 4 * 2
    for name, stage in four().stages.items():
        alone = replace(four(), stages={name: stage}, temperatures=(0.5, 1.0, 2.0, 4.0))
        assert 10 <= len(search(StagedSampler(alone))) <= 23


@pytest.mark.parametrize("fits", [1, 3])
@pytest.mark.parametrize("n_rows", [500, MANY])
@pytest.mark.parametrize("budget", [8, 11, 14, 20, 28, 38, 64])
def test_all_stages_have_a_student_and_a_control_at_any_budget(budget, n_rows, fits):
    given = four(models=budget * fits, fits=fits, n_rows=n_rows)
    asked = search(StagedSampler(given), fits=fits)
    for name in given.stages:
        own = [each for each in asked if each.stage == name and each.share == 1]
        assert any(each.alpha > 0 for each in own)
        assert any(each.alpha == 0 for each in own)
    assert models(asked, fits) <= budget * fits
    assert models(asked, fits) > 0.8 * min(budget, 30) * fits  # and it is used


def test_what_is_remembered_leads_every_stage():
    remembered = {
        "various": [{**Various.defaults, "rounds": 90}, {**Various.defaults, "leaves": 3}],
        "branching": [{"pruned": True, "cost": 0.25}],
    }
    asked = search(StagedSampler(replace(space(), remembered=remembered), trials=2))
    assert [dict(each.hyperparameters) for each in asked[:5]] == [
        {},
        remembered["various"][0],
        remembered["branching"][0],
        remembered["various"][1],
        dict(Branching.defaults),
    ]


def test_hard_labels_alone_are_searched_for_hyperparameters():
    lone = SearchSpace({"plain": Plain(), "various": Various()}, (1.0,), (0.0,), 0)
    asked = search(StagedSampler(lone, trials=3, more=2))
    assert {(each.alpha, each.temperature) for each in asked} == {(0.0, 1.0)}
    assert Counter(each.stage for each in asked)["various"] in (3, 5)
    assert len(set(keys(asked))) == len(asked)
