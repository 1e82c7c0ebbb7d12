"""The content of a frame as bytes, column by column only where a type needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import IntArray


def content_of_frame(frame: Any, at: IntArray | None, rows_at_once: int) -> Iterator[Any]:
    """Yield the content of a frame as bytes and arrays, whatever its blocks and its index are.

    Columns of one plain type are read together: of thousands of columns, what costs is a call
    for each, not their cells.

    Parameters
    ----------
    frame : DataFrame of shape (m, d)
    at : ndarray of shape (n,), optional
        Which rows count; by default all.
    rows_at_once : int
        Rows that are taken out of the frame at a time.
    """
    groups: dict[Any, list[int]] = {}
    for number, kind in enumerate(frame.dtypes):
        groups.setdefault(kind, []).append(number)
    places = [(str(kind), numbers) for kind, numbers in groups.items()]
    yield repr((list(map(str, frame.columns)), places)).encode("utf-8", "surrogatepass")
    n = len(frame) if at is None else len(at)
    for start in range(0, n, rows_at_once):
        stop = min(start + rows_at_once, n)
        rows = frame.iloc[start:stop] if at is None else frame.iloc[at[start:stop]]
        for kind, numbers in groups.items():
            together = rows if len(groups) == 1 else rows.iloc[:, numbers]
            yield from _content(kind, together)


def _content(kind: Any, rows: Any) -> Iterator[Any]:
    """Yield the content of columns of one type."""
    import pandas as pd

    if isinstance(kind, np.dtype) and kind.kind in "biufmM":
        yield rows.to_numpy()
    elif isinstance(kind, pd.StringDtype):
        yield from _content_of_texts(rows.to_numpy(dtype=object, na_value=None).ravel())
    elif isinstance(kind, pd.CategoricalDtype):
        yield repr((kind.ordered, kind.categories.tolist())).encode("utf-8", "surrogatepass")
        yield np.column_stack([cells.cat.codes.to_numpy() for _, cells in rows.items()])
    else:
        for _, cells in rows.items():  # noqa: PERF102 - a frame's values are no method
            if kind.kind == "O" and pd.api.types.infer_dtype(cells, skipna=False) != "string":
                # Among objects, 1 has the hash of "1".
                yield repr([type(cell).__name__ for cell in cells]).encode()
            yield pd.util.hash_pandas_object(cells, index=False).to_numpy()


def _content_of_texts(cells: NDArray[Any]) -> Iterator[Any]:
    present = [cell for cell in cells if cell is not None]
    lengths = [-1 if cell is None else len(cell) for cell in cells]
    yield np.array(lengths, dtype=np.int64)
    yield "".join(present).encode("utf-8", "surrogatepass")
