"""A column of moments as numbers: which parts of a moment models read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.moments import moment_of

DAY = 86_400
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Parts of a moment, in UTC: month 1 … 12, weekday 0 … 6 from Monday on, hour 0 … 23.
PARTS = ("year", "month", "weekday", "hour")
#: Parts that a sum of terms reads as sine and cosine, as their last value is next to the first;
#: of the weekdays it reads each for itself, for a weekend is no wave.
PERIODS = {"month": 12, "hour": 24}
#: The numbers that there are, in their order: each part, and the waves of it.
NUMBERS = tuple(
    (part, form)
    for part in ("moment", *PARTS)
    for form in ("", *(("sine", "cosine") if part in PERIODS else ()))
)
_EPOCH = datetime(1970, 1, 1).toordinal()


def _with_waves(value: int, period: int) -> tuple[float, float, float]:
    angle = 2 * math.pi * value / period
    # Rounded, so that all machines have the same ones.
    return float(value), round(math.sin(angle), 12) + 0.0, round(math.cos(angle), 12) + 0.0


_MONTHS = tuple(_with_waves(month, PERIODS["month"]) for month in range(13))
_HOURS = tuple(_with_waves(hour, PERIODS["hour"]) for hour in range(24))


def waves(part: str, form: str) -> tuple[float, ...]:
    """Return sine or cosine of a part that has a period, by its value from 0 on."""
    values = {"month": _MONTHS, "hour": _HOURS}[part]
    return tuple(each[("", "sine", "cosine").index(form)] for each in values)


@dataclass(frozen=True)
class Calendar:
    """How the moments of a column are read as numbers.

    First comes the moment itself, in seconds since the origin, so that float32 keeps the
    differences; then its parts, with sine and cosine where a part has a period.

    Parameters
    ----------
    origin : int
        Seconds since 1970, a midnight: from here moments are counted.
    whole_days : bool
        Training had dates without times: then the time of a moment is not looked at.
    parts : tuple of str
        Those of :data:`PARTS` that differ in training, in that order.
    """

    origin: int = 0
    whole_days: bool = False
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.origin) is not int or abs(self.origin) > 10**12:
            raise ValueError(f"the origin of moments is {self.origin!r}, expected seconds")
        if type(self.whole_days) is not bool:
            raise ValueError(f"whole_days is {self.whole_days!r}, expected true or false")
        if self.parts != tuple(part for part in PARTS if part in self.parts):
            raise ValueError(f"the parts of a moment are {self.parts!r}, expected some of {PARTS}")

    @classmethod
    def learn(cls, moments: NDArray[np.datetime64]) -> Calendar:
        """Learn from datetime64 cells of microseconds, of shape (n,)."""
        known = moments[~np.isnat(moments)]
        if not len(known):
            return cls()
        days = known.astype("datetime64[D]")
        whole_days = bool((days == known).all())
        values = dict(zip(NUMBERS, _numbers_of(known, 0, whole_days), strict=True))
        varying = tuple(part for part in PARTS if np.ptp(values[part, ""]))
        middle = int((days.min().astype(np.int64) + days.max().astype(np.int64)) // 2)
        return cls(middle * DAY, whole_days, varying)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; :meth:`from_json` reads them."""
        return {"origin": self.origin, "whole_days": self.whole_days, "parts": list(self.parts)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Calendar:
        """Make a calendar from what :meth:`to_json` returned.

        Raises
        ------
        ValueError
            The content does not describe one.
        """
        parts = plain.get("parts")
        if set(plain) != {"origin", "whole_days", "parts"} or not isinstance(parts, list):
            raise ValueError(f"the schema holds the odd calendar {str(plain)[:80]}")
        return cls(plain["origin"], plain["whole_days"], tuple(parts))

    @cached_property
    def numbers(self) -> tuple[tuple[str, str], ...]:
        """What is read, of :data:`NUMBERS`: part and ``""``, ``"sine"`` or ``"cosine"``."""
        return tuple(each for each in NUMBERS if each[0] in ("moment", *self.parts))

    @cached_property
    def _places(self) -> list[int]:
        return [NUMBERS.index(each) for each in self.numbers]

    @cached_property
    def _choose(self) -> Any:
        one = len(self._places) == 1
        return (lambda numbers: numbers[:1]) if one else itemgetter(*self._places)

    def read(self, moments: NDArray[np.datetime64]) -> list[NDArray[np.float64]]:
        """Read datetime64 cells of microseconds, of shape (n,).

        Returns
        -------
        list of ndarray of shape (n,)
            float64, one for each of :attr:`numbers`; NaN where missing.
        """
        present = ~np.isnat(moments)
        values = _numbers_of(moments[present], self.origin, self.whole_days)
        found = [np.full(len(moments), np.nan) for _ in self._places]
        for column, at in zip(found, self._places, strict=True):
            column[present] = values[at]
        return found

    def read_cell(self, cell: Any) -> tuple[float, ...]:
        """Read one cell, exactly as :meth:`read` does.

        Raises
        ------
        TypeError, ValueError, OverflowError
            It holds no moment; see :func:`hpmkd.student.columns.moments.moment_of`.
        """
        moment = moment_of(cell)
        if moment is None:
            return (math.nan,) * len(self._places)
        day, hour = moment.toordinal() - _EPOCH, moment.hour
        if self.whole_days:
            since = float(day * DAY - self.origin)
        else:
            seconds = (day * 24 + hour) * 3600 + moment.minute * 60 + moment.second
            since = seconds + moment.microsecond / 10**6 - self.origin
        month = _MONTHS[moment.month]
        every = (since, moment.year, *month, (day + 3) % 7, *_HOURS[hour])
        chosen: tuple[float, ...] = self._choose(every)
        return chosen

    def text(self, moment: float) -> str:
        """Write a moment, in seconds since the origin, as ISO 8601 text: no more than it needs."""
        try:
            known = datetime(1970, 1, 1) + timedelta(seconds=self.origin + moment)
        except OverflowError:
            return "the last day" if moment > 0 else "the first day"
        if not (known.hour or known.minute or known.second or known.microsecond):
            return known.date().isoformat()
        short = not (known.second or known.microsecond)
        return known.isoformat(timespec="minutes" if short else "auto")


def _numbers_of(
    moments: NDArray[np.datetime64], origin: int, whole_days: bool
) -> list[NDArray[np.float64]]:
    """Return all of :data:`NUMBERS` of moments, none missing."""
    days = moments.astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    hours = (moments - days).astype(np.int64) // (3600 * 10**6)
    micros = (days.astype(moments.dtype) if whole_days else moments).astype(np.int64)
    seconds, rest = np.divmod(micros, 10**6)
    # Rounded as seconds since 1970: those who hand in these read the same.
    numbers = [
        seconds + rest / 10**6 - origin,
        months // 12 + 1970,
        *np.array(_MONTHS)[months % 12 + 1].T,
        (days.astype(np.int64) + 3) % 7,
        *np.array(_HOURS)[hours].T,
    ]
    return [values.astype(np.float64) for values in numbers]
