"""The counts of the cache, by region."""

from hpmkd.execution.cache_counts import by_region
from hpmkd.execution.counters import Counts


def test_a_region_is_where_hits_and_misses_are_told():
    stats = {"hits": 3, "misses": 5, "disk_hits": 2, "bytes": 7, "a_hits": 3, "a_misses": 5}
    stats |= {"b_misses": 1, "c_hits": 1, "a_disk_hits": 2, "a_bytes": 7}
    assert {name: each.to_mapping() for name, each in by_region(stats).items()} == {
        "a": {"hits": 3, "misses": 5, "disk_hits": 2, "rate": 0.375}
    }


def test_what_was_not_asked_has_no_rate_and_what_is_not_told_is_unknown():
    (region,) = by_region({"a_hits": 0, "a_misses": 0}).values()
    assert region.to_mapping() == {"hits": 0, "misses": 0, "disk_hits": None, "rate": None}


def test_a_cache_that_tells_less_has_no_regions():
    counts = Counts()
    counts.count_cache({}, {"hits": 1, "misses": 3, "bytes": 10, "evictions": 0})
    told = counts.to_mapping()
    assert (told["cache_rate"], told["cache_regions"]) == (0.25, {})


def test_regions_are_of_the_run_not_of_the_cache():
    counts = Counts()
    before = {"hits": 9, "misses": 1, "a_hits": 9, "a_misses": 1}
    counts.count_cache(before, {"hits": 10, "misses": 2, "a_hits": 10, "a_misses": 2})
    assert counts.to_mapping()["cache_regions"]["a"]["rate"] == 0.5


def test_without_a_question_the_run_has_no_rate():
    assert Counts().to_mapping()["cache_rate"] is None
