"""How far a table is from the training rows, as text."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpmkd.cli.output.columns import TableColumn, print_columns
from hpmkd.cli.output.json_lines import report
from hpmkd.cli.output.leaderboard import wide_console
from hpmkd.recipe.units import shown_size
from hpmkd.student import Student

if TYPE_CHECKING:
    from hpmkd.data.sources.table_source import TableSource
    from hpmkd.runs.result import Distillation
    from hpmkd.student.drift.result import ColumnDrift, Drift

    Named = tuple[str, ColumnDrift]

#: Columns that a warning names.
SHOWN = 3


def print_drift(drift: Drift) -> None:
    """Print a line per column to stdout, the largest shift first, and what to do."""
    console = wide_console()
    ranked = sorted(drift.items(), key=lambda each: -each[1].psi)
    print_columns(COLUMNS, ranked, lambda each: each[1].shift == "large", console, "--json")
    console.print(f"{drift.rows} rows: {drift.hint}.")


def print_sketch(found: Distillation) -> None:
    """Print what the sketch of the training rows adds to the student's file, or why it has none."""
    student, limits = found.student, found.recipe.limits
    if not isinstance(student, Student) or not found.recipe.drift.sketch:
        return
    if student.sketch is not None:
        own, more = shown_size(student.n_bytes), shown_size(student.sketch_bytes)
        click.echo(
            f"The file of {found.chosen}: {own}, and {more} for a sketch of the training rows, "
            "with which evaluate --drift and predict detect drift (--no-sketch leaves it out)"
        )
    elif limits.max_size:
        click.echo(
            f"The file of {found.chosen} has no sketch of the training rows: "
            f"{limits.describe('max_size')} has no room for it"
        )


def warn_of_unusual_cells(drift: Drift, run: Path, data: TableSource) -> None:
    """Name columns with far more cells beyond training than usual, in a line on stderr."""
    unusual = {name: column for name, column in drift.items() if column.unusual}
    if not unusual:
        return
    ranked = sorted(unusual, key=lambda name: unusual[name].usual - unusual[name].share)
    shown = ", ".join(f"{name} {_beyond(unusual[name])}" for name in ranked[:SHOWN])
    more = f" and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    report(
        "Warning: more cells than in training are missing, hold unknown levels or are out of "
        f"range: {shown}{more}; see hpmkd evaluate {shlex.quote(str(run))} "
        f"{shlex.join(data.arguments())} --drift"
    )


def _beyond(column: ColumnDrift) -> str:
    return f"{column.share:.0%} (in training {column.usual:.1%})"


#: Columns of the table.
COLUMNS: tuple[TableColumn[Named], ...] = (
    TableColumn("column", lambda each: each[0], 0, left=True),
    TableColumn("psi", lambda each: f"{each[1].psi:.3f}", 0),
    TableColumn("shift", lambda each: each[1].shift, 0, left=True),
    TableColumn("by chance", lambda each: f"{each[1].chance:.3f}", 2),
    TableColumn("missing", lambda each: str(each[1].missing), 1),
    TableColumn("unseen", lambda each: str(each[1].unseen), 1),
    TableColumn("out of range", lambda each: str(each[1].outside), 1),
    TableColumn("beyond", lambda each: f"{each[1].share:.1%}", 3),
    TableColumn("usually", lambda each: f"{each[1].usual:.1%}", 3),
)
