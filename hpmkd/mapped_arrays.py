"""Large arrays in temporary files: pages of them are in memory only while somebody reads them."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Arrays of fewer bytes stay in memory.
LEAST = 4_000_000
#: Bytes that are read at a time where all are read once.
CHUNK = 4_000_000


def stacked(
    blocks: Callable[[], Iterable[NDArray[Any]]], shape: tuple[int, int], dtype: Any
) -> NDArray[Any]:
    """Return blocks of rows under each other, read-only; a large array is mapped from a file.

    The file has no name, and goes with the array. Where it cannot be written, for the disk is
    full, the array is in memory after all: its content is the same.

    Parameters
    ----------
    blocks : callable
        Returns an iterable of ndarrays of shape (b, d) whose lengths sum to n.
    shape : (int, int)
        n and d.
    dtype : dtype
        Of the result.
    """
    kind = np.dtype(dtype)
    if shape[0] * shape[1] * kind.itemsize >= LEAST:
        with suppress(OSError):
            return _mapped(blocks(), kind).reshape(shape)
    found, at = np.empty(shape, kind), 0
    for block in blocks():
        found[at : at + len(block)] = block
        at += len(block)
    found.flags.writeable = False
    return found


def chunks(content: memoryview) -> Iterable[memoryview]:
    """Yield bytes chunk by chunk; what was mapped from a file leaves the memory afterwards."""
    memory: Any = content.obj
    while memory is not None and not isinstance(memory, mmap.mmap):
        memory = memory.obj if isinstance(memory, memoryview) else getattr(memory, "base", None)
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]
        if memory is not None and hasattr(memory, "madvise"):  # not on Windows
            memory.madvise(mmap.MADV_DONTNEED)


def _mapped(blocks: Iterable[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
    with tempfile.TemporaryFile(prefix="hpmkd-rows-") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block, kind).data)
        file.flush()
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(memory, kind)
