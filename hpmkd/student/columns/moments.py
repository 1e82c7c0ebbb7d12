"""Moments: dates and times in every form, taken to UTC.

A moment is known to the microsecond, rounded down, in the years 1 to 9999, as in
:class:`datetime.datetime`. One without a zone is one of UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.spelling import MISSING

MICROSECONDS = np.dtype("datetime64[us]")
#: Errors at what is no moment, or is one of other years.
NO_MOMENT = (TypeError, ValueError, OverflowError)
#: The first moment that there is, and the last, in microseconds since 1970.
_FIRST, _LAST = (
    int(np.datetime64(text, "us").astype(np.int64))
    for text in ("0001-01-01", "9999-12-31T23:59:59.999999")
)
_FINER = ("ns", "ps", "fs", "as")
_IN_MICROSECONDS = {"us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6}
_IN_MICROSECONDS |= {"D": 86_400 * 10**6, "W": 7 * 86_400 * 10**6}


def moment_of(cell: Any) -> datetime | None:
    """Return the moment that a cell holds, in UTC, naive or not; None for a missing cell.

    Parameters
    ----------
    cell : object
        A datetime (a Timestamp is one), a date (midnight), a datetime64, None, NaN, NaT or a text
        of :data:`~.spelling.MISSING`; or ISO 8601 text: a date with dashes, alone or before a time,
        which follows a ``T`` or a space and may have a fraction and an offset, such as
        ``2024-03-01 12:30:00.5+02:00``.

    Raises
    ------
    TypeError, ValueError, OverflowError
        It is none of these.
    """
    kind = type(cell)
    moment: datetime | None
    if kind is str:
        # Python reads more: any sign before the time, and 20240301, which may be a number.
        if cell[4:5] != "-" or cell[7:8] != "-" or cell[10:11] not in ("", "T", " "):
            if cell.strip() in MISSING:
                return None
            raise ValueError(f"{cell!r} is not a date")
        moment = datetime.fromisoformat(cell)
    elif kind is datetime:
        moment = cell
    elif cell is None:
        return None
    else:
        moment = _datetime_of(cell)
        if moment is None:
            return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _datetime_of(cell: Any) -> datetime | None:
    """Return what is neither text nor a plain datetime as one; None where missing."""
    if isinstance(cell, np.datetime64):
        known = cell.item()
        if type(known) is int:  # finer than what Python knows, or farther away
            known = as_microseconds(np.asarray(cell)).item()
        cell = known
    if cell is None or (isinstance(cell, date | float | np.floating) and cell != cell):
        return None  # NaT is a date
    if hasattr(cell, "to_pydatetime"):  # a Timestamp, whose arithmetic is slow
        plain: datetime = cell.to_pydatetime(warn=False)
        return plain
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    raise TypeError(f"{cell!r} is not a date")


def is_moment(cell: Any) -> bool:
    """Whether a cell holds a moment; a missing one does not."""
    try:
        return moment_of(cell) is not None
    except NO_MOMENT:
        return False


def is_readable(cell: Any) -> bool:
    """Whether a cell holds a moment or is missing."""
    try:
        moment_of(cell)
    except NO_MOMENT:
        return False
    return True


def are_moments(cells: NDArray[Any]) -> bool:
    """Whether objects hold moments, one at least, and nothing else but missing cells."""
    return all(map(is_readable, cells)) and any(map(is_moment, cells))


def is_aware(cell: Any) -> bool:
    """Whether a moment, typed or as text, has a zone."""
    if isinstance(cell, str):
        cell = datetime.fromisoformat(cell)
    return getattr(cell, "tzinfo", None) is not None


def microseconds_of(cells: NDArray[Any]) -> NDArray[np.datetime64]:
    """Return objects as datetime64 cells of microseconds; errors as :func:`moment_of`."""
    moments = map(moment_of, cells)
    naive = [
        each and (each if each.tzinfo is None else each.replace(tzinfo=None)) for each in moments
    ]
    return np.array(naive, dtype=MICROSECONDS)


def as_microseconds(array: NDArray[Any]) -> NDArray[np.datetime64]:
    """Return datetime64 cells of any unit as ones of microseconds, rounded down.

    Raises
    ------
    OverflowError
        A cell lies beyond the years 1 to 9999.
    """
    unit, step = np.datetime_data(array.dtype)
    if unit in _FINER or unit == "generic":  # generic is NaT alone
        return array.astype(MICROSECONDS)
    if unit in _IN_MICROSECONDS:
        size = step * _IN_MICROSECONDS[unit]
        low, high = -(-_FIRST // size), _LAST // size
    else:
        size = step * (12 if unit == "Y" else 1)
        low, high = (1 - 1970) * 12 // size, ((10_000 - 1970) * 12 - 1) // size
    counts = array[~np.isnat(array)].astype(np.int64)
    # NumPy wraps around what it cannot hold.
    if counts.size and not (low <= counts.min() and counts.max() <= high):
        raise OverflowError("a date lies beyond the years 1 to 9999")
    return array.astype(MICROSECONDS)
