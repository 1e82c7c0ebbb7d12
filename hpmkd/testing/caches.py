"""What a cache must do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hpmkd.contracts import BatchCache, Cache

#: A thread that is not done by then hangs. Nothing waits that long otherwise.
HANGS_AFTER = 30.0
#: What is counted of each look-up.
ASKED = ("hits", "misses")


class Counted:
    """A computation that counts how often it runs."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self.calls = 0

    def __call__(self) -> NDArray[Any]:
        """Return a copy of the array."""
        self.calls += 1
        return self.array.copy(order="K")


class Slow(Counted):
    """A computation that runs until it is released; it returns at once when it runs again."""

    def __init__(self, array: NDArray[Any], fails_first: bool = False) -> None:
        super().__init__(array)
        self.started, self.let_go = threading.Event(), threading.Event()
        self._fails_first = fails_first

    def __call__(self) -> NDArray[Any]:
        """Return a copy of the array once it may, or fail."""
        array = super().__call__()
        first = self.calls == 1
        self.started.set()
        assert self.let_go.wait(HANGS_AFTER)
        if first and self._fails_first:
            raise OSError("the disk is full")
        return array


def together(n: int, call: Callable[[], Any]) -> tuple[list[threading.Thread], list[Any]]:
    """Start `n` threads that make the same call; results and errors are collected."""
    outcomes: list[Any] = []

    def caught() -> None:
        try:
            outcomes.append(call())
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=caught, daemon=True) for _ in range(n)]
    for thread in threads:
        thread.start()
    return threads, outcomes


def await_start(compute: Slow, threads: list[threading.Thread], outcomes: list[Any]) -> None:
    """Wait until a computation runs; fail if all callers returned without it."""
    while not compute.started.wait(0.01):
        assert any(thread.is_alive() for thread in threads), f"no call computed: {outcomes}"


def join(threads: list[threading.Thread]) -> None:
    """Wait for threads; fail if one hangs."""
    for thread in threads:
        thread.join(HANGS_AFTER)
    assert not any(thread.is_alive() for thread in threads), "a caller hangs"


