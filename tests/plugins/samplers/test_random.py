"""Random search."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hpmkd.testing.sampler_runs import Plain, models, search, space
from hpmkd.values import SearchSpace
from hpmkd_defaults.samplers.random import RandomSearch


def test_asks_for_so_many_of_everything():
    asked = RandomSearch(space(), trials=120).ask(1000)
    assert len({each.key for each in asked}) == len(asked) == 120
    counts = Counter(each.stage for each in asked)
    assert counts["plain"] == 5  # hard, or two alphas × two temperatures: all that there are
    assert min(counts["various"], counts["branching"]) > 20


@pytest.mark.parametrize("size", [1, 5, 16])
def test_batches_do_not_matter(size):
    whole = RandomSearch(space()).ask(1000)
    assert len(whole) == 32
    assert search(RandomSearch(space()), batch=size) == whole


def test_hard_labels_have_one_temperature():
    asked = RandomSearch(space(), trials=60).ask(1000)
    assert {each.temperature for each in asked if each.alpha == 0} == {1.0}


def test_a_small_space_is_exhausted():
    small = SearchSpace({"plain": Plain()}, (1.0, 3.0), (0.0, 0.5, 1.0), 0)
    sampler = RandomSearch(small, trials=50)
    assert sampler.total == 5
    assert len({each.key for each in sampler.ask(1000)}) == 5


def test_a_budget_leaves_the_controls():
    given = replace(space(), models=33, fits=3)
    asked = RandomSearch(given, trials=50).ask(1000)
    assert 33 // 3 - 3 <= len(asked) < 33 // 3
    assert models(asked, fits=3) <= 33


def test_a_longer_search_begins_as_a_shorter_one():
    assert RandomSearch(space(), trials=40).ask(15) == RandomSearch(space(), trials=15).ask(1000)
