"""Columns of dates that are text or objects: what else stands in them is settled once.

Otherwise the folds would disagree about a column: those without its odd cells read dates.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.columns import MOST_ODD
from hpmkd.errors import DataWarning
from hpmkd.student.columns.moments import is_aware, is_moment
from hpmkd.student.columns.spelling import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Cells that are looked at first: a column of dates has some among them.
FIRST = 20


def settle_dates(table: Any) -> tuple[Any, Mapping[str, tuple[str, ...]]]:
    """Return a table in which columns of dates hold nothing else, and warn of what was changed.

    Of text and objects that are nearly all dates, the others (at most 5 %) become missing, at
    prediction, too. Beyond that the column stays as it is, a category. Dates with and without a
    zone in one column are warned of.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw rows.

    Returns
    -------
    table : DataFrame or ndarray of shape (n, d)
        The same object where nothing changed.
    missing : mapping of str to tuple of str
        By column of a frame, the texts that became missing.
    """
    is_frame = hasattr(table, "iloc")
    if not is_frame and table.dtype != object:
        return table, {}
    changed = {}
    for at in range(table.shape[1]):
        name = f"column {table.columns[at]!r}" if is_frame else f"column {at}"
        column = table.iloc[:, at] if is_frame else table[:, at]
        odd = _odd_cells(column, name)
        if odd.any():
            changed[at] = odd
    if not changed:
        return table, {}
    if is_frame:
        columns = {table.columns[at]: table.iloc[:, at] for at in changed}
        odd_cells = dict(zip(columns, changed.values(), strict=True))
        read = {name: column.mask(odd_cells[name]) for name, column in columns.items()}
        missing = {name: _texts(column[odd_cells[name]]) for name, column in columns.items()}
        return table.assign(**read), missing
    table = table.copy()
    for at, odd in changed.items():
        table[odd, at] = None
    return table, {}


def _texts(cells: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))


def _odd_cells(column: Any, name: str) -> NDArray[np.bool_]:
    """Return which cells of a column of dates are none, and warn of them; else of no cell."""
    import pandas as pd

    nothing = np.zeros(len(column), dtype=bool)
    if not (pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column)):
        return nothing
    present = np.flatnonzero(~np.asarray(pd.isna(column) | pd.Series(column).isin(MISSING)))
    cells = np.asarray(column, dtype=object)[present]
    if isinstance(column.dtype, pd.CategoricalDtype) or not any(map(is_moment, cells[:FIRST])):
        return nothing
    dates = np.array(list(map(is_moment, cells)))
    share = 1 - dates.mean()
    if share > MOST_ODD:
        return nothing
    _warn_of_zones(cells[dates], name)
    if share:
        examples = ", ".join(dict.fromkeys(map(repr, cells[~dates])))
        warnings.warn(
            f"{name} holds dates, and {int((~dates).sum())} of {len(column)} cells "
            f"{examples[:200]}: these are read as missing; correct them, or leave them empty",
            DataWarning,
            stacklevel=5,
        )
    nothing[present[~dates]] = True
    return nothing


def _warn_of_zones(dates: NDArray[Any], name: str) -> None:
    aware = sum(map(is_aware, dates))
    if 0 < aware < len(dates):
        warnings.warn(
            f"{name} holds dates with a time zone ({aware}) and without one "
            f"({len(dates) - aware}): the latter are taken as UTC; give all of them a zone",
            DataWarning,
            stacklevel=6,
        )
