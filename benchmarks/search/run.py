"""Cost and loss of every sampler against the full grid of 640 models.

Run ``python -m benchmarks search --markdown docs/search.md``. It may be interrupted: each
finished fit is a line of ``~/.cache/hpmkd-benchmarks/search/SET-DRAW.jsonl``, every finished
search one of ``searches.jsonl`` beside it, and the same command continues.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import click
import pandas as pd

from benchmarks.common.datasets import CACHE, READERS, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.search.compare import compared
from benchmarks.search.counted import counted
from benchmarks.search.fits import Table
from benchmarks.search.memory import RUNS, TABLES, first_trials, recall
from benchmarks.search.report import report
from benchmarks.search.results import ARMS, SEEDS, Results

FOLDER = CACHE / "search"
#: Report sets; nothing was tuned on them.
SETS = ("splice", "breast_cancer", "spambase", "magic", "penbased", "adult")

#: Drawn once, regardless of `--draws`: linear students on its many columns take too long.
ONCE = ("splice",)


def fill(table: Table) -> None:
    """Fit what is missing of a table, and print the progress."""
    start, last = time.monotonic(), 0.0
    for left in table.fill():
        now = time.monotonic()
        if now - last > 30 or left == 0:
            last = now
            click.echo(f"{table.path.stem}: {left} left after {now - start:.0f} s", err=True)


def memorised(tables: list[Table]) -> dict[str, pd.DataFrame]:
    """Return the regret of first trials per set and stage, by the content of the memory."""
    found = {}
    for content in (TABLES, RUNS):
        lines: list[dict] = []
        for table in tables:
            lines += first_trials(table, recall(table, others_of(table, tables), content).first)
        by_set = pd.DataFrame(lines).groupby(["set", "stage"], sort=False)
        found[content] = by_set.mean(numeric_only=True).reset_index()
    return found


def others_of(table: Table, tables: list[Table]) -> list[Table]:
    """Return a table of every other data set: of the same draw, or of its only one."""
    found = {each.name: each for each in tables if each.name in ONCE or each.seed == table.seed}
    return [each for name, each in found.items() if name != table.name]


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--draws", default="0", show_default=True, help="Draws of rows per data set.")
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=click.Choice([*ARMS]),
    help="Compare these alone, without the grid; write no page.",
)
@click.option("--seeds", default=SEEDS, show_default=True, help="Searches of every --arm.")
@click.option("--fill", "only_fill", is_flag=True, help="Fit the tables, and search nothing.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--again", is_flag=True, help="Forget searches and runs, but not the tables.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@page_option
def main(
    sets: str,
    draws: str,
    arms: tuple[str, ...],
    seeds: int,
    only_fill: bool,
    cached: bool,
    again: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Fill the tables, search them with every sampler, count whole runs, and report."""
    warnings.simplefilter("ignore")
    names = listed(sets, READERS, "sets")
    numbers = [int(draw) for draw in draws.split(",")]
    drawn = [(name, at) for at in numbers for name in names if at == numbers[0] or name not in ONCE]
    tables = [Table(name, at, folder, cached) for name, at in drawn]
    if arms:
        others = {table.path: others_of(table, tables) for table in tables}
        click.echo(compared(tables, others, arms, seeds, folder / "compared.jsonl"))
        return
    if not cached:
        for table in tables:
            fill(table)
    if only_fill:
        return
    searches, runs = folder / "searches.jsonl", folder / "runs.jsonl"
    if again:
        searches.unlink(missing_ok=True)
        runs.unlink(missing_ok=True)
    results = Results(searches)
    if not cached:
        for table in tables:
            for count, _ in enumerate(results.add(table, others_of(table, tables)), 1):
                if count % 100 == 0:
                    click.echo(f"{table.path.stem}: {count} searches", err=True)
    publish(report(results, tables, memorised(tables), counted(runs, cached)), markdown)
