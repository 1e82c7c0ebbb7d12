"""Two runs side by side, as text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from hpmkd.cli.output.columns import TableColumn, print_columns
from hpmkd.cli.output.leaderboard import wide_console
from hpmkd.recipe.units import shown_size, shown_time
from hpmkd.runs.fingerprint import shown

if TYPE_CHECKING:
    from rich.console import Console

    from hpmkd.runs.comparison import Change, ComparedRun, RunComparison
    from hpmkd.runs.paired import Estimate

#: What a line is about, and how it reads for each of the two runs.
Line = tuple[str, str, str]


def print_comparison(found: RunComparison) -> None:
    """Print what differs, then the figures, then the difference row by row."""
    console = wide_console()
    if os.path.samefile(found.one.folder, found.other.folder):
        console.print(f"{found.one.folder} is compared with itself: both are the same folder")
    if not found.same_test_rows:
        console.print(
            "NOT COMPARABLE: the test rows differ, so the figures below describe different rows. "
            "Score both students on the same rows: hpmkd evaluate RUN DATA",
            style="bold red",
        )
    elif not found.data:
        console.print("Data: the same rows and columns")
    _print_changes("data", found.data, found, console)
    _print_changes("recipe", found.recipe, found, console)
    _print_changes("seed, teachers, versions", found.circumstances, found, console)
    console.print()
    _print_table("shipped student", [*_figures(found)], found, console)
    console.print()
    for run in (found.one, found.other):
        console.print(f"{run.folder}: {run.figures.verdict}. {run.sentence}")
    console.print(_row_by_row(found))


def _print_changes(
    heading: str, changes: Sequence[Change], found: RunComparison, console: Console
) -> None:
    if changes:
        lines = [(each.name, _shown(each.one), _shown(each.other)) for each in changes]
        console.print()
        _print_table(heading, lines, found, console)


def _print_table(
    heading: str, lines: Sequence[Line], found: RunComparison, console: Console
) -> None:
    columns: list[TableColumn[Line]] = [
        TableColumn(heading, lambda line: line[0], 0, left=True),
        TableColumn(found.one.folder, lambda line: line[1], 0, left=True),
        TableColumn(found.other.folder, lambda line: line[2], 0, left=True),
    ]
    print_columns(columns, lines, lambda line: False, console, "--json")


def _shown(value: object) -> str:
    """Return a value of a setting or a fact; texts without their quotes, names with commas."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    return "-" if value is None else value if isinstance(value, str) else shown(value)


def _figures(found: RunComparison) -> Iterator[Line]:
    """Yield the figures of both runs, line by line."""

    def line(name: str, show: Callable[[ComparedRun], str]) -> Line:
        return name, show(found.one), show(found.other)

    yield line("verdict", lambda run: run.figures.verdict)
    yield line("student", lambda run: run.figures.student)
    if (found.one.metric, found.other.metric) != ("log_loss", "log_loss"):
        yield line("chosen by", lambda run: f"{run.metric} ({run.metric_score:.4f})")
    yield line("log loss", lambda run: f"{run.figures.log_loss:.4f}")
    yield line("accuracy", lambda run: f"{run.figures.accuracy:.4f}")
    yield line("retention", lambda run: "-" if run.retention is None else f"{run.retention:.4f}")
    yield line("size", lambda run: shown_size(run.figures.bytes))
    yield line("1 row", lambda run: shown_time(run.figures.row_us))
    yield line("models trained", lambda run: str(run.figures.models))
    yield line("seconds", lambda run: f"{run.figures.seconds:.1f}")


def _row_by_row(found: RunComparison) -> str:
    paired = found.paired
    if paired is None:
        return f"Not compared row by row: {found.unpaired}"
    of = "" if paired.rows == paired.of else f" of {paired.of}"
    losses = (
        "log loss not known to enough digits"
        if paired.log_loss is None
        else f"log loss {_estimate(paired.log_loss)}"
    )
    return (
        f"Row by row on the same {paired.rows}{of} test rows, {found.one.folder} less "
        f"{found.other.folder}: {losses}, accuracy {_estimate(paired.accuracy)} (± one standard "
        "error)"
    )


def _estimate(each: Estimate) -> str:
    return f"{each.difference:+.4f} ± {each.standard_error:.4f}"
