"""The staged search: hyperparameters on hard labels, then the teacher, then the temperature."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hpmkd.recipe.recipe import Recipe
from hpmkd.testing.sampler_runs import (
    Branching,
    Plain,
    Various,
    after_hard_labels,
    keys,
    models,
    search,
    some_loss,
    space,
)
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.staged import StagedSampler
from hpmkd_defaults.stages.boosting import GBMStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.network import NetworkStage
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


def both(given, outcome=ranked, **settings):
    """Return what is asked for on hard labels, and then beside a teacher."""

    def factory(space):
        return StagedSampler(space, **settings)

    beside = after_hard_labels(factory, given, outcome)
    hard = search(factory(replace(given, alphas=(0.0,), extra_weights=(0.0,))), outcome)
    return hard, search(factory(beside), outcome)


def test_hyperparameters_are_compared_on_hard_labels_round_by_round():
    asked, _ = both(space(), trials=3, more=2)
    assert {(each.alpha, each.temperature, each.share) for each in asked} == {(0.0, 1.0, 1.0)}
    assert [each.stage for each in asked] == [
        *["plain", "various", "branching"],
        *["various", "branching"] * 2,
        *["various"] * 2,  # the leader's further draws
    ]


def test_each_stages_best_learns_from_the_teacher_the_leader_first():
    hard, asked = both(space(), trials=3, more=2, distilled=1)
    assert rounds(asked) == [
        ("various", 0.5, 1.0, 1.0),
        ("various", 1.0, 1.0, 1.0),
        ("branching", 0.5, 1.0, 1.0),
        ("branching", 1.0, 1.0, 1.0),
        ("plain", 0.5, 1.0, 1.0),
        ("plain", 1.0, 1.0, 1.0),
        ("various", 0.5, 3.0, 1.0),  # the leader's other temperatures
    ]
    for stage in ORDER:
        best = [each for each in hard if each.stage == stage][-1]  # the last draw is the best
        own = [each.hyperparameters for each in asked if each.stage == stage]
        assert own == [best.hyperparameters] * len(own)


def test_rows_without_labels_are_used_at_every_weight_with_and_without_soft_targets():
    _, asked = both(space(alphas=(0.0, 0.5), extra_weights=(0.0, 0.2, 0.5)), trials=1)
    ways = {(each.alpha, each.extra_weight) for each in asked if each.stage == "plain"}
    assert ways == {(0.0, 0.2), (0.0, 0.5), (0.5, 0.0), (0.5, 0.2), (0.5, 0.5)}
    # Nothing is softened at alpha 0.
    assert {each.temperature for each in asked if each.alpha == 0} == {1.0}


def test_the_next_best_hyperparameters_of_each_stage_follow_in_the_same_ways():
    hard, asked = both(space(), trials=3, more=2, distilled=2)
    assert [each.stage for each in asked[:6]] == [name for name in ORDER for _ in range(2)]
    further = asked[6:10]
    assert rounds(further) == [
        (stage, alpha, 1.0, 1.0) for stage in ("various", "branching") for alpha in (0.5, 1.0)
    ]
    for stage, own in (("various", further[:2]), ("branching", further[2:])):
        best_first = [each.hyperparameters for each in hard if each.stage == stage][::-1]
        assert [each.hyperparameters for each in own] == [best_first[1]] * 2
    assert rounds(asked[10:]) == [("various", 0.5, 3.0, 1.0)]


def test_of_many_rows_a_part_is_enough_to_choose_draws():
    given = replace(space(), n_rows=MANY)
    asked, soft = both(given, trials=4, more=2, whole=("plain",))
    assert [each.share for each in asked[:9]] == [1.0] + [0.2] * 8
    assert rounds(asked[9:]) == [
        ("various", 0.0, 1.0, 0.2),
        ("various", 0.0, 1.0, 0.2),
        ("various", 0.0, 1.0, 1.0),  # each stage's best draw in full
        ("branching", 0.0, 1.0, 1.0),
    ]
    assert asked[11].hyperparameters == asked[10].hyperparameters
    assert {each.share for each in soft} == {1.0}


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
    assert in_full == on_part[::-1][:3]


def test_a_control_that_wins_does_not_end_the_search_of_the_soft_ones():
    _, asked = both(space(), lambda number, each: 0.2 + each.alpha)
    assert {(each.alpha, each.temperature) for each in asked} == {
        (0.5, 1.0),
        (1.0, 1.0),
        (0.5, 3.0),
    }


def test_a_stage_that_fails_is_not_pursued():
    hard, soft = both(
        space(), lambda number, each: None if each.stage == "various" else ranked(number, each)
    )
    own = [each for each in hard if each.stage == "various"]
    assert len(own) == 4
    assert Counter(each.stage for each in hard)["branching"] > 4  # it leads now
    assert {each.stage for each in soft} == {"plain", "branching"}


def test_hyperparameters_that_were_dropped_on_the_way_do_not_learn_from_the_teacher():
    """What was clearly worse on the first folds has no result on all rows."""
    given = after_hard_labels(StagedSampler, space())
    worse = tuple(
        replace(trial, worse_by=0.1) if trial.configuration.stage == "various" else trial
        for trial in given.before
    )
    asked = search(StagedSampler(replace(given, before=worse)))
    assert {each.stage for each in asked} == {"plain", "branching"}


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
        "network": NetworkStage(),
    }
    weights = (0.0, 0.5)
    return SearchSpace(stages, (1.0,), (0.0,), 0, weights, **more)


def test_the_shipped_search_takes_few_trials():
    """Of 80 models: cross-validation in five folds takes five of them for each trial."""
    shipped = dict(Recipe.load("hpm").sampler.settings)
    trials, more, distilled = (shipped[each] for each in ("trials", "more", "distilled"))
    hard, soft = both(four(), some_loss, **shipped)
    assert len(hard) == trials * 4 + more
    assert len(soft) == distilled * 4
    for name, stage in four().stages.items():
        hard, soft = both(replace(four(), stages={name: stage}), some_loss, **shipped)
        assert len(hard) <= trials + more
        assert len(soft) == distilled


@pytest.mark.parametrize("fits", [1, 5])
@pytest.mark.parametrize("n_rows", [500, MANY])
@pytest.mark.parametrize("budget", [4, 5, 8, 14, 20, 28])
def test_all_stages_have_a_student_on_all_rows_at_any_budget(budget, n_rows, fits):
    given = four(models=budget * fits, fits=fits, n_rows=n_rows)
    asked = search(StagedSampler(given), fits=fits)
    for name in given.stages:
        assert any(each.stage == name and each.share == 1 for each in asked)
    assert models(asked, fits) <= budget * fits
    assert models(asked, fits) > 0.8 * min(budget, 18) * fits  # and it is used


def test_what_is_remembered_leads_every_stage_and_the_defaults_follow():
    remembered = {
        "various": [{**Various.defaults, "rounds": 90}, {**Various.defaults, "leaves": 3}],
        "branching": [{"pruned": True, "cost": 0.25}],
    }
    asked = search(StagedSampler(replace(space(), remembered=remembered), trials=2))
    assert [dict(each.hyperparameters) for each in asked[:5]] == [
        {},
        remembered["various"][0],
        remembered["branching"][0],
        dict(Various.defaults),
        dict(Branching.defaults),
    ]


def test_hard_labels_alone_are_searched_for_hyperparameters():
    lone = SearchSpace({"plain": Plain(), "various": Various()}, (1.0,), (0.0,), 0)
    asked = search(StagedSampler(lone, trials=3, more=2))
    assert {(each.alpha, each.temperature) for each in asked} == {(0.0, 1.0)}
    assert Counter(each.stage for each in asked)["various"] in (3, 5)
    assert len(set(keys(asked))) == len(asked)
