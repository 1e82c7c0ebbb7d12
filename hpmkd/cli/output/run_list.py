"""Runs as a table, and beneath it notes on single ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import click

from hpmkd.cli.output.columns import TableColumn, print_columns
from hpmkd.cli.output.leaderboard import wide_console
from hpmkd.recipe.units import shown_size, shown_time
from hpmkd.runs.listing import ListedRun, RunFigures


def print_runs(runs: Sequence[ListedRun]) -> None:
    """Print a line per run, the paying ones bold; then why a run is damaged or how to resume it."""
    print_columns(COLUMNS, runs, _pays, wide_console(), "--json")
    for each in runs:
        if each.message:
            # That of an unfinished run begins with its folder and state.
            about = "" if each.state == "unfinished" else f"{each.folder} is {each.state}: "
            click.echo(f"\n{about}{each.message}")


def _pays(run: ListedRun) -> bool:
    return run.figures is not None and run.figures.verdict == "pays"


def _figure(show: Callable[[RunFigures], str]) -> Callable[[ListedRun], str]:
    """Return what shows a figure of a finished run, and a dash of any other folder."""
    return lambda run: "-" if run.figures is None else show(run.figures)


def _verdict(run: ListedRun) -> str:
    return run.state if run.figures is None else run.figures.verdict


def _when(figures: RunFigures) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(figures.finished))


COLUMNS: tuple[TableColumn[ListedRun], ...] = (
    TableColumn("run", lambda run: run.folder, 0, left=True),
    TableColumn("verdict", _verdict, 0, left=True),
    TableColumn("student", _figure(lambda each: each.student), 2, left=True),
    TableColumn("size", _figure(lambda each: shown_size(each.bytes)), 1),
    TableColumn("1 row", _figure(lambda each: shown_time(each.row_us)), 6),
    TableColumn("log loss", _figure(lambda each: f"{each.log_loss:.4f}"), 3),
    TableColumn("accuracy", _figure(lambda each: f"{each.accuracy:.4f}"), 4),
    TableColumn("target", _figure(lambda each: each.target or "-"), 8, left=True),
    TableColumn("rows", _figure(lambda each: str(each.rows)), 7),
    TableColumn("models", _figure(lambda each: str(each.models)), 10),
    TableColumn("seconds", _figure(lambda each: f"{each.seconds:.1f}"), 9),
    TableColumn("finished", _figure(_when), 5),
)
