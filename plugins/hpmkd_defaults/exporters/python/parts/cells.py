"""Reading the cells of a row: numbers and categories, as training read them."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from numbers import Rational, Real
from typing import Any

# ------------------------------------------------------------------------------ reading cells

#: Texts that stand for a missing number, or a missing moment.
MISSING = frozenset(
    (
        *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
        *("NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    )
)
TRUTHS = {"true": 1.0, "false": 0.0}
EPOCH = datetime(1970, 1, 1)
DAY = 86_400


def is_missing(cell: Any) -> bool:
    """Tell whether a cell is None, NaN, NaT or pandas.NA."""
    if cell is None:
        return True
    if isinstance(cell, (float, complex, Decimal, date)) or hasattr(cell, "dtype"):
        return bool(cell != cell)
    return type(cell).__name__ == "NAType"


def plain_time(cell: Any) -> Any:
    """Return a datetime64 or timedelta64 of NumPy as Python's own; other cells as they are."""
    kind = getattr(getattr(cell, "dtype", None), "kind", "")
    return cell.astype(f"{kind}8[us]").item() if kind in ("m", "M") else cell


def in_utc(moment: datetime) -> datetime:
    """Return a moment without a zone, in UTC; one that has none is taken to be in UTC."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def seconds_of(time: Any) -> float:
    """Return a duration in seconds, or a moment in seconds since 1970."""
    if isinstance(time, datetime):
        time = in_utc(time) - EPOCH
    elif isinstance(time, date):
        time = datetime(time.year, time.month, time.day) - EPOCH
    seconds: float = time.days * DAY + time.seconds + time.microseconds / 10**6
    return seconds


def number_of(cell: Any, missing: Any = ()) -> float:
    """Return a number, a truth value, a text that spells one, or a time in seconds; NaN if missing.

    Texts are as in CSV files: `1_000`, which Python reads, is no number, and TRUE is 1.
    """
    if is_missing(cell):
        return math.nan
    if isinstance(cell, str):
        truth = TRUTHS.get(cell.lower())
        if cell.strip() in MISSING or cell in missing:
            return math.nan
        if "_" in cell:
            raise ValueError("no number")
        return float(cell) if truth is None else truth
    cell = plain_time(cell)
    return seconds_of(cell) if isinstance(cell, (date, timedelta)) else float(cell)


def time_text(time: Any) -> str:
    """Write a moment or a duration as training did, in the coarsest unit that holds it."""
    if isinstance(time, timedelta):
        micros = (time.days * DAY + time.seconds) * 10**6 + time.microseconds
        for size, unit in ((10**6, "seconds"), (10**3, "milliseconds")):
            if micros % size == 0:
                return f"{micros // size} {unit}"
        return f"{micros} microseconds"
    if not isinstance(time, datetime):
        time = datetime(time.year, time.month, time.day)
    moment = in_utc(time)
    if moment.microsecond == 0:
        return moment.isoformat(timespec="seconds")
    finest = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=finest)


def text_of(cell: Any) -> str:
    """Write a category as text: whole floats without decimals, all else as str does."""
    cell = plain_time(cell)
    if isinstance(cell, (date, timedelta)):
        return time_text(cell)
    is_float = isinstance(cell, Real) and not isinstance(cell, Rational)
    return str(int(cell)) if is_float and float(cell).is_integer() else str(cell)


def short(cell: Any) -> str:
    """Write a cell or a name for an error."""
    text = repr(cell)
    return text if len(text) <= 60 else text[:60] + "…"


def number_reader(name: str, about: dict[str, Any]) -> Callable[[Any], tuple[float, ...]]:
    """Return what reads the cells of a number column."""
    missing = about.get("missing", ())

    def read(cell: Any) -> tuple[float, ...]:
        kind = type(cell)
        if kind is float:
            return (cell,)
        try:
            if kind is int:
                return (float(cell),)
            return (number_of(cell, missing),)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"column {short(name)} holds {short(cell)}, expected a number; None or NaN where "
                "it is not known"
            ) from error

    return read


def category_reader(name: str, about: dict[str, Any]) -> Callable[[Any], tuple[float, ...]]:
    """Return what reads the cells of a category column: as codes, NaN for an unknown category."""
    codes = {level: float(code) for code, level in enumerate(about["categories"])}
    codes.update({text: codes[level] for text, level in about.get("spellings", {}).items()})
    code_of = codes.get

    def read(cell: Any) -> tuple[float, ...]:
        if not isinstance(cell, str):
            if is_missing(cell):
                return (math.nan,)
            cell = text_of(cell)
        return (code_of(cell, math.nan),)

    return read