class CacheSuite:
    """Inherit and supply ``cache``; ``bounded`` if it has a budget, ``regions`` if few names."""

    @pytest.fixture
    def cache(self) -> Cache:
        """Return the cache under test, empty, with room for at least 1 MB."""
        raise NotImplementedError("supply a fixture `cache` that returns your cache")

    @pytest.fixture
    def bounded(self) -> Cache | None:
        """Return an empty cache with room for less than 40,000 bytes; None if it has no bound."""
        return None

    @pytest.fixture
    def regions(self) -> Sequence[str]:
        """Return two or more names of regions; any names, where the cache takes any."""
        return ("a", "ab", "")

    @pytest.fixture
    def region(self, regions: Sequence[str]) -> str:
        """Return one of the regions."""
        return regions[0]

    def test_fulfils_the_protocol(self, cache: Cache) -> None:
        """It has the methods of a cache."""
        assert isinstance(cache, Cache)

    @pytest.mark.parametrize(
        "array",
        [
            np.arange(12.0).reshape(3, 4),
            np.arange(12, dtype=np.float32).reshape(2, 3, 2),
            np.asfortranarray(np.arange(12).reshape(3, 4)),
            np.array([True, False]),
            np.empty((0, 3)),
            np.array([[np.nan, np.inf]]),
        ],
        ids=["float64", "float32", "fortran", "bool", "empty", "nan"],
    )
    def test_computes_once_and_stores_the_result(
        self, cache: Cache, array: NDArray[Any], region: str
    ) -> None:
        """The first call computes, every call returns an equal array of the same dtype."""
        compute = Counted(array)
        for _ in range(3):
            found = cache.get_or_compute(region, "key", compute)
            np.testing.assert_array_equal(found, array)
            assert found.dtype == array.dtype
            assert found.shape == array.shape
        assert compute.calls == 1

    def test_entries_are_read_only(self, cache: Cache, region: str) -> None:
        """Both when computed and when found; so no caller can spoil an entry."""
        for _ in range(2):
            found = cache.get_or_compute(region, "key", Counted(np.zeros(5)))
            assert not found.flags.writeable

    def test_keys_and_regions_tell_entries_apart(
        self, cache: Cache, regions: Sequence[str]
    ) -> None:
        """One key in two regions is two entries; so are two keys in one region."""
        places = list(product(regions, ("bc", "c", "abc", "c/é\n", "../c", "C")))
        for number, (region, key) in enumerate(places):
            cache.get_or_compute(region, key, Counted(np.full(3, number)))
        for number, (region, key) in enumerate(places):
            again = Counted(np.full(3, -1))
            assert cache.get_or_compute(region, key, again)[0] == number
            assert again.calls == 0

    def test_concurrent_calls_compute_once(self, cache: Cache, region: str) -> None:
        """Eight threads with one key: one computes, the others wait for it."""
        compute = Slow(np.arange(5.0))
        threads, found = together(8, lambda: cache.get_or_compute(region, "key", compute))
        await_start(compute, threads, found)
        time.sleep(0.05)  # lets a wrong cache be wrong; a right one passes at any speed
        compute.let_go.set()
        join(threads)
        assert compute.calls == 1
        assert len(found) == 8
        for each in found:
            np.testing.assert_array_equal(each, np.arange(5.0))
            assert not each.flags.writeable
        stats = cache.stats()
        assert stats["misses"] == 1
        assert stats["hits"] == 7

    def test_an_exception_passes_and_is_not_stored(self, cache: Cache, region: str) -> None:
        """The caller receives it; the next call tries again."""

        def fail() -> NDArray[Any]:
            raise OSError("the disk is full")

        for _ in range(2):
            with pytest.raises(OSError, match="the disk is full"):
                cache.get_or_compute(region, "key", fail)
        compute = Counted(np.ones(3))
        assert cache.get_or_compute(region, "key", compute)[0] == 1
        assert compute.calls == 1

    def test_waiting_callers_survive_a_failure(self, cache: Cache, region: str) -> None:
        """Callers that wait for a computation that fails try themselves, or receive its error."""
        compute = Slow(np.arange(5.0), fails_first=True)
        threads, outcomes = together(4, lambda: cache.get_or_compute(region, "key", compute))
        await_start(compute, threads, outcomes)
        compute.let_go.set()
        join(threads)
        assert len(outcomes) == 4
        assert any(isinstance(outcome, OSError) for outcome in outcomes)
        for outcome in outcomes:
            assert isinstance(outcome, OSError | np.ndarray), outcome
        np.testing.assert_array_equal(
            cache.get_or_compute(region, "key", Counted(np.arange(5.0))), np.arange(5.0)
        )

    def test_too_large_an_entry_is_returned_but_not_stored(
        self, bounded: Cache | None, region: str
    ) -> None:
        """An entry beyond the budget is an answer all the same."""
        if bounded is None:
            pytest.skip("this cache has no budget: the fixture `bounded` is None")
        large = Counted(np.arange(10_000.0))
        for calls in (1, 2):
            found = bounded.get_or_compute(region, "large", large)
            np.testing.assert_array_equal(found, large.array)
            assert not found.flags.writeable
            assert large.calls == calls
        assert bounded.stats()["bytes"] < 40_000

    def test_old_entries_make_room(self, bounded: Cache | None, region: str) -> None:
        """Beyond the budget, entries are evicted and counted; answers stay right."""
        if bounded is None:
            pytest.skip("this cache has no budget: the fixture `bounded` is None")
        for number in range(60):
            found = bounded.get_or_compute(region, str(number), Counted(np.full(100, number)))
            assert found[0] == number
        assert bounded.stats()["bytes"] < 40_000
        assert bounded.stats()["evictions"] > 0

    def test_stats_count(self, cache: Cache, region: str) -> None:
        """Hits, misses, bytes and evictions are integers and count what happened."""
        assert {name: cache.stats()[name] for name in ("hits", "misses", "evictions")} == {
            "hits": 0,
            "misses": 0,
            "evictions": 0,
        }
        for key in ("a", "b", "a", "a"):
            cache.get_or_compute(region, key, Counted(np.zeros(100)))
        stats = cache.stats()
        assert set(stats) >= {"hits", "misses", "bytes", "evictions"}
        assert all(isinstance(count, int) for count in stats.values())
        assert (stats["hits"], stats["misses"], stats["evictions"]) == (2, 2, 0)
        assert stats["bytes"] >= 2 * 800

    def test_regions_add_up(self, cache: Cache, regions: Sequence[str]) -> None:
        """Counts by region are optional; those that are reported are right."""
        for key in ("a", "b", "a"):
            cache.get_or_compute(regions[0], key, Counted(np.zeros(100)))
        cache.get_or_compute(regions[1], "a", Counted(np.zeros(100)))
        stats = cache.stats()
        if f"{regions[0]}_hits" not in stats:
            pytest.skip("this cache tells nothing by region")
        told = {name: [stats[f"{region}_{name}"] for region in regions[:2]] for name in ASKED}
        assert told == {"hits": [1, 0], "misses": [2, 1]}
        for region in regions[:2]:
            assert 0 <= stats.get(f"{region}_disk_hits", 0) <= stats[f"{region}_hits"]

    def test_a_batch_finds_what_was_kept(self, cache: Cache, region: str) -> None:
        """In the order of the keys, None for a missing one, however an entry was kept."""
        batches = with_batches(cache)
        computed = np.arange(12.0).reshape(3, 4)
        put = np.asfortranarray(np.arange(12).reshape(3, 4))
        cache.get_or_compute(region, "computed", Counted(computed))
        entry = batches.put(region, "put", put.copy(order="K"))
        found = batches.get_many(region, ["missing", "put", "computed"])
        assert found[0] is None
        for array, expected in ((entry, put), (found[1], put), (found[2], computed)):
            assert array is not None
            assert array.dtype == expected.dtype
            assert not array.flags.writeable
            np.testing.assert_array_equal(array, expected)
        again = Counted(np.zeros(1))
        np.testing.assert_array_equal(cache.get_or_compute(region, "put", again), put)
        assert again.calls == 0

    def test_a_batch_counts_each_key_once(self, cache: Cache, region: str) -> None:
        """A look-up is one hit or one miss; what is put after a miss is no second one."""
        batches = with_batches(cache)
        keys = ["a", "b", "c"]
        for _ in range(2):
            for key, found in zip(keys, batches.get_many(region, keys), strict=True):
                if found is None:
                    batches.put(region, key, np.zeros(100))
        stats = cache.stats()
        assert (stats["hits"], stats["misses"], stats["evictions"]) == (3, 3, 0)
        assert stats["bytes"] >= 3 * 800

    def test_a_batch_keeps_to_the_budget(self, bounded: Cache | None, region: str) -> None:
        """What is put takes room as what is computed; too large an entry is not kept."""
        if bounded is None:
            pytest.skip("this cache has no budget: the fixture `bounded` is None")
        batches = with_batches(bounded)
        large = np.arange(10_000.0)
        np.testing.assert_array_equal(batches.put(region, "large", large), large)
        assert batches.get_many(region, ["large"])[0] is None
        for number in range(60):
            batches.put(region, str(number), np.full(100, number))
        stats = bounded.stats()
        assert stats["bytes"] < 40_000
        assert stats["evictions"] > 0


def with_batches(cache: Cache) -> BatchCache:
    """Return the cache if it takes batches, which is optional."""
    if not isinstance(cache, BatchCache):
        pytest.skip("this cache has no get_many and put")
    return cache
