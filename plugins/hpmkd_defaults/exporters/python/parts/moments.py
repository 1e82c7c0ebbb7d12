"""Reading dates and times, as training read them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from hpmkd_defaults.exporters.python.parts.cells import (
    MISSING,
    in_utc,
    is_missing,
    plain_time,
    seconds_of,
    short,
)

# ------------------------------------------------------------------- reading dates and times

#: What a model may read of a moment: parts, and waves of those that come round again.
PARTS = (
    *("moment", "year", "month", "sine of month", "cosine of month"),
    *("weekday", "hour", "sine of hour", "cosine of hour"),
)


def wave(value: int, period: int) -> tuple[float, float]:
    """Return sine and cosine of a part that comes round again, to 12 decimals."""
    angle = 2 * math.pi * value / period
    return round(math.sin(angle), 12) + 0.0, round(math.cos(angle), 12) + 0.0


MONTHS = [wave(month, 12) for month in range(13)]
HOURS = [wave(hour, 24) for hour in range(24)]


def from_text(text: str) -> datetime:
    """Return the moment that ISO 8601 text names; before Python 3.11, in the forms of isoformat."""
    if text[4:5] != "-" or text[7:8] != "-" or text[10:11] not in ("", "T", " "):
        raise ValueError("no date")
    if sys.version_info < (3, 11) and text.endswith("Z"):
        text = text[:-1] + "+00:00"
    return in_utc(datetime.fromisoformat(text))


def moment_of(cell: Any, missing: Any) -> datetime | None:
    """Return a typed date or time, or the one that a text names, in UTC; None if missing."""
    if isinstance(cell, str):
        return None if cell in missing or cell.strip() in MISSING else from_text(cell)
    if is_missing(cell):
        return None
    cell = plain_time(cell)
    if isinstance(cell, datetime):
        return in_utc(cell)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    raise TypeError("no date")


def moment_reader(name: str, about: dict[str, Any]) -> Callable[[Any], tuple[float, ...]]:
    """Return what reads the cells of a datetime column: in parts, NaN where missing."""
    chosen = [PARTS.index(part) for part in about["parts"]]
    origin, whole_days, missing = about["origin"], about["whole_days"], about.get("missing", ())

    def read(cell: Any) -> tuple[float, ...]:
        try:
            moment = moment_of(cell, missing)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"column {short(name)} holds {short(cell)}, expected a date such as '2024-03-01' "
                "or '2024-03-01T12:30:00Z'; None where it is not known"
            ) from error
        if moment is None:
            return (math.nan,) * len(chosen)
        since = seconds_of(moment.date() if whole_days else moment) - origin
        months, hours = MONTHS[moment.month], HOURS[moment.hour]
        parts = (
            *(since, moment.year, moment.month, *months),
            *(moment.weekday(), moment.hour, *hours),
        )
        return tuple([float(parts[at]) for at in chosen])

    return read
