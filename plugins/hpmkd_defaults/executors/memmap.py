"""Any object as a file whose arrays are memory-mapped on reading.

The file is a pickle of protocol 5 (PEP 574): the buffers of arrays lie beside the pickle
instead of inside it, so reading maps them and copies nothing. The pickle is made by
cloudpickle, so that components defined in a script or a notebook travel too.

Layout: 8 bytes little-endian length of the table; the table, a pickle of ``(start,
length)`` per buffer, the pickle of the object first; the buffers, each aligned.
"""

from __future__ import annotations

import mmap
import pickle
from typing import TYPE_CHECKING, Any

import cloudpickle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Buffers start at multiples of a cache line.
ALIGNMENT = 64


def parts_of(value: Any) -> list[memoryview]:
    """Return what a file of the object holds: its pickle, then the buffers of its arrays."""
    views: list[pickle.PickleBuffer] = []
    body = cloudpickle.dumps(value, protocol=5, buffer_callback=views.append)
    return [memoryview(body), *(view.raw() for view in views)]


def write(parts: Sequence[memoryview], path: Path) -> None:
    """Write the parts of an object to `path`."""
    starts, end = [], 0
    for part in parts:
        starts.append(end)
        end += _aligned(part.nbytes)
    table = pickle.dumps([(start, part.nbytes) for start, part in zip(starts, parts, strict=True)])
    with path.open("wb") as file:
        file.write(len(table).to_bytes(8, "little") + table)
        first = _aligned(8 + len(table))
        for start, part in zip(starts, parts, strict=True):
            file.seek(first + start)
            file.write(part)
        # Never empty after the last buffer: a seek alone does not make a file longer.
        file.truncate(first + end + 1)


def load(path: str) -> Any:
    """Return the object in the file; its arrays are read-only and mapped."""
    with open(path, "rb") as file:
        # The arrays keep the map open, and with it the file's content after its removal.
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    size = int.from_bytes(content[:8], "little")
    first = _aligned(8 + size)
    body, *views = (
        content[first + start : first + start + length]
        for start, length in pickle.loads(content[8 : 8 + size])
    )
    return pickle.loads(body, buffers=views)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
