"""A stratified sample of a grid."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd_defaults.samplers.stratified import stratified


@given(
    sides=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    count=st.integers(0, 30),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None)
def test_levels_are_about_equally_frequent(sides, count, seed):
    points = list(product(*map(range, sides)))
    chosen = stratified(points, count, np.random.default_rng(seed))
    assert len(chosen) == len(set(chosen)) == min(count, len(points))
    for side, size in enumerate(sides):
        counts = Counter(points[at][side] for at in chosen)
        frequencies = [counts[level] for level in range(size)]
        assert max(frequencies) - min(frequencies) <= 1


@pytest.mark.parametrize("seed", range(30))
def test_eight_of_the_proposals_grid_have_every_level_twice(seed):
    """4 stages × 4 temperatures × 4 alphas."""
    points = list(product("abcd", (0.5, 1.0, 2.0, 3.0), (0.3, 0.5, 0.7, 0.9)))
    chosen = [points[at] for at in stratified(points, 8, np.random.default_rng(seed))]
    for side in zip(*chosen, strict=True):
        assert set(Counter(side).values()) == {2}
    # No two levels come together twice.
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert len({(each[one], each[two]) for each in chosen}) == 8


def test_what_is_equal_is_decided_by_chance():
    points = list(product(range(4), range(4)))
    drawn = {tuple(stratified(points, 4, np.random.default_rng(seed))) for seed in range(20)}
    assert len(drawn) > 5
    same = [stratified(points, 4, np.random.default_rng(7)) for _ in range(2)]
    assert same[0] == same[1]
