"""A region of the cache: callers need not know whether anything is cached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.fingerprint import libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from hpmkd.contracts import Cache


@dataclass(frozen=True)
class CacheRegion:
    """Where arrays that are costly to compute are looked up first.

    Parameters
    ----------
    cache : Cache, optional
        Without one everything is computed, and no digest is.
    region : str
        Whose budget the entries take from.
    """

    cache: Cache | None = None
    region: str = ""

    def digest(self, content: Any) -> str:
        """Return what stands in keys for a table or an array that several entries depend on."""
        return "" if self.cache is None else tables.digest(content)

    def get(self, compute: Callable[[], NDArray[Any]], *content: Any) -> NDArray[Any]:
        """Return the read-only array that follows from `content`, computing it if missing.

        The versions of the libraries belong to every key: another may compute other bits.
        """
        if self.cache is None:
            array = compute()
            array.flags.writeable = False
            return array
        key = tables.digest(libraries(), *content)
        return self.cache.get_or_compute(self.region, key, compute)


NO_CACHE = CacheRegion()


def plain(region: CacheRegion, compute: Callable[[], Any], *content: Any) -> Any:
    """Return plain values (what JSON knows) that follow from `content`, cached."""

    def computed() -> NDArray[Any]:
        return np.frombuffer(json.dumps(compute(), allow_nan=False).encode(), dtype=np.uint8)

    return json.loads(region.get(computed, *content).tobytes())


def get_or_compute_many(
    cache: Cache,
    region: str,
    keys: Sequence[str],
    compute: Callable[[Sequence[str]], Mapping[str, NDArray[Any]]],
) -> dict[str, NDArray[Any]]:
    """Return the read-only entries of a region; what is missing is computed in one call.

    A cache that cannot look up several at once computes them one by one.

    Parameters
    ----------
    compute : callable
        Returns the arrays of some keys.
    """
    if not (hasattr(cache, "get_many") and hasattr(cache, "put")):
        return {key: cache.get_or_compute(region, key, partial(_one, compute, key)) for key in keys}
    found = dict(zip(keys, cache.get_many(region, keys), strict=True))
    missing = [key for key, array in found.items() if array is None]
    computed = compute(missing) if missing else {}
    return found | {key: cache.put(region, key, array) for key, array in computed.items()}


def _one(compute: Callable[[Sequence[str]], Mapping[str, NDArray[Any]]], key: str) -> NDArray[Any]:
    return compute([key])[key]
