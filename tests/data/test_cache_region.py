from __future__ import annotations

import numpy as np
import pytest

from hpmkd.data import cache_region
from hpmkd.data.cache_region import NO_CACHE, CacheRegion, plain


@pytest.fixture
def region(dict_cache):
    return CacheRegion(dict_cache, "feature")


def test_content_decides_which_entry_it_is(region, dict_cache):
    contents = [("a",), ("a", 1), (np.zeros(2),), (np.zeros(2, dtype=np.float32),)]
    for number, content in enumerate(contents):
        region.get(lambda number=number: np.array([number]), *content)
    for number, content in enumerate(contents):
        assert region.get(lambda: np.array([-1]), *content).tolist() == [number]
    assert {name for name, _ in dict_cache.entries} == {"feature"}


def test_another_version_of_a_library_is_another_entry(region, monkeypatch):
    region.get(lambda: np.zeros(1), "a")
    monkeypatch.setattr(cache_region, "libraries", lambda: "numpy 99")
    assert region.get(lambda: np.ones(1), "a")[0] == 1


def test_plain_values_come_back_as_they_were(region):
    values = {"weights": [0.1, 1 / 3], "text": "ü", "none": None, "nested": {"b": 1, "a": True}}
    for each in (region, NO_CACHE):
        for _ in range(2):
            assert plain(each, lambda: values, "summary") == values
            assert list(plain(each, lambda: values, "summary")) == list(values)
    calls = []
    plain(region, lambda: calls.append(1), "summary")
    assert calls == []


def test_without_a_cache_all_is_computed_and_closed():
    for number in range(2):
        found = NO_CACHE.get(lambda number=number: np.array([number]), "a")
        assert found.tolist() == [number]
        assert not found.flags.writeable
