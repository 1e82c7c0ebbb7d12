"""Draws of hyperparameters, and what is known before any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpmkd.testing.sampler_runs import Branching, Plain, Various, check_in_space
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.random_draws import (
    by_complexity,
    distinct,
    known_points,
    named_seed,
    shared_draws,
)


class Portfolio(Various):
    portfolio = (
        {**Various.defaults, "rate": 0.02},
        {**Various.defaults, "leaves": 64},
    )


def space_of(stage, seed=0, **more):
    return SearchSpace({"it": stage}, (1.0,), (0.0,), seed, **more)


def test_types_are_plain():
    for drawn in shared_draws(space_of(Various()), "it", 8):
        kinds = {name: type(value) for name, value in drawn.items()}
        assert kinds == {"rate": float, "share": float, "rounds": int, "leaves": int, "growth": str}


@pytest.mark.parametrize("stage", [Plain(), Various(), Branching()])
def test_draws_are_of_the_space(stage):
    for drawn in shared_draws(space_of(stage), "it", 20):
        check_in_space(stage, drawn)


def test_the_portfolio_is_tried_after_the_defaults():
    known = [dict(Portfolio.defaults), *Portfolio.portfolio]
    for trials in (1, 2, 3):
        assert shared_draws(space_of(Portfolio()), "it", trials) == known[:trials]
    drawn = shared_draws(space_of(Portfolio()), "it", 6)
    assert drawn[:3] == known
    # What is drawn is what would be drawn without a portfolio, only fewer of it.
    assert drawn[3:] == shared_draws(space_of(Various()), "it", 4)[1:]


def test_the_best_that_is_remembered_comes_first_and_the_defaults_right_after():
    memory = [{**Various.defaults, "rounds": 20}, dict(Portfolio.portfolio[1])]
    given = space_of(Portfolio(), remembered={"it": memory})
    defaults = dict(Various.defaults)
    assert known_points(given, "it") == [memory[0], defaults, memory[1], Portfolio.portfolio[0]]
    assert shared_draws(given, "it", 1) == memory[:1]
    # Two suggestions do not push the defaults out of two draws.
    assert shared_draws(given, "it", 2) == [memory[0], defaults]


def test_each_point_is_there_once():
    assert distinct([{"a": 1}, {"a": 2}, {"a": 1}]) == [{"a": 1}, {"a": 2}]
    drawn = shared_draws(space_of(Various()), "it", 40)
    assert len(drawn) == 40 == len({tuple(each.items()) for each in drawn})


class Switch(Branching):
    """Two points in all."""

    def space(self, trial):
        return {"pruned": trial.suggest_categorical("pruned", [False, True])}


@pytest.mark.parametrize("trials", [2, 5])
@pytest.mark.parametrize("seed", range(10))
def test_a_small_space_is_drawn_to_its_end(seed, trials):
    assert shared_draws(space_of(Switch(), seed), "it", trials) == [
        {"pruned": False},
        {"pruned": True},
    ]


def test_more_draws_begin_with_the_same():
    given = space_of(Various())
    assert shared_draws(given, "it", 9)[:4] == shared_draws(given, "it", 4)


def test_another_seed_draws_others():
    one, two = (shared_draws(space_of(Various(), seed), "it", 4) for seed in (0, 1))
    assert one[0] == two[0] == dict(Various.defaults)
    assert one[1:] != two[1:]


def test_covers_the_range():
    drawn = [each["rounds"] for each in shared_draws(space_of(Various()), "it", 100)]
    assert set(drawn) == set(range(10, 101, 10))


def test_a_seed_of_ones_own_for_every_name():
    seeds = {named_seed(seed, name) for seed in range(20) for name in ("a", "b", "c")}
    assert len(seeds) == 60
    assert named_seed(3, "a") == named_seed(3, "a")
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_stages_go_from_simple_to_complex():
    stages = {"z": Plain(), "b": Branching(), "a": Plain(), "v": Various()}
    assert by_complexity(replace(space_of(Plain()), stages=stages)) == ["a", "z", "v", "b"]
