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
    usual = {"trials": 4, "more": 4, "subset_rows": 10_000, "whole": ("plain",)}
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


def test_draws_are_compared_on_hard_labels():
    given = replace(space(), temperatures=(4.0, 1.5), extra_weights=(0.0, 0.2, 0.5))
    tuning = planned(given)
    both = [*tuning.draws.values(), *tuning.further.values()]
    own = [each for draws in both for each in draws]
    assert {(each.temperature, each.alpha, each.extra_weight) for each in own} == {(1.0, 0.0, 0.0)}


def test_draws_are_those_that_all_samplers_share():
    tuning = planned(space(), trials=3, more=2)
    shared = shared_draws(space(), "various", 5)
    own = [*tuning.draws["various"], *tuning.further["various"]]
    assert [dict(each.hyperparameters) for each in own] == shared


def test_stages_take_turns():
    stages = [[each.stage for each in own] for own in planned(space(), trials=3).rounds()]
    assert stages == [["plain", "various", "branching"], *[["various", "branching"]] * 2]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (0, {"plain": 1}),
        (1, {"plain": 1}),
        (2, {"plain": 1, "various": 1}),
        (3, {"plain": 1, "various": 1, "branching": 1}),
        (6, {"plain": 1, "various": 2, "branching": 2}),
        (60, {"plain": 1, "various": 4, "branching": 4}),
    ],
)
def test_every_stage_is_owed_a_draw(models, expected):
    assert counts(planned(replace(space(), models=models))) == expected
    assert counts(planned(replace(space(), models=3 * models, fits=3))) == expected


@given(
    models=st.integers(0, 60),
    fits=st.integers(1, 3),
    trials=st.integers(1, 6),
    n_rows=st.sampled_from([30, 12_000, 40_000, 10**6]),
)
def test_what_every_stage_must_have_is_paid(models, fits, trials, n_rows):
    given = replace(space(), models=models, fits=fits, n_rows=n_rows)
    tuning = planned(given, trials=trials)
    draws = sum(counts(tuning).values())
    in_full = sum(map(tuning.on_subset, tuning.draws))
    assert draws >= 1
    assert fits * (draws + in_full) <= max(models, fits)
    assert sum(map(len, tuning.rounds())) == draws
    assert all(0 < each.share <= 1 for own in tuning.rounds() for each in own)
    assert all(1 <= len(own) <= trials for own in tuning.draws.values())
