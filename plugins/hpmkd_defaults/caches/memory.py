"""A cache in memory, bounded in bytes, that computes each entry once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache

from hpmkd_defaults.settings_types import Natural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

#: What an array may keep alive beyond its own bytes: the header of the file it was read from.
SLACK = 4096

#: Region and key of an entry.
Place = tuple[str, str]


class LRUStore:
    """Keeps arrays until `max_bytes` are full; the least recently used goes first.

    Safe to share between threads: of several that look up one missing key, one computes
    and the others wait; meanwhile other keys are served. If the computation fails, the
    error goes to the thread that computed, and a waiting thread tries for itself.

    Parameters
    ----------
    max_bytes : int
        Budget, >= 0. An array larger than all of it is returned but not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: Any = LRUCache(max_bytes, getsizeof=lambda array: array.nbytes)
        # One lock guards all fields below and is free while computing.
        self._lock = threading.Lock()
        self._computing: dict[Place, threading.Event] = {}
        self._hits: Counter[str] = Counter()  # by region, as the misses
        self._misses: Counter[str] = Counter()
        self._evictions = 0

    def get_or_compute(self, place: Place, compute: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return the read-only entry; `compute` is called at most once, in this thread."""
        while True:
            with self._lock:
                if place in self._entries:
                    self._hits[place[0]] += 1
                    return self._entries[place]  # type: ignore[no-any-return]
                finished = self._computing.get(place)
                if finished is None:
                    finished = self._computing[place] = threading.Event()
                    self._misses[place[0]] += 1
                    break
            # Another thread computes it. If it fails, or the result is too large to keep,
            # the next turn of the loop computes it here.
            finished.wait()
        try:
            return self.put(place, compute())
        finally:
            with self._lock:
                del self._computing[place]
            finished.set()

    def get_many(self, places: Sequence[Place]) -> list[NDArray[Any] | None]:
        """Return the read-only entries, None for each that is missing; nothing is claimed."""
        with self._lock:
            found = [self._entries.get(place) for place in places]
            for (region, _), entry in zip(places, found, strict=True):
                (self._misses if entry is None else self._hits)[region] += 1
        return found

    def put(self, place: Place, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array and return the read-only entry."""
        entry = read_only(array)
        with self._lock:
            self._keep(place, entry)
        return entry

    def _keep(self, place: Place, array: NDArray[Any]) -> None:
        if array.nbytes > self._max_bytes:
            return
        before = len(self._entries)
        self._entries[place] = array
        self._evictions += before + 1 - len(self._entries)

    def stats(self) -> Mapping[str, int]:
        """Return ``hits``, ``misses``, ``bytes`` kept now and ``evictions``.

        Hits and misses also by region, of each that was requested: ``teacher_hits``.
        """
        with self._lock:
            # Each begins with a miss: so they come in the order of the requests.
            asked = dict.fromkeys([*self._misses, *self._hits])
            return {
                "hits": self._hits.total(),
                "misses": self._misses.total(),
                "bytes": int(self._entries.currsize),
                "evictions": self._evictions,
                **{f"{region}_hits": self._hits[region] for region in asked},
                **{f"{region}_misses": self._misses[region] for region in asked},
            }


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array closed for writing, in one piece, and without more memory behind it."""
    # A slice would keep all of what it was cut from alive, beyond the budget.
    whole = array.base is None or getattr(array.base, "nbytes", 0) <= array.nbytes + SLACK
    if not (whole and array.flags.forc):
        # In the order it has, for that order decides the last bits of a sum over it.
        array = np.array(array, order="F" if array.flags.fnc else "C")
    view = array.view()
    view.flags.writeable = False
    return view


class MemoryCache:
    """One :class:`LRUStore` for all regions: the least recently used goes first.

    Parameters
    ----------
    max_bytes : int
        Budget, >= 0. An array larger than all of it is returned but not kept.
    """

    def __init__(self, *, max_bytes: Natural = 2_000_000_000) -> None:
        self._store = LRUStore(max_bytes)

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the read-only entry `key` of `region`, computing it if missing."""
        return self._store.get_or_compute((region, key), compute)

    def get_many(self, region: str, keys: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """Return the read-only entries in the order of `keys`, None for each that is missing."""
        return self._store.get_many([(region, key) for key in keys])

    def put(self, region: str, key: str, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array and return the read-only entry."""
        return self._store.put((region, key), array)

    def stats(self) -> Mapping[str, int]:
        """Return what :meth:`LRUStore.stats` returns."""
        return self._store.stats()
