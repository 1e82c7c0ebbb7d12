"""A control for each column: its range, and the cell of a typical row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpmkd.report.render.format import clean
from hpmkd.student.columns.calendar import DAY
from hpmkd.student.drift.columns import WHOLE, LevelSketch, NumberSketch
from hpmkd.student.explain.marks import marks_of

if TYPE_CHECKING:
    from hpmkd.student import Student
    from hpmkd.student.columns.calendar import Calendar
    from hpmkd.student.columns.column import Column
    from hpmkd.student.drift.columns import ColumnSketch
    from hpmkd.values import FloatArray

#: Of a slider.
STEPS = 100
#: Cells that are tried for the importance of a category or of a number without a sketch.
MOST_PROBES = 12
#: By how much the share of the cells below a bound of a sketch may be off a decile.
SLACK = 0.01


@dataclass(frozen=True)
class Control:
    """How a column is set.

    Parameters
    ----------
    name, title : str
        The column, exactly, and for people.
    kind : str
        ``"number"``, ``"category"``, ``"day"`` or ``"moment"``.
    start : float, str or None
        The cell of a typical row; None for a missing one.
    low, high, step : float
        Of the slider of a number.
    levels : tuple of str
        Of a category.
    """

    name: str
    title: str
    kind: Literal["number", "category", "day", "moment"]
    start: float | str | None
    low: float = 0.0
    high: float = 1.0
    step: float = 1 / STEPS
    levels: tuple[str, ...] = ()


def controls_of(student: Student) -> list[tuple[Control, list[Any]]]:
    """Return a control for each column, and cells by which to see how much it matters.

    By the sketch of the training rows if the student has one; otherwise by what its model
    distinguishes.
    """
    columns = student.encoder.schema.columns
    sketches: Sequence[ColumnSketch | None] = [None] * len(columns)
    if student.sketch is not None:
        sketches = student.sketch.columns
    marks, titles = marks_of(student), _distinct([clean(column.name) for column in columns])
    return [
        _category(column, title, sketch if isinstance(sketch, LevelSketch) else None)
        if column.kind == "category"
        else _number(column, title, sketch if isinstance(sketch, NumberSketch) else None, marks)
        for column, title, sketch in zip(columns, titles, sketches, strict=True)
    ]


def _distinct(titles: list[str]) -> list[str]:
    """Return distinct titles, because a column is chosen by its title."""
    found: dict[str, None] = {}
    for title in titles:
        at, numbered = 2, title
        while numbered in found:
            at, numbered = at + 1, f"{title} ({at})"
        found[numbered] = None
    return list(found)


def _category(column: Column, title: str, sketch: LevelSketch | None) -> tuple[Control, list[Any]]:
    """Return the control of a category."""
    levels = column.categories
    start = levels[0] if levels else None
    if sketch is not None and sketch.shares[-1] > sketch.shares[0]:
        start = None  # more cells are missing than hold the most frequent level
    control = Control(column.name, title, "category", start, levels=levels)
    return control, [*levels[: MOST_PROBES - 1], None]


def _number(
    column: Column, title: str, sketch: NumberSketch | None, marks: dict[str, FloatArray]
) -> tuple[Control, list[Any]]:
    """Return the control of a number or of a moment."""
    known = marks[column.name] if len(marks[column.name]) else np.zeros(1)
    start: float | None
    if sketch is None:
        places = np.linspace(0, len(known) - 1, MOST_PROBES).astype(int)
        numbers, start = known[places].tolist(), float(f"{np.median(known):.3g}")
    else:
        numbers, start = list(sketch.edges) or [0.0], _median(sketch)
    if column.calendar is None:
        slider = _slider(min(numbers), max(numbers))
        return Control(column.name, title, "number", start, *slider), [*numbers, None]
    probes = [_text(column.calendar, number) for number in numbers]
    typical = None if start is None else _text(column.calendar, start)
    kind: Literal["day", "moment"] = "day" if column.calendar.whole_days else "moment"
    return Control(column.name, title, kind, typical), [*probes, None]


def _median(sketch: NumberSketch) -> float | None:
    """Return the upper bound of the bin in which the median lies; None if it is missing.

    The bound, not the middle of the bin, so that of whole numbers it is one of them.
    """
    shares = np.array(sketch.shares) / WHOLE
    if shares[-1] > 0.5:
        return None
    below = np.cumsum(shares[:-2])
    half = below[-1] / 2 - SLACK
    return float(sketch.edges[1 + int(np.searchsorted(below, half))])


def _slider(low: float, high: float) -> tuple[float, float, float]:
    """Return a range of round numbers around another one, and a step: a power of ten."""
    if low == high:
        low, high = low - max(abs(low), 1.0), high + max(abs(high), 1.0)
    span = high / STEPS - low / STEPS  # the range itself might be infinite
    if not 1e-300 < span < 1e300:
        return low, high, span
    step = 10.0 ** math.floor(math.log10(span))
    places = max(0, -math.floor(math.log10(span)))
    ends = (math.floor(low / step) * step, math.ceil(high / step) * step)
    return round(ends[0], places), round(ends[1], places), step


def _text(calendar: Calendar, moment: float) -> str:
    """Return a moment as a field of a page takes it: a day, or to the second."""
    first, last = -62_135_596_800 - calendar.origin, 253_402_300_799 - calendar.origin
    whole = min(max(math.floor(moment), first), last)
    if calendar.whole_days:
        return calendar.text(whole - whole % DAY)
    text = calendar.text(whole)
    return text if "T" in text else f"{text}T00:00"
