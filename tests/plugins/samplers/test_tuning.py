"""How many draws of which stages a staged search compares, and on which rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpmkd.testing.sampler_runs import space
from hpmkd_defaults.samplers.random_draws import shared_draws
from hpmkd_defaults.samplers.tuning import plan


def planned(given, **settings):
    usual = {"trials": 4, "more": 4, "tune_at": 0.5, "subset_rows": 10_000, "whole": ("plain",)}
    return plan(given, **{**usual, **settings})


def counts(tuning):
    return {name: len(own) for name, own in tuning.draws.items()}


def shares(tuning):
    return {name: {each.share for each in own} for name, own in tuning.draws.items()}


def test_few_rows_are_all_used():
    tuning = planned(replace(space(), n_rows=10_000))
    assert counts(tuning) == {"plain": 1, "various": 4, "branching": 4}
    assert shares(tuning) == {name: {1.0} for name in space().stages}
    assert [len(own) for own in tuning.further.values()] == [0, 4, 4]
    assert not tuning.on_subset("various")


@pytest.mark.parametrize(("n_rows", "share"), [(25_000, 0.4), (50_000, 0.2), (10**6, 0.2)])
def test_of_many_rows_a_part_is_used_but_for_the_stages_that_need_all(n_rows, share):
    tuning = planned(replace(space(), n_rows=n_rows))
    assert shares(tuning) == {"plain": {1.0}, "various": {share}, "branching": {share}}
    assert {each.share for each in tuning.further["various"]} == {share}
    assert tuning.on_subset("various")
    assert not tuning.on_subset("plain")


def test_a_part_is_not_used_where_it_saves_nothing():
    # Two draws on 0.6 of the rows and one in full cost more than two in full.
    tuning = planned(replace(space(), n_rows=16_667), trials=2)
    assert shares(tuning)["various"] == {1.0}


def alphas_of(tuning):
    return {each.alpha for draws in tuning.draws.values() for each in draws}


def test_draws_are_compared_at_one_softening():
    given = replace(space(), temperatures=(4.0, 1.5, 0.5), alphas=(0.0, 0.3, 0.9))
    own = [each for draws in planned(given).draws.values() for each in draws]
    assert {(each.temperature, each.alpha) for each in own} == {(1.5, 0.3)}
    assert alphas_of(planned(given, tune_at=1.0)) == {0.9}
    # Of two that are equally near the smaller alpha.
    assert alphas_of(planned(replace(given, alphas=(0.0, 0.25, 0.75)))) == {0.25}


def test_draws_are_compared_beside_the_rows_without_labels():
    tuning = planned(replace(space(), alphas=(0.0,), extra_weights=(0.0, 0.2, 0.5)))
    assert tuning.soft
    own = [each for draws in tuning.draws.values() for each in draws]
    assert {(each.alpha, each.extra_weight) for each in own} == {(0.0, 0.5)}


def test_without_soft_targets_there_is_alpha_0_at_temperature_1():
    tuning = planned(replace(space(), temperatures=(2.0,), alphas=(0.0,)))
    own = [each for draws in tuning.draws.values() for each in draws]
    assert {(each.temperature, each.alpha) for each in own} == {(1.0, 0.0)}
    assert not tuning.soft


def test_draws_are_those_that_all_samplers_share():
    tuning = planned(space(), trials=3, more=2)
    shared = shared_draws(space(), "various", 5)
    own = [*tuning.draws["various"], *tuning.further["various"]]
    assert [dict(each.hyperparameters) for each in own] == shared


def test_stages_take_turns():
    stages = [each.stage for each in planned(space(), trials=3).interleaved]
    assert stages[:5] == ["plain", "various", "branching", "various", "branching"]
    assert len(stages) == 7


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (2, {"plain": 1}),  # and its control
        (5, {"plain": 1, "various": 1}),
        (6, {"plain": 1, "various": 1, "branching": 1}),
        (9, {"plain": 1, "various": 2, "branching": 2}),
        (60, {"plain": 1, "various": 4, "branching": 4}),
    ],
)
def test_every_stage_is_owed_its_control(models, expected):
    assert counts(planned(replace(space(), models=models))) == expected
    assert counts(planned(replace(space(), models=3 * models, fits=3))) == expected


@given(
    models=st.integers(0, 60),
    fits=st.integers(1, 3),
    trials=st.integers(1, 6),
    n_rows=st.sampled_from([30, 12_000, 40_000, 10**6]),
    alphas=st.sampled_from([(0.0,), (0.0, 0.5), (0.0, 0.5, 1.0)]),
)
def test_what_every_stage_must_have_is_paid(models, fits, trials, n_rows, alphas):
    given = replace(space(), models=models, fits=fits, n_rows=n_rows, alphas=alphas)
    tuning = planned(given, trials=trials)
    draws = sum(counts(tuning).values())
    in_full = sum(map(tuning.on_subset, tuning.draws))
    controls = len(tuning.draws) * (max(alphas) > 0)
    least = fits * (1 + (max(alphas) > 0))
    assert draws >= 1
    assert fits * (draws + in_full + controls) <= max(models, least)
    assert all(0 < each.share <= 1 for each in tuning.interleaved)
    assert all(1 <= len(own) <= trials for own in tuning.draws.values())
