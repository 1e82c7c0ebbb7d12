"""Moments in an ONNX graph: seconds since 1970 become the numbers that models read of them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from hpmkd.student.columns.calendar import DAY, Calendar, waves
from hpmkd_defaults.exporters.onnx.graph import Graph

#: Days from the first of March of the year 0, with which a cycle of leap years begins, to 1970.
TO_1970 = 719_468


def moment_numbers(graph: Graph, seconds: str, calendar: Calendar) -> dict[tuple[str, str], str]:
    """Add the numbers of a column of moments; return their names, float64 of shape (n, 1).

    Parameters
    ----------
    graph : Graph
    seconds : str
        Name of the moments in seconds since 1970, UTC, float64 of shape (n, 1); NaN where missing.
    calendar : Calendar
        How they are read.

    References
    ----------
    Hinnant, H. (2013), chrono-compatible low-level date algorithms: ``civil_from_days``.
    """
    add = _Arithmetic(graph)
    day = add.quotient(seconds, DAY)
    midnight = add.times(day, DAY)
    since = add.minus(midnight if calendar.whole_days else seconds, calendar.origin)
    year, month = _year_and_month(add, day)
    values = {
        "moment": since,
        "year": year,
        "month": month,
        "weekday": add.remainder(add.minus(day, -3), 7),
        "hour": add.quotient(add.minus(seconds, midnight), 3600),
    }
    return {
        (part, form): _wave(graph, values[part], part, form) if form else values[part]
        for part, form in calendar.numbers
    }


def _year_and_month(add: _Arithmetic, day: str) -> tuple[str, str]:
    """Add year and month of a day since 1970; years begin in March until the last step."""
    shifted = add.minus(day, -TO_1970)
    cycle = add.quotient(shifted, 146_097)
    of_cycle = add.minus(shifted, add.times(cycle, 146_097))
    leaps = [add.quotient(of_cycle, days) for days in (1460, 36_524, 146_096)]
    plain = add.minus(add.minus(add.plus(of_cycle, leaps[1]), leaps[0]), leaps[2])
    year = add.quotient(plain, 365)
    before = add.minus(
        add.plus(add.times(year, 365), add.quotient(year, 4)), add.quotient(year, 100)
    )
    of_year = add.minus(of_cycle, before)
    month = add.quotient(add.minus(add.times(of_year, 5), -2), 153)
    late = add.quotient(month, 10)  # January and February are those of the next year
    month = add.minus(add.minus(month, -3), add.times(late, 12))
    return add.plus(add.plus(year, add.times(cycle, 400)), late), month


def _wave(graph: Graph, value: str, part: str, form: str) -> str:
    """Add sine or cosine of a part, out of the same table as the student's."""
    table = graph.constant(np.array(waves(part, form)), "moments/waves")
    missing = graph.add("IsNaN", [value], "moments/is_missing")
    zero, nan = (graph.constant(np.array(x), "moments/number") for x in (0.0, np.nan))
    known = graph.add("Where", [missing, zero, value], "moments/known")
    at = graph.cast(known, TensorProto.INT64, "moments/at")
    wave = graph.add("Gather", [table, at], "moments/wave")
    return graph.add("Where", [missing, nan, wave], "moments/wave_or_missing")


class _Arithmetic:
    """Float64 arithmetic of values and constants of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def plus(self, value: str, other: str) -> str:
        return self.graph.add("Add", [value, other], "moments/sum")

    def minus(self, value: str, other: str | int) -> str:
        return self.graph.add("Sub", [value, self._named(other)], "moments/difference")

    def times(self, value: str, factor: int) -> str:
        return self.graph.add("Mul", [value, self._named(factor)], "moments/product")

    def quotient(self, value: str, divisor: int) -> str:
        """Divide, and round down."""
        divided = self.graph.add("Div", [value, self._named(divisor)], "moments/quotient")
        return self.graph.add("Floor", [divided], "moments/whole")

    def remainder(self, value: str, divisor: int) -> str:
        return self.minus(value, self.times(self.quotient(value, divisor), divisor))

    def _named(self, number: str | int) -> str:
        if isinstance(number, str):
            return number
        return self.graph.constant(np.array(float(number)), "moments/number")
