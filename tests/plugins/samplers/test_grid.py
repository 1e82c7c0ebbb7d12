"""The grid: every stage, temperature and alpha over shared draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

import hpmkd
from hpmkd.testing.sampler_runs import Branching, Plain, Various, search, space
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.grid import GridSampler
from hpmkd_defaults.samplers.random_draws import shared_draws
from hpmkd_defaults.stages.boosting import GBMStage, XGBoostStage
from hpmkd_defaults.stages.logistic import LogisticStage
from hpmkd_defaults.stages.tree import TreeStage


def two(seed=0):
    """Stages with a choice, two alphas above 0, two temperatures."""
    stages = {"branching": Branching(), "various": Various()}
    return SearchSpace(stages, (3.0, 1.0), (0.0, 1.0, 0.5), seed)


def real(alphas=(0.0, 0.3, 0.5, 0.7, 0.9), **more):
    stages = {
        "logistic": LogisticStage(),
        "tree": TreeStage(),
        "gbm": GBMStage(),
        "xgboost": XGBoostStage(),
    }
    return SearchSpace(stages, (0.5, 1.0, 2.0, 3.0), alphas, 0, **more)


@pytest.mark.parametrize("seed", range(5))
def test_the_recipe_asks_for_640(seed):
    settings = dict(hpmkd.Recipe.load("grid").sampler.settings)
    sampler = GridSampler(replace(real(), seed=seed), **settings)
    asked = search(sampler)
    assert sampler.total == len({each.key for each in asked}) == 640
    assert set(Counter(each.stage for each in asked).values()) == {160}
    assert set(Counter(each.temperature for each in asked).values()) == {160}
    assert Counter(each.alpha for each in asked) == dict.fromkeys((0.3, 0.5, 0.7, 0.9), 160)


def test_is_the_whole_product():
    asked = GridSampler(two(), trials=4).ask(1000)
    # Stages × draws × (hard labels once + two alphas × two temperatures).
    assert len(asked) == 2 * 4 * (1 + 2 * 2)
    assert len({each.key for each in asked}) == len(asked)


def test_order_is_draw_alpha_temperature_stage():
    asked = GridSampler(two(), trials=2).ask(1000)
    assert [each.stage for each in asked] == ["various", "branching"] * 10
    softening = [(0.5, 1.0), (0.5, 3.0), (1.0, 1.0), (1.0, 3.0), (0.0, 1.0)]
    assert [(each.alpha, each.temperature) for each in asked[::2]] == softening * 2
    assert [dict(each.hyperparameters) for each in asked[:10:2]] == [dict(Various.defaults)] * 5


def test_the_control_is_tuned_alike():
    asked = GridSampler(two(), trials=4).ask(1000)
    per_alpha = [
        {(each.stage, *each.hyperparameters.items()) for each in asked if each.alpha == alpha}
        for alpha in (0.0, 0.5, 1.0)
    ]
    assert per_alpha[0] == per_alpha[1] == per_alpha[2]


def test_hard_labels_can_be_left_to_the_control():
    asked = GridSampler(two(), trials=4, hard=False).ask(1000)
    assert {each.alpha for each in asked} == {0.5, 1.0}
    alone = GridSampler(replace(two(), alphas=(0.0,)), trials=4, hard=False).ask(1000)
    assert {each.alpha for each in alone} == {0.0}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batches_do_not_matter(size):
    assert search(GridSampler(two()), batch=size) == GridSampler(two()).ask(1000)


def test_a_stage_draws_alike_in_any_company():
    alone = GridSampler(replace(two(), stages={"various": Various()})).ask(1000)
    together = GridSampler(two()).ask(1000)
    assert [each for each in together if each.stage == "various"] == alone


def test_a_stage_with_fewer_points_has_fewer():
    asked = GridSampler(space(), trials=6).ask(1000)
    counts = Counter(each.stage for each in asked)
    assert (counts["plain"], counts["various"]) == (5, 6 * 5)


@pytest.mark.parametrize("models", [12, 64, 300])
def test_a_budget_cuts_all_stages_alike(models):
    asked = search(GridSampler(real(models=models), trials=10, hard=False))
    counts = Counter(each.stage for each in asked)
    assert len(asked) == models - 4  # a control of each stage is left
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len(counts) == 4


def test_what_is_remembered_replaces_draws():
    point = {"rate": 0.5, "share": 1.0, "rounds": 10, "leaves": 2, "growth": "wide"}
    given = replace(two(), remembered={"various": [point]})
    asked = [each for each in GridSampler(given, trials=3).ask(1000) if each.stage == "various"]
    assert [dict(each.hyperparameters) for each in asked[::5]] == shared_draws(given, "various", 3)
    assert dict(asked[0].hyperparameters) == point
    assert dict(asked[5].hyperparameters) == dict(Various.defaults)


def test_a_lone_point_is_asked_once():
    lone = SearchSpace({"plain": Plain()}, (1.0,), (0.0,), 0)
    assert len(GridSampler(lone, trials=50).ask(1000)) == 1
