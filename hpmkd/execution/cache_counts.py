"""Requests and hits of a cache, by region: only those it reports, and no rate of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HITS, MISSES, DISK_HITS = "_hits", "_misses", "_disk_hits"


@dataclass(frozen=True)
class RegionCounts:
    """Of one region, or of all together.

    Parameters
    ----------
    hits : int
        Look-ups that were answered without computing.
    misses : int
        Look-ups that were computed.
    disk_hits : int or None
        How many of the hits were read from files; None if the cache does not report it.
    """

    hits: int
    misses: int
    disk_hits: int | None = None

    @property
    def rate(self) -> float | None:
        """The share of the look-ups that were hits; None if there was none."""
        requests = self.hits + self.misses
        return self.hits / requests if requests else None

    def to_mapping(self) -> dict[str, Any]:
        """Return what stands in ``counts.json``."""
        return {
            "hits": self.hits,
            "misses": self.misses,
            "disk_hits": self.disk_hits,
            "rate": None if self.rate is None else round(self.rate, 4),
        }


def by_region(stats: Mapping[str, int]) -> dict[str, RegionCounts]:
    """Return the counts of each region whose hits and misses a cache reports.

    Parameters
    ----------
    stats : mapping of str to int
        What ``Cache.stats`` returned, or the difference of two; regions are optional in it.
    """
    regions = [name.removesuffix(MISSES) for name in stats if name.endswith(MISSES)]
    return {
        region: RegionCounts(
            stats[region + HITS], stats[region + MISSES], stats.get(region + DISK_HITS)
        )
        for region in regions
        if region + HITS in stats
    }
