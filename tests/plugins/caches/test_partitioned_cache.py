"""The regions of the intelligent cache."""

from __future__ import annotations

import numpy as np
import pytest

from hpmkd.recipe.recipe import Recipe
from hpmkd.testing import CacheSuite
from hpmkd_defaults.caches.partitioned import IntelligentCache

REGIONS = ("teacher", "feature", "attention")


class TestInMemoryConforms(CacheSuite):
    @pytest.fixture
    def cache(self):
        return IntelligentCache()

    @pytest.fixture
    def bounded(self):
        return IntelligentCache(max_bytes=60_000)

    @pytest.fixture(params=REGIONS)
    def region(self, request):
        return request.param

    @pytest.fixture
    def regions(self):
        return REGIONS


class TestOnDiskConforms(CacheSuite):
    @pytest.fixture
    def cache(self, tmp_path):
        return IntelligentCache(disk=True, folder=str(tmp_path / "cache"))

    @pytest.fixture
    def bounded(self, tmp_path):
        # The disk has no more room than the memory: what is refused there is refused here.
        folder = str(tmp_path / "cache")
        return IntelligentCache(max_bytes=60_000, disk=True, folder=folder, max_disk_bytes=30_000)

    @pytest.fixture
    def regions(self):
        return REGIONS


def put(cache, region, key, n_bytes=100):
    return cache.get_or_compute(region, key, lambda: np.zeros(n_bytes, dtype=np.uint8))


@pytest.mark.parametrize(("region", "share"), [("teacher", 50), ("feature", 30), ("attention", 20)])
def test_each_region_has_its_share_of_the_budget(region, share):
    cache = IntelligentCache(max_bytes=1000)
    put(cache, region, "fits", 10 * share)
    assert cache.stats()["bytes"] == cache.stats()[f"{region}_bytes"] == 10 * share
    put(cache, region, "too large", 10 * share + 1)
    assert len(put(cache, region, "too large", 10 * share + 1)) == 10 * share + 1
    stats = cache.stats()
    assert (stats["bytes"], stats["misses"], stats["evictions"]) == (10 * share, 3, 0)


def test_a_flood_in_one_region_leaves_the_others_alone():
    cache = IntelligentCache(max_bytes=1000)
    put(cache, "teacher", "dear")
    put(cache, "attention", "dear")
    for key in range(50):
        put(cache, "feature", str(key))
    before = cache.stats()["hits"]
    put(cache, "teacher", "dear")
    put(cache, "attention", "dear")
    stats = cache.stats()
    assert stats["hits"] == before + 2
    assert (stats["feature_evictions"], stats["evictions"]) == (47, 47)
    assert stats["bytes"] == 100 + 300 + 100


def test_the_least_recently_used_of_a_region_goes_first():
    cache = IntelligentCache(max_bytes=500)
    for key in "abac":  # 300 bytes beyond 250: b was used longest ago
        put(cache, "teacher", key)
    misses = cache.stats()["misses"]
    put(cache, "teacher", "a")
    put(cache, "teacher", "c")
    assert cache.stats()["misses"] == misses
    put(cache, "teacher", "b")
    assert cache.stats()["misses"] == misses + 1


@pytest.mark.parametrize("region", ["", "Teacher", "teacher ", "features"])
def test_an_unknown_region_is_told_those_that_exist(region):
    with pytest.raises(ValueError, match=r"no region .*Known: teacher, feature, attention"):
        put(IntelligentCache(), region, "key")


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_in_memory_is_kept(order, tmp_path):
    """It decides the last bits of sums over the array."""
    array = np.asarray(np.arange(12.0).reshape(3, 4), order=order)
    for _ in range(2):
        cache = IntelligentCache(disk=True, folder=str(tmp_path))
        found = cache.get_or_compute("teacher", "key", lambda: array)
        assert found.flags.c_contiguous == (order == "C")
    assert cache.stats()["disk_hits"] == 1


def files(place):
    return sorted(path.parent.name for path in place.rglob("*") if path.is_file())


def test_every_region_may_be_written(tmp_path):
    every = {"folder": str(tmp_path), "disk_regions": [*REGIONS]}
    cache = IntelligentCache(**every)
    for region in REGIONS:
        put(cache, region, "key")
    assert files(tmp_path) == sorted(REGIONS)
    again = IntelligentCache(**every)
    put(again, "feature", "key")
    put(again, "attention", "key")
    stats = again.stats()
    assert (stats["hits"], stats["misses"], stats["disk_hits"]) == (2, 0, 2)
    each = [stats[f"{region}_disk_hits"] for region in REGIONS]
    assert each == [stats[f"{region}_hits"] for region in REGIONS] == [0, 1, 1]


def test_a_batch_is_found_on_the_disk(tmp_path):
    cache = IntelligentCache(disk=True, folder=str(tmp_path))
    assert cache.get_many("teacher", ["a", "b"]) == [None, None]
    for key in "ab":
        cache.put("teacher", key, np.full(3, ord(key)))
    again = IntelligentCache(disk=True, folder=str(tmp_path))
    for _ in range(2):
        a, c, b = again.get_many("teacher", ["a", "c", "b"])
        assert (a[0], c, b[0]) == (ord("a"), None, ord("b"))
        assert not a.flags.writeable
    stats = again.stats()
    assert (stats["hits"], stats["misses"], stats["disk_hits"]) == (4, 2, 2)
    assert not again.put("teacher", "c", np.zeros(3)).flags.writeable
    assert files(tmp_path) == ["teacher"] * 3


def test_only_what_teachers_predict_is_written_by_default(tmp_path):
    """Features are the user's rows, and a fuser has seen their labels."""
    cache = IntelligentCache(folder=str(tmp_path))
    for region in REGIONS:
        put(cache, region, "key")
    assert files(tmp_path) == ["teacher"]


def test_an_unknown_region_on_disk_is_told_those_that_exist():
    with pytest.raises(ValueError, match=r"'features'.*Known: teacher, feature, attention"):
        IntelligentCache(disk_regions=["features"])


@pytest.mark.parametrize(("disk", "written"), [(None, True), (True, True), (False, False)])
def test_a_folder_asks_for_the_disk_unless_it_is_refused(tmp_path, disk, written):
    cache = IntelligentCache(folder=str(tmp_path), disk=disk)
    put(cache, "teacher", "key")
    assert bool(files(tmp_path)) == written


def test_nothing_is_written_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path)
    put(IntelligentCache(), "teacher", "key")
    assert list(tmp_path.iterdir()) == []
    put(IntelligentCache(disk=True), "teacher", "key")
    assert files(tmp_path) == ["teacher"]


@pytest.mark.parametrize("recipe", ["hpm", "proposal", "grid"])
def test_it_is_the_default_and_keeps_half_a_gigabyte_on_disk(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path)
    chosen = Recipe.load(recipe).cache
    assert chosen.name == "partitioned"
    cache = IntelligentCache(**chosen.settings)
    put(cache, "teacher", "key")
    assert files(tmp_path) == ["teacher"]
    assert cache._disks["teacher"]._max_bytes == 500_000_000
    alone = Recipe.load(recipe).override({"cache": "memory"}).cache
    assert (alone.name, dict(alone.settings)) == ("memory", {})
