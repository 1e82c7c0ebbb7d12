"""A right cache and wrong ones, each with the test that must catch it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from hpmkd.testing import CacheSuite


class SimpleCache:
    """One lock, one dictionary, first in first out."""

    def __init__(self, budget=2**20):
        self.budget = budget
        self.entries = {}
        self.lock = threading.RLock()
        self.counts = dict.fromkeys(("hits", "misses", "evictions"), 0)

    def get_or_compute(self, region, key, compute):
        with self.lock:
            if self.place(region, key) in self.entries:
                self.counts["hits"] += 1
                return self.entries[self.place(region, key)]
            self.counts["misses"] += 1
            array = self.closed(compute())
            if array.nbytes <= self.budget:
                self.keep(self.place(region, key), array)
            return array

    def place(self, region, key):
        return region, key

    def closed(self, array):
        array.flags.writeable = False
        return array

    def keep(self, place, array):
        while self.entries and self.held() + array.nbytes > self.budget:
            self.entries.pop(next(iter(self.entries)))
            self.counts["evictions"] += 1
        self.entries[place] = array

    def held(self):
        return sum(array.nbytes for array in self.entries.values())

    def stats(self):
        return {**self.counts, "bytes": self.held()}


class Suite(CacheSuite):
    component = SimpleCache

    @pytest.fixture
    def cache(self):
        return self.component()

    @pytest.fixture
    def bounded(self):
        return self.component(30_000)


class TestRight(Suite):
    pass


class TestRightWithoutBound(Suite):
    @pytest.fixture
    def bounded(self):
        return None


class Batches(SimpleCache):
    def get_many(self, region, keys):
        found = [self.entries.get(self.place(region, key)) for key in keys]
        self.count(found)
        return found

    def count(self, found):
        missing = sum(entry is None for entry in found)
        self.counts["misses"] += missing
        self.counts["hits"] += len(found) - missing

    def put(self, region, key, array):
        array = self.closed(array)
        if array.nbytes <= self.budget:
            self.keep(self.place(region, key), array)
        return array


class TestRightWithBatches(Suite):
    component = Batches


class Unordered(Batches):
    def get_many(self, region, keys):
        return sorted(super().get_many(region, keys), key=lambda entry: entry is None)


class TestLosesTheOrderOfABatch(Suite):
    component = Unordered
    caught_by = "test_a_batch_finds_what_was_kept"


class Uncounting(Batches):
    def count(self, found):
        pass


class TestCountsNoBatch(Suite):
    component = Uncounting
    caught_by = "test_a_batch_counts_each_key_once"


class Overfull(Batches):
    def put(self, region, key, array):
        self.entries[region, key] = self.closed(array)
        return array


class TestPutsBeyondTheBudget(Suite):
    component = Overfull
    caught_by = "test_a_batch_keeps_to_the_budget"


class TestNoCache(Suite):
    component = staticmethod(lambda budget=0: object())
    caught_by = "test_fulfils_the_protocol"


class Forgetful(SimpleCache):
    def keep(self, place, array):
        pass


class TestForgetful(Suite):
    component = Forgetful
    caught_by = "test_computes_once_and_keeps_what_was_computed"


class Single(SimpleCache):
    def closed(self, array):
        return super().closed(array.astype(np.float32))


class TestSinglePrecision(Suite):
    component = Single
    caught_by = "test_computes_once_and_keeps_what_was_computed"


class Open(SimpleCache):
    def closed(self, array):
        return array


class TestOpen(Suite):
    component = Open
    caught_by = "test_entries_are_read_only"


class Regionless(SimpleCache):
    def place(self, region, key):
        return key


class TestRegionless(Suite):
    component = Regionless
    caught_by = "test_keys_and_regions_tell_entries_apart"


class Joined(SimpleCache):
    def place(self, region, key):
        return region + key


class TestJoinsRegionAndKey(Suite):
    component = Joined
    caught_by = "test_keys_and_regions_tell_entries_apart"


class Hasty(SimpleCache):
    """Does not hold the lock while it computes."""

    def get_or_compute(self, region, key, compute):
        if (region, key) in self.entries:
            return super().get_or_compute(region, key, compute)
        array = compute()
        return super().get_or_compute(region, key, lambda: array)


class TestComputesTwice(Suite):
    component = Hasty
    caught_by = "test_concurrent_calls_compute_once"


class Grudge(SimpleCache):
    """Keeps what went wrong."""

    def get_or_compute(self, region, key, compute):
        failures = self.__dict__.setdefault("failures", {})
        if (region, key) in failures:
            raise failures[region, key]
        try:
            return super().get_or_compute(region, key, compute)
        except Exception as error:
            failures[region, key] = error
            raise


class TestBearsAGrudge(Suite):
    component = Grudge
    caught_by = "test_an_exception_passes_and_is_not_kept"


class Muffled(SimpleCache):
    def get_or_compute(self, region, key, compute):
        try:
            return super().get_or_compute(region, key, compute)
        except Exception:
            return np.empty(0)


class TestMuffled(Suite):
    component = Muffled
    caught_by = "test_nobody_waits_for_what_failed"


class Strict(SimpleCache):
    def keep(self, place, array):
        raise ValueError("value too large")

    def get_or_compute(self, region, key, compute):
        array = super().get_or_compute(region, key, compute)
        if array.nbytes > self.budget:
            raise ValueError("value too large")
        return array


class TestRefusesLargeEntries(Suite):
    component = Strict
    caught_by = "test_too_large_an_entry_is_returned_but_not_kept"


class Endless(SimpleCache):
    def keep(self, place, array):
        self.entries[place] = array


class TestNeverEvicts(Suite):
    component = Endless
    caught_by = "test_old_entries_make_room"


class Uncounted(SimpleCache):
    def stats(self):
        return {**super().stats(), "hits": 0}


class TestCountsNoHits(Suite):
    component = Uncounted
    caught_by = "test_stats_count"
