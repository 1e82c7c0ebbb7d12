"""Raw tables: every form in which rows may come, opened as a list of raw columns."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpmkd.errors import DataError, closest
from hpmkd.student.columns.foreign_frames import to_pandas
from hpmkd.student.columns.frames import columns_of, is_plain_number
from hpmkd.student.columns.mappings import is_column, open_mappings
from hpmkd.student.columns.masked import unmasked


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
        list holds rows, all mappings or all sequences; an empty one has no columns. Frames
        of Arrow, Polars and others are converted.

    Raises
    ------
    DataError
        It is none of these, is not two-dimensional, or is sparse.
    """
    mappings = open_mappings(table)
    if mappings is not None:
        names, columns = mappings
        return RawTable(names, columns, len(columns[0]) if columns else 1)
    frame = as_frame(table)
    if frame is not None:
        return RawTable(tuple(map(str, frame.columns)), columns_of(frame), len(frame))
    if has_no_rows(table):
        return RawTable(None, [], 0)
    array = as_array(table)
    return RawTable(None, [array[:, j] for j in range(array.shape[1])], len(array))


def has_no_rows(table: Any) -> bool:
    """Whether a table is an empty list of rows, which may have any columns."""
    return isinstance(table, list | tuple) and not table


def number_block(table: Any, names: tuple[str, ...] | None) -> np.ndarray[Any, Any] | None:
    """Return the cells of a table without opening it, which takes a hundred times longer.

    Parameters
    ----------
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
    if not all(map(is_plain_number, set(table.dtypes))):
        return None
    return np.asarray(table.to_numpy(dtype=np.float64))


def match_columns(raw: RawTable, wanted: tuple[str, ...], by_name: bool) -> list[int]:
    """Return where in a table each wanted column is.

    Columns are found by name if `by_name` and the table has names. Otherwise the table must have
    exactly these columns.

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


def as_frame(table: Any) -> Any:
    """Return a DataFrame for a table with column names, else None.

    Raises
    ------
    DataError
        Its columns or rows do not fit together.
    """
    pandas = sys.modules.get("pandas")  # a frame cannot come before pandas does
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return table
    converted = to_pandas(table)
    if converted is not None:
        return as_frame(converted)
    rows = isinstance(table, list | tuple) and len(table) > 0
    if not isinstance(table, Mapping) and not (rows and isinstance(table[0], Mapping)):
        return None
    import pandas as pd

    if isinstance(table, Mapping) and not any(map(is_column, table.values())):
        table = [table]
    try:
        try:
            return pd.DataFrame(table)
        except UnicodeEncodeError:  # a lone surrogate: a column of text cannot hold it
            return pd.DataFrame(table, dtype=object)
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"the rows do not form a table: {error}; pass a DataFrame, an array, a list of dicts "
            "or a dict of columns"
        ) from error


def as_array(table: Any) -> np.ndarray[Any, Any]:
    """Return a 2-D array for a table without column names.

    Raises
    ------
    DataError
        It is no such table, or is sparse.
    """
    if hasattr(table, "toarray"):
        raise DataError("got a sparse matrix; expected a dense one: pass X.toarray()")
    if hasattr(table, "to_frame"):
        raise DataError("got one column; expected rows × columns: pass X.to_frame()")
    if isinstance(table, list | tuple):
        lengths = {len(row) for row in table if is_column(row)}
        if len(lengths) > 1:
            raise DataError(
                f"the rows do not form a table: they have {sorted(lengths)} cells; expected as "
                "many each"
            )
        # Of objects, so that text among numbers does not turn them into text.
        table = np.array(table, dtype=object)
    array = unmasked(table)
    if array.ndim != 2:
        raise DataError(
            f"got rows of shape {array.shape}; expected rows × columns: use x.reshape(1, -1) for "
            "one row, x.reshape(-1, 1) for one column"
        )
    return array


def check_keys(table: Any, wanted: tuple[str, ...] | None) -> None:
    """Refuse a list of mappings that do not all have their cells; other tables pass.

    Parameters
    ----------
    wanted : tuple of str or None
        Keys that each row must have; None if cells are matched by position: then each row
        must have the keys of the first one, in the same order.
    """
    if not isinstance(table, list | tuple) or not table or not isinstance(table[0], Mapping):
        return
    first = list(table[0])
    for at, row in enumerate(table):
        if wanted is None and list(row) != first:
            raise DataError(
                f"row {at} has the keys {_shown(row)}, row 0 has {_shown(first)}: the student "
                "reads cells by position; give every row the same keys in the same order"
            )
        missing = [name for name in wanted or () if name not in row]
        if missing:
            raise DataError(
                f"row {at} lacks the columns {listed(missing)}: add them to the row, with None "
                "or NaN where the value is not known"
            )


def _shown(keys: Any) -> str:
    return listed([str(key) for key in keys])
