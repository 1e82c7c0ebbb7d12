"""Savings of the region ``feature``: rows encoded, and the same rows from memory and from disk."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.common.datasets import at_most
from benchmarks.common.pages import table
from hpmkd.contracts import Cache
from hpmkd.data.cache_region import CacheRegion
from hpmkd.data.encoding import Encoding
from hpmkd.data.make_dataset import make_dataset
from hpmkd_defaults.caches.partitioned import IntelligentCache

#: Sets, and how many of their rows are taken at most; adult has columns of text.
ENCODED = {"breast_cancer": 10_000, "digits": 10_000, "adult": 20_000}
REPEATS = 5
KINDS = ("tree", "linear")
HEADER = ("set", "rows × columns", "no cache", "first time", "from memory", "from disk")


def milliseconds(call: Callable[[], Any]) -> float:
    """Return the CPU time of one call."""
    start = time.thread_time()
    call()
    return 1e3 * (time.thread_time() - start)


def encode(table: Any, labels: Any, cache: Cache | None) -> Callable[[], None]:
    """Return what encodes the rows for trees and for linear models; their digest is not known."""
    dataset = make_dataset(table, labels)

    def both() -> None:
        encoding = Encoding(dataset, CacheRegion(cache, "feature"))
        for kind in KINDS:
            encoding.matrix(encoding.encoder(kind))

    return both


def one_round(rows: Any, labels: Any) -> Iterator[float]:
    """Yield the four times of HEADER."""
    with tempfile.TemporaryDirectory() as folder:

        def on_disk() -> IntelligentCache:
            return IntelligentCache(disk=True, folder=folder, disk_regions=("feature",))

        memory = IntelligentCache()
        encode(rows, labels, on_disk())()
        for cache in (None, memory, memory, on_disk()):
            yield milliseconds(encode(rows, labels, cache))


def encoding_table() -> str:
    """Return the medians as a table."""
    lines = []
    for name, most in ENCODED.items():
        rows, labels = at_most(name, most)
        rounds = [list(one_round(rows, labels)) for _ in range(REPEATS + 1)][1:]
        medians = [f"{statistics.median(times):.1f}" for times in zip(*rounds, strict=True)]
        lines.append((name, f"{len(labels):,} × {rows.shape[1]}", *medians))
    return table(HEADER, lines)
