"""Rows and columns in plain Python mappings, opened without pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.foreign_frames import to_pandas
from hpmkd.student.columns.masked import unmasked


def open_mappings(table: Any) -> tuple[tuple[str, ...], list[Any]] | None:
    """Return names and columns of a table of mappings; None for any other table.

    Parameters
    ----------
    table : mapping or sequence of mappings
        Columns by name, one row if all values are single cells, or rows. A single cell among
        columns stands in every row; a cell that a row lacks is missing.

    Returns
    -------
    names : tuple of d str
    columns : list of d ndarray or Series, of shape (n,)

    Raises
    ------
    DataError
        The rows are of several kinds, or the columns of several lengths.
    """
    if isinstance(table, Mapping):
        return _from_columns(table) if any(map(is_column, table.values())) else _from_rows([table])
    if isinstance(table, list | tuple) and table and isinstance(table[0], Mapping):
        return _from_rows(table)
    return None


def is_column(value: Any) -> bool:
    """Whether a value of a mapping is a column rather than one cell."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _from_rows(rows: Sequence[Any]) -> tuple[tuple[str, ...], list[Any]]:
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DataError(
                f"the rows do not form a table: row 0 is a mapping, row {at} a "
                f"{type(row).__name__}; expected rows of one kind: pass a list of dicts"
            )
    names = dict.fromkeys(name for row in rows for name in row)
    columns: list[Any] = [_cells([row.get(name, np.nan) for row in rows]) for name in names]
    return tuple(map(str, names)), columns


def _from_columns(table: Mapping[Any, Any]) -> tuple[tuple[str, ...], list[Any]]:
    columns = {name: _column(cells) for name, cells in table.items() if is_column(cells)}
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise DataError(
            f"the rows do not form a table: the columns have {sorted(lengths)} cells; expected as "
            "many each"
        )
    (n,) = lengths
    found = [columns[name] if name in columns else _cells([table[name]] * n) for name in table]
    return tuple(map(str, table)), found


def _column(cells: Any) -> Any:
    """Return a column as an array, or a Series if it is one of pandas or of others."""
    if isinstance(cells, Mapping | set | frozenset):
        raise DataError(
            f"the rows do not form a table: a column is a {type(cells).__name__}; expected cells "
            "in order: pass a list or an array"
        )
    if isinstance(cells, np.ndarray):
        cells = unmasked(cells)
        if cells.ndim > 1:
            raise DataError(
                f"the rows do not form a table: a column has the shape {cells.shape}; expected "
                "one cell per row"
            )
        return cells
    if type(cells).__module__.partition(".")[0] == "pandas":
        import pandas as pd

        return pd.Series(cells)
    converted = to_pandas(cells)
    return _cells(list(cells)) if converted is None else converted


def _cells(cells: list[Any]) -> np.ndarray[Any, Any]:
    """Return cells as objects, nested ones too; as numbers if they are floats or missing."""
    if {float} <= set(map(type, cells)) <= {float, type(None)}:
        return np.array(cells, dtype=np.float64)  # None becomes NaN
    return np.fromiter(cells, dtype=object, count=len(cells))
