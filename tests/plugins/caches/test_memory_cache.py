"""The cache in memory."""

import threading

import numpy as np
import pytest

from hpmkd.testing import CacheSuite
from hpmkd_defaults.caches.memory import MemoryCache

HANGS_AFTER = 30.0


class TestMemoryCacheConforms(CacheSuite):
    @pytest.fixture
    def cache(self):
        return MemoryCache()

    @pytest.fixture
    def bounded(self):
        return MemoryCache(max_bytes=30_000)


def put(cache, key, n_bytes=100):
    return cache.get_or_compute("region", key, lambda: np.zeros(n_bytes, dtype=np.uint8))


def told(cache):
    """What it tells of all regions together."""
    return {name: count for name, count in cache.stats().items() if "_" not in name}


def holds(cache, key):
    """Whether the key is kept; the question itself is a use of the entry."""
    computed = []

    def compute():
        computed.append(key)
        return np.zeros(0)

    cache.get_or_compute("region", key, compute)
    return not computed


def test_the_least_recently_used_goes_first():
    cache = MemoryCache(max_bytes=250)
    put(cache, "a")
    put(cache, "b")
    put(cache, "a")
    put(cache, "c")  # 300 bytes: b was used longest ago
    assert holds(cache, "a")
    assert holds(cache, "c")
    assert not holds(cache, "b")
    assert cache.stats()["evictions"] == 1


def test_a_large_entry_pushes_several_out():
    cache = MemoryCache(max_bytes=350)
    for key in "abc":
        put(cache, key)
    put(cache, "d", n_bytes=300)
    assert told(cache) == {"hits": 0, "misses": 4, "bytes": 300, "evictions": 3}


def test_without_a_budget_everything_is_computed():
    cache = MemoryCache(max_bytes=0)
    assert len(put(cache, "a")) == len(put(cache, "a")) == 100
    assert told(cache) == {"hits": 0, "misses": 2, "bytes": 0, "evictions": 0}


def test_hits_and_misses_are_told_by_region():
    cache = MemoryCache()
    for region in ("teacher", "teacher", "feature"):
        cache.get_or_compute(region, "key", lambda: np.zeros(3))
    cache.get_many("teacher", ["key", "other"])
    found = {name: count for name, count in cache.stats().items() if "_" in name}
    assert found == {
        "teacher_hits": 2, "teacher_misses": 2, "feature_hits": 0, "feature_misses": 1,
    }  # fmt: skip


def test_a_slice_does_not_keep_the_whole_alive():
    whole = np.zeros((1000, 1000))
    stored = MemoryCache().get_or_compute("region", "key", lambda: whole[:2])
    assert not np.shares_memory(stored, whole)


def test_the_computed_array_stays_writeable():
    """Only what the cache hands out is closed for writing."""
    own = np.zeros(3)
    stored = MemoryCache().get_or_compute("region", "key", lambda: own)
    assert own.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        stored[0] = 1.0


def test_other_keys_are_served_while_one_computes():
    cache = MemoryCache()
    started, let_go = threading.Event(), threading.Event()

    def slow():
        started.set()
        assert let_go.wait(HANGS_AFTER)
        return np.ones(3)

    thread = threading.Thread(target=lambda: cache.get_or_compute("region", "slow", slow))
    thread.start()
    try:
        assert started.wait(HANGS_AFTER)
        # Would hang here, were the lock held while computing.
        assert len(put(cache, "other")) == 100
        assert cache.stats()["misses"] == 2
    finally:
        let_go.set()
        thread.join(HANGS_AFTER)
    assert holds(cache, "slow")


def test_waiting_for_an_entry_too_large_to_keep_ends():
    """Each waiting thread computes it for itself, since there is nothing to share."""
    cache = MemoryCache(max_bytes=10)
    barrier = threading.Barrier(4)
    found = []

    def ask():
        barrier.wait(HANGS_AFTER)
        found.append(put(cache, "large"))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_AFTER)
    assert [len(array) for array in found] == [100] * 4


def test_computing_may_use_the_cache():
    cache = MemoryCache()
    outer = cache.get_or_compute("region", "outer", lambda: put(cache, "inner") + 1)
    assert outer.sum() == 100
    assert cache.stats()["misses"] == 2


def test_regions_are_told_in_the_order_in_which_they_were_asked():
    cache = MemoryCache()
    asked = [*["teacher", "feature", "attention", "other", "more"]]
    for region in (*asked, *reversed(asked)):
        cache.get_or_compute(region, "a", lambda: np.zeros(1))
    names = [*cache.stats()]
    for what in ("_hits", "_misses"):
        assert [each.removesuffix(what) for each in names if each.endswith(what)] == asked
