"""Tables whose every name and number is whole: a narrow terminal gets fewer columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
#: Between two columns.
GAP = 2


@dataclass(frozen=True)
class TableColumn(Generic[T]):
    """One column of a table.

    Parameters
    ----------
    heading : str
        Its name.
    shown : callable
        Returns its cell of a row.
    rank : int
        How soon it is left out where there is no room: the highest first; 0 for never.
    left : bool
        Whether its cells begin below each other, as names do; numbers end below each other.
    """

    heading: str
    shown: Callable[[T], str]
    rank: int
    left: bool = False


def print_columns(
    columns: Sequence[TableColumn[T]],
    rows: Sequence[T],
    bold: Callable[[T], bool],
    console: Console,
    everything: str,
) -> None:
    """Print the columns that fit, each as wide as it has to be; some rows are bold.

    Where columns are left out, the file that has `everything` is named.
    """
    from rich.table import Table

    filled = [(column, [column.heading, *map(column.shown, rows)]) for column in columns]
    fitting = _fitting(filled, console.width)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0))
    for column, cells in fitting:
        justify: Literal["left", "right"] = "left" if column.left else "right"
        table.add_column(column.heading, justify=justify, min_width=_width(cells))
    for row, line in zip(rows, zip(*(cells[1:] for _, cells in fitting), strict=True), strict=True):
        table.add_row(*line, style="bold" if bold(row) else None)
    console.print(table)
    if len(fitting) < len(filled):
        console.print(f"(a wider terminal shows more; {everything} has it all)")


def _fitting(
    filled: Sequence[tuple[TableColumn[T], list[str]]], width: int
) -> Sequence[tuple[TableColumn[T], list[str]]]:
    """Return the columns that fit."""
    fitting = list(filled)
    while sum(_width(cells) + GAP for _, cells in fitting) - GAP > width:
        least = max(fitting, key=lambda each: each[0].rank)
        if not least[0].rank:
            break  # these are printed whole, on several lines if need be
        fitting.remove(least)
    return fitting


def _width(cells: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, cells))
