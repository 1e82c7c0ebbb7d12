"""Raw rows in every form a user may have them become one table: a frame, or a plain array."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError, suggest
from hpmkd.student.columns.tables import as_array, as_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float32).max)
#: Rows that are searched at a time: the mask of them is as large as they are.
ROWS_AT_ONCE = 100_000
#: Cells that hold several values.
NESTED = (list, dict, set, tuple, np.ndarray)


def as_table(X: Any) -> Any:
    """Return rows as a DataFrame or ndarray of shape (n, d) in types that every model reads.

    Parameters
    ----------
    X : DataFrame, array-like, mapping of columns or list of mappings
        A frame comes back as a new one with text as column names, the rest unchanged except
        sparse columns, half and extended precision and the byte order of other machines.

    Raises
    ------
    DataError
        Naming what cannot be used and what to do about it.
    """
    import pandas as pd

    table = as_frame(X)
    if table is None:
        table = as_array(X)
        numbers = np.asarray(X) if isinstance(X, list | tuple) else table
        # Text among numbers makes objects of all, so that numbers stay numbers.
        table = table if numbers.dtype.kind in "US" else numbers
    if table.shape[0] == 0 or table.shape[1] == 0:
        raise DataError(
            f"the data is empty: got {table.shape[0]} rows and {table.shape[1]} columns; expected "
            "at least one of each"
        )
    if isinstance(table, pd.DataFrame):
        table = table.set_axis(table.columns.map(str), axis=1).reset_index(drop=True)
        repeated = table.columns[table.columns.duplicated()].unique()
        if len(repeated):
            raise DataError(
                f"column names appear twice: {', '.join(repeated)}; rename or drop them"
            )
        table = _plain_columns(table)
    else:
        table = _plain_cells(table, "the array")
        if table.dtype == object:
            for at in range(table.shape[1]):
                _refuse_nested(table[:, at], f"column {at}")
    _refuse_infinite(table)
    return table


def unknown_column(frame: Any, name: str) -> str:
    """Return a message: a frame has no column of this name, and which it has."""
    hint = suggest(name, frame.columns)
    return f"no column is called {name!r}{hint} Columns: {', '.join(frame.columns[:20])}"


def _plain_columns(frame: Any) -> Any:
    import pandas as pd

    changed = {}
    for name, column in frame.items():
        kind = column.dtype
        if isinstance(kind, pd.SparseDtype):
            column = changed[name] = column.sparse.to_dense()
            kind = column.dtype
        if pd.api.types.is_object_dtype(kind):
            _refuse_nested(column, name)
        elif isinstance(kind, np.dtype):
            plain = _plain_cells(column.to_numpy(), name)
            if plain.dtype != kind:
                changed[name] = plain
    return frame.assign(**changed) if changed else frame


def _plain_cells(cells: NDArray[Any], where: str) -> NDArray[Any]:
    """Return cells in native byte order, in single or double precision."""
    if cells.dtype.kind == "c":
        raise DataError(
            f"{where} holds complex numbers; expected real ones: pass the real and the imaginary "
            "part as two columns"
        )
    if cells.dtype == np.float16:
        return cells.astype(np.float32)
    # Long doubles, which pandas cannot hash, nor most models read.
    if cells.dtype.kind == "f" and cells.dtype.itemsize > 8:
        with np.errstate(over="ignore"):  # what is too large is refused as infinite
            return cells.astype(np.float64)
    return cells.astype(cells.dtype.newbyteorder("="), copy=False)


def _refuse_nested(cells: Any, name: str) -> None:
    nested = [(row, cell) for row, cell in enumerate(cells) if isinstance(cell, NESTED)]
    if nested:
        row, cell = nested[0]
        raise DataError(
            f"{name} holds {len(nested)} cells of several values, the first in row {row}: "
            f"{type(cell).__name__}; expected one value per cell: spread them over columns, or "
            "drop the column"
        )


def _refuse_infinite(table: Any) -> None:
    found = infinite_cells(table)
    if found:
        raise DataError(
            f"{found}; replace them with NaN (missing) or with a largest value that makes sense"
        )


def infinite_cells(table: Any) -> str:
    """Return how many cells of the first such column are infinite, in words; empty if none."""
    is_array = isinstance(table, np.ndarray)
    if is_array and table.dtype.kind != "f":
        return ""
    numbers = table if is_array else table.select_dtypes("floating")
    infinite = np.zeros(numbers.shape[1], dtype=np.int64)
    for start in range(0, len(numbers), ROWS_AT_ONCE):
        rows = numbers[start : start + ROWS_AT_ONCE]
        infinite += _too_large(rows if is_array else rows.to_numpy(float)).sum(axis=0)
    if not infinite.any():
        return ""
    at = int(np.flatnonzero(infinite)[0])
    name = f"column {at}" if is_array else numbers.columns[at]
    return f"{name} holds {infinite[at]} cells that are infinite or beyond {LARGEST:.1e}"


def _too_large(cells: NDArray[Any]) -> NDArray[np.bool_]:
    # Trees compare in single precision, where a larger value is infinite.
    return np.asarray(np.abs(cells) > np.float64(LARGEST))


def aligned(table: Any, training: Any, spare: Collection[str] = ()) -> Any:
    """Return test rows with the columns of the training rows, in their order.

    Parameters
    ----------
    table, training : DataFrame or ndarray
        Columns are matched by name where both have names; what training lacks is dropped.
        Where one has none, they are matched by position, and the result is as training.
    spare : collection of str
        Names of training that the table may lack.

    Raises
    ------
    DataError
        If columns are missing, or of unnamed ones there are more or fewer.
    """
    names = getattr(training, "columns", None)
    others = getattr(table, "columns", None)
    if names is not None and others is not None:
        wanted = [name for name in names if name in others or name not in spare]
        missing = [name for name in wanted if name not in others]
        if missing:
            raise DataError(
                f"the test rows lack the columns {', '.join(map(str, missing[:10]))}; add them, "
                "empty where a value is not known"
            )
        return table[wanted]
    if training.shape[1] != table.shape[1]:
        raise DataError(
            f"got {table.shape[1]} columns in the test rows; expected "
            f"{training.shape[1]}, as in training"
        )
    if names is not None:
        import pandas as pd

        return pd.DataFrame(table, columns=names).infer_objects()
    return table if others is None else table.to_numpy()
