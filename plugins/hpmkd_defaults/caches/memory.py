"""A cache in memory, bounded in bytes, that computes each entry once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd_defaults.caches.lru_store import LRUStore
from hpmkd_defaults.settings_types import Natural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


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
        return self._store.get_or_compute((region, key), compute)

    def stats(self) -> Mapping[str, int]:
        """Return ``hits``, ``misses``, ``bytes`` kept now and ``evictions``."""
        return self._store.stats()
