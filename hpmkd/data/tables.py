"""Takes rows and columns out of tables of any type, and digests of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.frame_digest import content_of_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray


#: Rows that are taken out of a table in one go where all are read, one after the other.
ROWS_AT_ONCE = 50_000


def take(table: Any, rows: IntArray) -> Any:
    """Return some rows of a frame or array, by position."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]


def without(table: Any, names: Collection[str]) -> Any:
    """Return a frame without some columns, some of which it may lack."""
    return table.drop(columns=list(names), errors="ignore") if names else table


@dataclass(frozen=True, eq=False)
class TablePart:
    """Some rows of a table, which stay in it until they are taken out, a few at a time.

    Parameters
    ----------
    whole : DataFrame or ndarray of shape (m, d)
        The table.
    at : ndarray of shape (n,)
        Numbers of the rows.
    """

    whole: Any
    at: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", read_only(self.at))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, n and d."""
        return len(self.at), self.whole.shape[1]

    def __getitem__(self, rows: IntArray) -> Any:
        """Return some of the rows, taken out of the table."""
        return take(self.whole, self.at[rows])


def taken(table: Any) -> Any:
    """Return a table; a part of one is taken out of it."""
    return take(table.whole, table.at) if isinstance(table, TablePart) else table


def stacked(parts: Sequence[Any]) -> Any:
    """Return tables of the same columns, all frames or all arrays, under each other."""
    if not hasattr(parts[0], "iloc"):
        return np.concatenate(parts)
    import pandas as pd

    return pd.concat(parts, ignore_index=True)


def read_only(table: Any) -> Any:
    """Return a view of an array that cannot be written through; a frame as it is."""
    if not isinstance(table, np.ndarray) or not table.flags.writeable:
        return table
    view = table.view()
    view.flags.writeable = False
    return view


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only copy of an array; the array itself if it is read-only already."""
    if not array.flags.writeable:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    # A view of it cannot be made writeable again, as an array that owns its memory can.
    return copy.view()


def digest(*values: Any) -> str:
    """Return a digest of the content of tables, arrays and plain values.

    The same content has the same digest in every process.
    """
    total = hashlib.sha256()
    for value in values:
        for size, blocks in _parts(value):
            total.update(size.to_bytes(8, "little"))
            for block in blocks:
                total.update(block)
    return total.hexdigest()


def digest_of_rows(parts: Iterable[tuple[Any, NDArray[Any]]]) -> str:
    """Return a digest of rows and their labels, whatever their order and their division.

    Parameters
    ----------
    parts : iterable of (DataFrame or ndarray of shape (n, d), ndarray of shape (n,))
        Tables with labels; one at a time is needed.
    """
    import pandas as pd

    hashes = []
    for table, labels in parts:
        frame = table if hasattr(table, "iloc") else pd.DataFrame(table, copy=False)
        cells = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        both = pd.DataFrame({"cells": cells, "label": labels})
        hashes.append(pd.util.hash_pandas_object(both, index=False).to_numpy())
        del table, frame  # the next rows may be made only now
    return digest(np.sort(np.concatenate(hashes)))


def _parts(value: Any) -> Iterator[tuple[int, Iterable[memoryview]]]:
    """Yield the parts of a value: how many bytes each has, and these in blocks."""
    whole, at = (value.whole, value.at) if isinstance(value, TablePart) else (value, None)
    if hasattr(whole, "iloc"):
        for content in content_of_frame(whole, at, ROWS_AT_ONCE):
            yield _block(_bytes_of(content) if isinstance(content, np.ndarray) else content)
    elif isinstance(whole, np.ndarray) and whole.dtype != object:
        shape = whole.shape if at is None else (len(at), *whole.shape[1:])
        yield _block(f"{whole.dtype.str}{shape}".encode())
        if at is None:
            yield _block(_bytes_of(whole))
        else:
            starts = range(0, len(at), ROWS_AT_ONCE)
            blocks = (_bytes_of(whole[at[start : start + ROWS_AT_ONCE]]) for start in starts)
            yield math.prod(shape) * whole.dtype.itemsize, map(memoryview, blocks)
    else:
        import joblib

        taken = value if at is None else take(whole, at)
        yield _block(str(joblib.hash(taken)).encode())


def _block(content: Any) -> tuple[int, Iterable[memoryview]]:
    view = memoryview(content).cast("B")
    return len(view), (view,)


def _bytes_of(array: NDArray[Any]) -> Any:
    # Bytes that are looked at, not copied; a cast refuses arrays without any.
    flat = np.ascontiguousarray(array)
    return flat.view(np.uint8).ravel() if flat.size and flat.ndim else flat.tobytes()
