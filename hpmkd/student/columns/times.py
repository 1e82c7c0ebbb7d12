"""Moments and durations, read as seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.spelling import number_of

#: What a moment or a duration may be; datetime and Timestamp are dates.
TIMES = (date, timedelta, np.datetime64, np.timedelta64)
_UNITS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12}


def numbers_of(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Read objects, none missing, as numbers, each by its own type, whatever stands beside it.

    Numbers, booleans, text that spells numbers, moments (seconds since 1970, naive ones taken as
    UTC) and durations (seconds).

    Raises
    ------
    TypeError, ValueError, OverflowError
        A cell is nothing of the kind.
    """
    kinds = set(map(type, cells))
    if any(issubclass(kind, str) for kind in kinds):
        cells = np.array(
            [number_of(cell) if isinstance(cell, str) else cell for cell in cells], dtype=object
        )
    if not any(issubclass(kind, TIMES) for kind in kinds):
        return cells.astype(np.float64)
    times = np.array([isinstance(cell, TIMES) for cell in cells])
    numbers_read = np.empty(len(cells))
    numbers_read[~times] = cells[~times].astype(np.float64)
    # NumPy would bring different units to a common one, which may not hold all of them.
    by_unit: dict[Any, list[int]] = {}
    plain = {int(at): _plain_time(cells[at]) for at in np.flatnonzero(times)}
    for at, time in plain.items():
        by_unit.setdefault(time.dtype, []).append(at)
    for unit, positions in by_unit.items():
        same = np.array([plain[at] for at in positions], dtype=unit)
        numbers_read[positions] = seconds_of(same)
    return numbers_read


def seconds_of(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return moments as seconds since 1970, or durations as seconds, in float64; NaT is NaN."""
    unit, step = np.datetime_data(array.dtype)
    if unit not in _UNITS_PER_SECOND or step != 1:
        array = array.astype(f"{array.dtype.kind}8[s]")
        unit = "s"
    # Whole seconds and the rest apart: exact, hence the same from any unit.
    whole, rest = np.divmod(array.astype(np.int64), _UNITS_PER_SECOND[unit])
    seconds = whole + rest / _UNITS_PER_SECOND[unit]
    return np.where(np.isnat(array), np.nan, seconds)


def spell_time(cell: Any) -> str:
    """Write a moment or a duration, not missing, as text whatever its type or unit.

    As NumPy writes it in the coarsest of seconds, milli-, micro- and nanoseconds that holds it; a
    moment in UTC.
    """
    time = _plain_time(cell)
    # NumPy does not turn attoseconds into seconds.
    attoseconds = np.datetime_data(time.dtype)[0] == "as"
    for unit in () if attoseconds else ("s", "ms", "us", "ns"):
        coarse = time.astype(f"{time.dtype.kind}8[{unit}]")
        if coarse.astype(time.dtype) == time:
            return str(coarse)
    return str(time)


def _plain_time(cell: Any) -> Any:
    """Return a moment as datetime64 (UTC) or a duration as timedelta64, to the last digit."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return cell
    if hasattr(cell, "to_datetime64"):  # a Timestamp, which knows nanoseconds
        return cell.to_datetime64()
    if hasattr(cell, "to_timedelta64"):
        return cell.to_timedelta64()
    if isinstance(cell, datetime):
        ahead = cell.utcoffset() or timedelta(0)
        return np.datetime64(cell.replace(tzinfo=None) - ahead, "us")
    return np.datetime64(cell, "D") if isinstance(cell, date) else np.timedelta64(cell, "us")
