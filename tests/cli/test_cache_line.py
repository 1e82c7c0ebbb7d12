"""The line about the cache at the end of a run."""

from hpmkd.cli.output.cache_line import cache_line

LESS = {"cache_hits": 3, "cache_misses": 1, "cache_bytes": 1_500_000, "cache_evictions": 0}


def test_a_cache_that_tells_less_has_its_totals():
    assert cache_line(LESS) == "Cache: 3 hits, 1 misses (75 %); 1.5 MB, 0 evictions"


def test_nothing_asked_has_no_rate():
    idle = LESS | {"cache_hits": 0, "cache_misses": 0}
    assert cache_line(idle) == "Cache: 0 hits, 0 misses; 1.5 MB, 0 evictions"


def test_regions_tell_disk_from_memory():
    regions = {
        "teacher": {"hits": 3, "misses": 0, "disk_hits": 2, "rate": 1.0},
        "feature": {"hits": 0, "misses": 1, "disk_hits": None, "rate": 0.0},
        "attention": {"hits": 0, "misses": 0, "disk_hits": 0, "rate": None},
    }
    assert cache_line(LESS | {"cache_regions": regions}) == (
        "Cache: 3 hits, 1 misses (75 %): teacher 3 of 3 (100 %, 2 from disk), "
        "feature 0 of 1 (0 %), attention not used; 1.5 MB, 0 evictions"
    )
