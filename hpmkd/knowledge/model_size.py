"""How large a model is, in whichever process it was fitted."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from hpmkd.data import tables


def pickled_bytes(model: Any) -> int | None:
    """Return the size of a pickle of a model in which nothing stands twice.

    How large a pickle itself is depends on where the model comes from: texts, dtypes and arrays
    that are one object where it is fitted are several when it comes from a worker or a journal.
    Here what is equal is stored once.

    Returns
    -------
    int or None
        Bytes; None if it cannot be pickled.
    """
    pickler = _Pickler()
    try:
        pickler.dump(model)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return pickler.n_bytes


class _Pickler(pickle.Pickler):
    """Pickles into nothing, and counts."""

    def __init__(self) -> None:
        super().__init__(self, protocol=5)  # itself is where it writes
        self.n_bytes = 0
        self._places: dict[Any, int] = {}

    def write(self, content: Any) -> None:
        """Count some bytes of the pickle."""
        self.n_bytes += memoryview(content).nbytes

    def persistent_id(self, obj: Any) -> int | None:
        """Return the place of an equal object that is stored already."""
        if type(obj) is str or isinstance(obj, np.dtype):
            key: Any = obj
        elif _is_plain_array(obj):
            key = (tables.digest(obj),)
        else:
            return None
        place = self._places.get(key)
        if place is None:
            self._places[key] = len(self._places)
        return place

    def reducer_override(self, obj: Any) -> Any:
        """Store arrays alike, be they mapped, or a view of another."""
        if not _is_plain_array(obj):
            return NotImplemented
        return np.frombuffer, (obj.tobytes(), obj.dtype, obj.shape)


def _is_plain_array(obj: Any) -> bool:
    return type(obj) in (np.ndarray, np.memmap) and not obj.dtype.hasobject
