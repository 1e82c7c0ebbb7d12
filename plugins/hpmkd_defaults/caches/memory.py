"""A cache in memory, bounded in bytes, that computes each entry once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


class MemoryCache:
    """Keeps arrays until `max_bytes` are full; the least recently used goes first.

    Safe to share between threads: of several that ask for one missing key, one computes
    and the others wait; meanwhile other keys are served. If the computation fails, the
    error goes to the thread that computed, and a waiting thread tries for itself.

    Parameters
    ----------
    max_bytes : int
        Budget, >= 0. An array larger than all of it is returned but not kept.
    """

    def __init__(self, *, max_bytes: int = 2_000_000_000) -> None:
        self._max_bytes = max_bytes
        self._entries: Any = LRUCache(max_bytes, getsizeof=lambda array: array.nbytes)
        # One lock guards all fields below and is never held while computing.
        self._lock = threading.Lock()
        self._computing: dict[tuple[str, str], threading.Event] = {}
        self._hits = self._misses = self._evictions = 0

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the read-only entry `key` of `region`, computing it if missing.

        Parameters
        ----------
        region : str
            What kind of array it is; the same key may be used in several regions.
        key : str
            Digest of everything that the array depends on.
        compute : callable
            Returns the array. Called at most once, in this thread.
        """
        place = (region, key)
        while True:
            with self._lock:
                if place in self._entries:
                    self._hits += 1
                    return self._entries[place]  # type: ignore[no-any-return]
                finished = self._computing.get(place)
                if finished is None:
                    finished = self._computing[place] = threading.Event()
                    self._misses += 1
                    break
            # Another thread computes it. If it fails, or the result is too large to keep,
            # the next turn of the loop computes it here.
            finished.wait()
        try:
            array = _read_only(compute())
            with self._lock:
                self._keep(place, array)
            return array
        finally:
            with self._lock:
                del self._computing[place]
            finished.set()

    def _keep(self, place: tuple[str, str], array: NDArray[Any]) -> None:
        if array.nbytes > self._max_bytes:
            return
        before = len(self._entries)
        self._entries[place] = array
        self._evictions += before + 1 - len(self._entries)

    def stats(self) -> Mapping[str, int]:
        """Return ``hits``, ``misses``, ``bytes`` kept now and ``evictions``."""
        with self._lock:
            return {
                "hits": self._hits,
                "misses": self._misses,
                "bytes": int(self._entries.currsize),
                "evictions": self._evictions,
            }


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    # A slice would keep all of what it was cut from alive, beyond the budget.
    array = np.array(array) if array.base is not None else array.view()
    array.flags.writeable = False
    return array
