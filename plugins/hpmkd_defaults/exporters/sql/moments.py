"""Parts of a moment, by arithmetic of integers that is the same in every database."""

from __future__ import annotations

from hpmkd.student.columns.calendar import DAY, Calendar, waves
from hpmkd.student.columns.features import Feature
from hpmkd_defaults.exporters.sql.dialects import Dialect
from hpmkd_defaults.exporters.sql.expressions import Sql, Subqueries, sql

#: Days from the first of March of the year 0 to 1970: counted from there, days of the years 1 to
#: 9999 are positive, whose quotients all databases round down, and leap days end a year.
TO_1970 = 719_468
_SECOND = 10**6


class Moments:
    """Parts of the moments of one column, each defined at its first use.

    Parameters
    ----------
    subqueries : Subqueries
        Where they are defined.
    dialect : Dialect
    micros : Sql
        Microseconds since 1970, an integer, NULL where missing.

    References
    ----------
    Hinnant, H. (2013), chrono-compatible low-level date algorithms: ``civil_from_days``.
    """

    def __init__(self, subqueries: Subqueries, dialect: Dialect, micros: Sql) -> None:
        self._subqueries = subqueries
        self._dialect = dialect
        self._since = subqueries.define("u", sql(f"{{}} + {TO_1970 * DAY * _SECOND}", micros))

    def value(self, feature: Feature, calendar: Calendar) -> Sql:
        """Return a feature of the moments."""
        if feature.part == "moment":
            return self._moment(calendar)
        part = {
            "year": self._year,
            "month": self._month,
            "weekday": self._weekday,
            "hour": self._hour,
        }[feature.part]()
        if not feature.form:
            return part
        table = [
            sql("WHEN {} THEN {}", str(at), self._dialect.double(wave))
            for at, wave in enumerate(waves(feature.part, feature.form))
        ]
        cases = " ".join(each.text for each in table)
        return self._define(f"CASE {{}} {cases} END", part)

    def _moment(self, calendar: Calendar) -> Sql:
        """Return seconds since the origin, rounded as the student rounds them."""
        if calendar.whole_days:
            since = self._define(f"({{}} - {TO_1970}) * {DAY} - {calendar.origin}", self._day())
            return self._dialect_double(since)
        seconds = self._define(f"{{}} - {TO_1970 * DAY}", self._quotient(self._since, _SECOND))
        rest = self._define(f"{{}} % {_SECOND}", self._since)
        whole, million = self._dialect_double(seconds), self._dialect.double(float(_SECOND))
        origin = self._dialect.double(float(calendar.origin))
        fraction = f"({{}} + {{}} / {million}) - {origin}"
        return self._define(fraction, whole, self._dialect_double(rest))

    def _day(self) -> Sql:
        return self._quotient(self._since, DAY * _SECOND)

    def _hour(self) -> Sql:
        of_day = self._define(f"{{}} % {DAY * _SECOND}", self._since)
        return self._quotient(of_day, 3600 * _SECOND)

    def _weekday(self) -> Sql:
        return self._define(f"({{}} + {(3 - TO_1970) % 7}) % 7", self._day())

    def _year(self) -> Sql:
        cycle = self._quotient(self._day(), 146_097)
        years, months = self._year_of_cycle(), self._months()
        late = "CASE WHEN {} > 9 THEN 1 ELSE 0 END"
        return self._define(f"{{}} + {{}} * 400 + {late}", years, cycle, months)

    def _month(self) -> Sql:
        months = self._months()
        return self._define("{} + CASE WHEN {} > 9 THEN -9 ELSE 3 END", months, months)

    def _day_of_cycle(self) -> Sql:
        return self._define("{} % 146097", self._day())

    def _year_of_cycle(self) -> Sql:
        """Return years that begin in March, within a cycle of 400."""
        day = self._day_of_cycle()
        leaps = (self._quotient(day, days) for days in (1460, 36_524, 146_096))
        return self._quotient(self._define("{} - {} + {} - {}", day, *leaps), 365)

    def _months(self) -> Sql:
        """Return months since March."""
        year = self._year_of_cycle()
        leaps = (self._quotient(year, years) for years in (4, 100))
        of_year = self._define("{} - {} * 365 - {} + {}", self._day_of_cycle(), year, *leaps)
        return self._quotient(self._define("{} * 5 + 2", of_year), 153)

    def _quotient(self, value: Sql, divisor: int) -> Sql:
        return self._define(f"{{}} {self._dialect.quotient} {divisor}", value)

    def _dialect_double(self, value: Sql) -> Sql:
        return self._define(f"CAST({{}} AS {self._dialect.double_type})", value)

    def _define(self, template: str, *parts: Sql) -> Sql:
        return self._subqueries.define("u", sql(template, *parts))
