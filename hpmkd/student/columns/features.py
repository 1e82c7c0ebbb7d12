"""Features: what models read of the raw columns, numbers and codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hpmkd.student.columns.calendar import PERIODS, WEEKDAYS

if TYPE_CHECKING:
    from hpmkd.student.columns.column import Column


@dataclass(frozen=True)
class Feature:
    """A number, or the code of a category, that models read of a raw column.

    A column of moments has several, any other column one.

    Parameters
    ----------
    column : Column
        What it is read from.
    name : str
        That of the column; of a moment also such as ``month of when``.
    kind : str
        ``"number"`` or ``"category"``.
    categories : tuple of str
        The levels by code; empty for numbers.
    part, form : str
        Of a moment, one of :data:`hpmkd.student.columns.calendar.NUMBERS`; else empty.
    """

    column: Column
    name: str
    kind: Literal["number", "category"]
    categories: tuple[str, ...] = ()
    part: str = ""
    form: str = ""

    @property
    def of_trees(self) -> bool:
        """Whether trees read it: a split needs no waves."""
        return not self.form

    @property
    def of_sums(self) -> bool:
        """Whether linear margins and networks read it: what has a period, they read as waves."""
        return bool(self.form) or self.part not in PERIODS

    def text(self, value: float) -> str:
        """Write a number that was read, for people: in four digits, or a moment as a date."""
        calendar = self.column.calendar
        if calendar is None or self.part != "moment":
            return f"{value:.4g}"
        return calendar.text(value)


def features_of(column: Column) -> tuple[Feature, ...]:
    """Return the features of a column, in the order in which it is read."""
    if column.calendar is None:
        kind: Literal["number", "category"] = "category" if column.kind == "category" else "number"
        return (Feature(column, column.name, kind, column.categories),)
    found = []
    for part, form in column.calendar.numbers:
        name = column.name if part == "moment" else f"{part} of {column.name}"
        name = f"{form} of {name}" if form else name
        if part == "weekday":
            found.append(Feature(column, name, "category", WEEKDAYS, part))
        else:
            found.append(Feature(column, name, "number", (), part, form))
    return tuple(found)
