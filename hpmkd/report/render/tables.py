"""Tables of a report: every number as people read it, and exactly as the run folder has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hpmkd.evaluation.shown import UNKNOWN, digits
from hpmkd.report.render.format import clean

#: Heading, key of a record or what returns its value, and how that is written.
Column = tuple[str, str | Callable[[Any], Any], Callable[[Any], str]]


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    text : str
        What is read.
    exact : str or None
        A number as JSON has it; None if the cell is not a number.
    note : str
        What is known of it besides, such as its interval.
    """

    text: str
    exact: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row names it.

    Parameters
    ----------
    caption : str
        What it is about.
    headings : tuple of str
        One per column.
    rows : tuple of tuple of Cell
        As many cells each as there are headings.
    bold : frozenset of int
        Rows that stand out.
    joined : frozenset of int
        Rows that belong with the next one.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bold: frozenset[int] = frozenset()
    joined: frozenset[int] = frozenset()

    def is_numeric(self, at: int) -> bool:
        """Whether the column at a position holds numbers, known or not."""
        return any(row[at].exact is not None for row in self.rows)


def cell(value: Any, shown: Callable[[Any], str] = digits) -> Cell:
    """Return the cell of a value: text as it is, a number as `shown` writes it."""
    if value is None:
        return Cell(UNKNOWN)
    if isinstance(value, bool):
        return Cell("yes" if value else "no", json.dumps(value))
    if isinstance(value, (int, float)):
        # A count is read whole, unless it has a unit.
        text = str(value) if isinstance(value, int) and shown is digits else shown(value)
        return Cell(text, json.dumps(value))
    return Cell(clean(value))


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table of plain values and of cells that are made already."""
    made = (tuple(each if isinstance(each, Cell) else cell(each) for each in row) for row in rows)
    return Table(caption, tuple(headings), tuple(made))


def table_of(
    caption: str, columns: Sequence[Column], records: Sequence[Any], *, bold_chosen: bool = False
) -> Table:
    """Return a table with a row for each record."""
    rows = [[cell(_value(each, key), shown) for _, key, shown in columns] for each in records]
    chosen = (at for at, each in enumerate(records) if bold_chosen and each.chosen)
    made = table(caption, [heading for heading, _, _ in columns], rows)
    return replace(made, bold=frozenset(chosen))


def _value(record: Any, key: str | Callable[[Any], Any]) -> Any:
    if callable(key):
        return key(record)
    return record[key] if isinstance(record, Mapping) else getattr(record, key)
