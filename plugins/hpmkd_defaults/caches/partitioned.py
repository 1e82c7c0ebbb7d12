"""The intelligent cache: regions with budgets of their own, and a disk tier below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpmkd_defaults.caches.disk_layout import REGIONS, Region
from hpmkd_defaults.caches.memory import LRUStore
from hpmkd_defaults.settings_types import Natural

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from hpmkd_defaults.caches.disk import DiskTier


class IntelligentCache:
    """Splits one budget of bytes over the regions teacher, feature and attention.

    Each region is a :class:`~hpmkd_defaults.caches.memory.LRUStore`: least recently used goes
    first, one thread computes while others wait, an array larger than its region is
    returned but not stored in memory.

    Parameters
    ----------
    max_bytes : int
        Budget of all regions together, >= 0: 50 % teacher, 30 % feature, 20 % attention.
    disk : bool, optional
        Whether entries are also written to files, for other processes. By default only where a
        folder is given; the recipe ``hpm`` asks for it.
    folder : str
        Where the files are; by default ``hpmkd`` in the user's cache folder.
    disk_regions : tuple of str
        The regions that are kept in files. ``feature`` holds the user's own rows, encoded;
        ``attention`` names values of their columns, and is weighted by labels of rows nearby.
    max_disk_bytes : int
        Budget of the files, >= 0; the ones not read for longest go first.
    """

    def __init__(
        self,
        *,
        max_bytes: Natural = 2_000_000_000,
        disk: bool | None = None,
        folder: str = "",
        disk_regions: tuple[Region, ...] = ("teacher",),
        max_disk_bytes: Natural = 500_000_000,
    ) -> None:
        self._stores: dict[str, LRUStore] = {
            region: LRUStore(max_bytes * percent // 100) for region, percent in REGIONS.items()
        }
        for region in disk_regions:
            self._check(region)
        self._disks: dict[str, DiskTier] = {}
        if bool(folder) if disk is None else disk:
            from hpmkd_defaults.caches.disk import DiskTier
            from hpmkd_defaults.caches.disk_layout import cache_folder

            tier = DiskTier(cache_folder(folder), max_disk_bytes)
            self._disks = dict.fromkeys(disk_regions, tier)

    def get_or_compute(
        self, region: str, key: str, compute: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return the read-only entry `key` of `region`, from memory, disk or the computation.

        Parameters
        ----------
        region : {"teacher", "feature", "attention"}
            Whose budget it takes from.
        key : str
            Digest of everything that the array depends on.
        compute : callable
            Returns the array. Called at most once, in this thread.

        Raises
        ------
        ValueError
            If there is no such region.
        """
        self._check(region)
        disk = self._disks.get(region)
        if disk is None:
            return self._stores[region].get_or_compute((region, key), compute)
        # Inside the store, so that threads which want one key read its file once, too.
        return self._stores[region].get_or_compute(
            (region, key), lambda: disk.get_or_compute(region, key, compute)
        )

    def get_many(self, region: str, keys: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """Return the read-only entries in the order of `keys`, None for each that is missing."""
        self._check(region)
        store, disk = self._stores[region], self._disks.get(region)
        found = store.get_many([(region, key) for key in keys])
        if disk is not None:
            for at, key in enumerate(keys):
                if found[at] is None and (stored := disk.get(region, key)) is not None:
                    found[at] = store.put((region, key), stored)
        return found

    def put(self, region: str, key: str, array: NDArray[Any]) -> NDArray[Any]:
        """Keep an array, in memory and in a file, and return the read-only entry."""
        self._check(region)
        entry = self._stores[region].put((region, key), array)
        if region in self._disks:
            self._disks[region].put(region, key, entry)
        return entry

    def _check(self, region: str) -> None:
        if region not in self._stores:
            raise ValueError(f"no region is called {region!r}. Known: {', '.join(self._stores)}")

    def stats(self) -> Mapping[str, int]:
        """Return counts: of all regions together, and with the region's name before them.

        ``hits`` were answered without computing, ``disk_hits`` of them by a file;
        ``misses`` were computed; ``bytes`` are in memory now; ``evictions`` left it.
        """
        names = ("hits", "misses", "bytes", "evictions", "disk_hits")
        counts: dict[str, int] = dict.fromkeys(names, 0)
        for region, store in self._stores.items():
            disk_hits = self._disks[region].hits(region) if region in self._disks else 0
            found = {**store.stats(), "disk_hits": disk_hits}
            # The store counts a miss also where a file has the answer.
            found["hits"] += disk_hits
            found["misses"] -= disk_hits
            for name in names:
                counts[name] += found[name]
                counts[f"{region}_{name}"] = found[name]
        return counts
