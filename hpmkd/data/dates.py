"""Columns of dates that are text or objects: what else stands in them is settled once.

Otherwise the folds would disagree about a column: those without its odd cells read dates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.columns import MOST_ODD, MOSTLY, is_text
from hpmkd.errors import DataWarning, warn
from hpmkd.student.columns.moments import is_aware, is_moment
from hpmkd.student.columns.spelling import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

#: Cells that are looked at first, evenly spaced: a column of dates has some among them.
FIRST = 100


def settle_dates(frame: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]:
    """Return a frame in which columns of dates hold nothing else, and warn of what was changed.

    Of text and objects that are nearly all dates, the others (at most 5 %) become missing, at
    prediction, too. Beyond that the column stays as it is, a category. Dates with and without a
    zone in one column are warned of.

    Returns
    -------
    frame : DataFrame
        The same object where nothing changed.
    missing : mapping of str to tuple of str
        By column, the texts that became missing.
    """
    read, missing = {}, {}
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        if not is_text(kind):
            continue
        odd = _odd_cells(frame[name], f"column {name!r}")
        if odd.any():
            read[name] = frame[name].mask(odd)
            missing[name] = _texts(frame[name][odd])
    return (frame.assign(**read) if read else frame), missing


def _texts(cells: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))


def _odd_cells(column: Any, name: str) -> NDArray[np.bool_]:
    """Return which cells of a column of dates are none, and warn of them; else of no cell."""
    import pandas as pd

    nothing = np.zeros(len(column), dtype=bool)
    present = np.flatnonzero(~np.asarray(pd.isna(column) | pd.Series(column).isin(MISSING)))
    cells = np.asarray(column, dtype=object)[present]
    if not any(map(is_moment, cells[:: max(1, len(cells) // FIRST)])):
        return nothing
    dates = np.array(list(map(is_moment, cells)))
    share = 1 - dates.mean()
    if share > MOST_ODD:
        if share < 1 - MOSTLY:
            warn(
                f"{name} holds dates, but other text in {share:.0%} of its cells; above "
                f"{MOST_ODD:.0%} a column is read as text: empty those cells to read it as dates",
                DataWarning,
            )
        return nothing
    _warn_of_zones(cells[dates], name)
    if share:
        examples = ", ".join(dict.fromkeys(map(repr, cells[~dates])))
        warn(
            f"{name} holds dates, but {int((~dates).sum())} of {len(column)} cells "
            f"{examples[:200]}: these are read as missing; correct them, or leave them empty",
            DataWarning,
        )
    nothing[present[~dates]] = True
    return nothing


def _warn_of_zones(dates: NDArray[Any], name: str) -> None:
    aware = sum(map(is_aware, dates))
    if 0 < aware < len(dates):
        warn(
            f"{name} holds dates with a time zone ({aware}) and without one "
            f"({len(dates) - aware}): the latter are taken as UTC; give all of them a zone",
            DataWarning,
        )
