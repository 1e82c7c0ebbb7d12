"""Hits and misses of the cache, in one line at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpmkd.recipe.units import shown_size


def cache_line(counts: Mapping[str, Any]) -> str:
    """Return hits, misses and rate, also of each region that the cache reports, and its size.

    Parameters
    ----------
    counts : mapping
        As in ``counts.json``.
    """
    hits, misses = counts["cache_hits"], counts["cache_misses"]
    requests = hits + misses
    total = f"{hits} hits, {misses} misses" + (f" ({_percent(hits, requests)})" if requests else "")
    regions = ", ".join(
        f"{name} {_region(each)}" for name, each in counts.get("cache_regions", {}).items()
    )
    kept = f"{shown_size(counts['cache_bytes'])}, {counts['cache_evictions']} evictions"
    return f"Cache: {total}{regions and f': {regions}'}; {kept}"


def _region(counts: Mapping[str, Any]) -> str:
    requests = counts["hits"] + counts["misses"]
    if not requests:
        return "not used"
    from_disk = f", {counts['disk_hits']} from disk" if counts["disk_hits"] else ""
    return f"{counts['hits']} of {requests} ({_percent(counts['hits'], requests)}{from_disk})"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
