"""Raw tables: every form in which rows may come, opened as a list of raw columns."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpmkd.errors import DataError, closest

_ACCEPTED = (
    "pass a pandas DataFrame, a 2-D NumPy array (rows by columns), a list of dicts or a dict "
    "of columns"
)


@dataclass(frozen=True)
class RawTable:
    """A table as it came, opened.

    Parameters
    ----------
    names : tuple of str or None
        Names of the d columns; None if the table has none.
    columns : list
        The d raw columns, each a 1-D ndarray or a Series of n cells.
    n_rows : int
        n, which may be 0.
    """

    names: tuple[str, ...] | None
    columns: list[Any]
    n_rows: int


def open_table(table: Any) -> RawTable:
    """Open a raw table without reading its cells.

    Parameters
    ----------
    table : DataFrame, ndarray of shape (n, d), mapping or list
        A mapping is a table of columns, or one row if all of its values are single cells; a
        list holds rows, all mappings or all sequences; an empty one has no columns. Objects
        with ``to_pandas`` are converted.

    Returns
    -------
    RawTable

    Raises
    ------
    DataError
        It is none of these, is not two-dimensional, or is sparse.
    """
    frame = _as_frame(table)
    if frame is not None:
        columns = [frame.iloc[:, j] for j in range(frame.shape[1])]
        return RawTable(tuple(str(name) for name in frame.columns), columns, len(frame))
    if has_no_rows(table):
        return RawTable(None, [], 0)
    array = _as_array(table)
    return RawTable(None, [array[:, j] for j in range(array.shape[1])], len(array))


def has_no_rows(table: Any) -> bool:
    """Tell whether a table is an empty list of rows, which may have any columns."""
    return isinstance(table, list | tuple) and not table


def number_block(table: Any, names: tuple[str, ...] | None) -> np.ndarray[Any, Any] | None:
    """Return the cells of a table that needs no opening, for that takes a hundred times longer.

    Parameters
    ----------
    table : Any
        A raw table.
    names : tuple of str or None
        Names that a frame's columns must have, in this order; None if they do not matter.

    Returns
    -------
    ndarray of shape (n, d) or None
        Numbers; None if the table is anything but plain numbers in the wanted order.
    """
    # The exact type: a masked array hides missing cells from a plain view.
    if type(table) is np.ndarray:
        return table if table.ndim == 2 and table.dtype.kind in "biuf" else None
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(table, pandas.DataFrame):
        return None
    if names is not None and tuple(table.columns) != names:
        return None
    if not all(isinstance(kind, np.dtype) and kind.kind in "biuf" for kind in table.dtypes):
        return None
    return np.asarray(table.to_numpy(dtype=np.float64))


def match_columns(raw: RawTable, wanted: tuple[str, ...], by_name: bool) -> list[int]:
    """Say where in a table each wanted column is.

    Parameters
    ----------
    raw : RawTable
        The opened table.
    wanted : tuple of str
        Names of the d columns.
    by_name : bool
        Whether to find them by name if the table has names. Otherwise the table must have
        exactly d columns.

    Returns
    -------
    list of int
        Positions in ``raw.columns``.

    Raises
    ------
    DataError
        Columns are missing, too many or too few, or a wanted name occurs twice.
    """
    if by_name and raw.names is not None:
        return _by_name(wanted, raw.names)
    if len(raw.columns) != len(wanted):
        raise DataError(
            f"got {len(raw.columns)} columns, expected {len(wanted)}: {listed(wanted)}, in this "
            "order; add, drop or name columns"
        )
    return list(range(len(wanted)))


def listed(names: Sequence[str]) -> str:
    """Write names for a message, the first few."""
    shown = ", ".join(repr(name) for name in names[:8]) or "none"
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _by_name(wanted: tuple[str, ...], found: tuple[str, ...]) -> list[int]:
    """Find columns by name."""
    positions = {name: j for j, name in enumerate(found)}
    missing = [name for name in wanted if name not in positions]
    if missing:
        spare = [name for name in found if name not in wanted]
        close = [near for name in missing if (near := closest(name, spare)) is not None]
        hint = (
            f"the closest it has: {listed(close)}" if close else f"it has {listed(found) or 'none'}"
        )
        raise DataError(
            f"the table lacks the columns {listed(missing)}; {hint}: add or rename them"
        )
    counts = Counter(found)
    repeated = [name for name in wanted if counts[name] > 1]
    if repeated:
        raise DataError(f"two columns have the same name: {listed(repeated)}; drop one")
    return [positions[name] for name in wanted]


def _as_frame(table: Any) -> Any:
    """Return a DataFrame for all that has column names, else None."""
    pandas = sys.modules.get("pandas")  # a frame cannot come before pandas does
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return table
    if pandas is not None and isinstance(table, pandas.Series):
        return None
    if hasattr(table, "to_pandas"):
        return _as_frame(table.to_pandas())
    rows = isinstance(table, list | tuple) and len(table) > 0
    if not isinstance(table, Mapping) and not (rows and isinstance(table[0], Mapping)):
        return None
    import pandas as pd

    if isinstance(table, Mapping) and not any(map(_is_column, table.values())):
        table = [table]
    try:
        try:
            return pd.DataFrame(table)
        except UnicodeEncodeError:  # a lone surrogate: a column of text cannot hold it
            return pd.DataFrame(table, dtype=object)
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"the rows do not form a table ({error}): {_ACCEPTED}") from error


def _as_array(table: Any) -> np.ndarray[Any, Any]:
    """Return a 2-D array for all that has no column names."""
    if hasattr(table, "toarray"):
        raise DataError(
            f"got a sparse {type(table).__name__}, expected a dense table: pass table.toarray()"
        )
    if isinstance(table, list | tuple):
        table = _array_of_rows(table)
    elif isinstance(table, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(table)
        table = table.data.astype(object)  # a copy
        table[hidden] = None
    array = np.asarray(table)
    if array.ndim == 1:
        raise DataError(
            f"got a 1-D table of {len(array)} cells, expected rows by columns: use "
            "x.reshape(1, -1) for one row, x.reshape(-1, 1) for one column"
        )
    if array.ndim != 2:
        raise DataError(
            f"got {type(table).__name__} with {array.ndim} dimensions, expected 2: {_ACCEPTED}"
        )
    return array


def _array_of_rows(rows: Any) -> np.ndarray[Any, Any]:
    """Make an array of objects, so that text among numbers does not turn them into text."""
    lengths = {len(row) for row in rows if _is_column(row)}
    if len(lengths) > 1:
        raise DataError(
            f"the rows have {sorted(lengths)} cells, expected as many each: {_ACCEPTED}"
        )
    return np.array(rows, dtype=object)


def _is_column(value: Any) -> bool:
    """Tell whether a value of a mapping is a column rather than one cell."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)
