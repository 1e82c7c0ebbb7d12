"""What every sampler costs and loses against the full grid of 640 models, on real data.

Run ``python benchmarks/search.py --markdown docs/search.md``. It may be interrupted: each
finished fit is a line of ``~/.cache/hpmkd-benchmarks/search/SET-DRAW.jsonl``, every finished
search one of ``searches.jsonl`` beside it, and the same command continues.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from pathlib import Path

import click
import pandas as pd
from data import CACHE, READERS
from search_counted import counted
from search_fits import Table
from search_memory import RUNS, TABLES, first_trials, remembered
from search_report import report
from search_results import Results

FOLDER = CACHE / "search"
#: Report sets; nothing was tuned on them.
SETS = ("splice", "breast_cancer", "spambase", "magic", "penbased", "adult")

#: Drawn once, whatever is asked for: linear students on its many columns take too long.
ONCE = ("splice",)


def fill(table: Table) -> None:
    """Fit what is missing of a table, and tell how it goes."""
    start, last = time.monotonic(), 0.0
    for left in table.fill():
        now = time.monotonic()
        if now - last > 30 or left == 0:
            last = now
            click.echo(f"{table.path.stem}: {left} left after {now - start:.0f} s", err=True)


def memorised(tables: list[Table]) -> dict[str, pd.DataFrame]:
    """Return what first trials are worth per set and stage, by what the memory was told."""
    found = {}
    for told in (TABLES, RUNS):
        lines: list[dict] = []
        for table in tables:
            lines += first_trials(table, remembered(table, others_of(table, tables), told))
        by_set = pd.DataFrame(lines).groupby(["set", "stage"], sort=False)
        found[told] = by_set.mean(numeric_only=True).reset_index()
    return found


def others_of(table: Table, tables: list[Table]) -> list[Table]:
    """Return a table of every other data set: of the same draw, or of its only one."""
    found = {each.name: each for each in tables if each.name in ONCE or each.seed == table.seed}
    return [each for name, each in found.items() if name != table.name]


@click.command()
@click.option("--sets", default=",".join(SETS), show_default=True, help="Data sets.")
@click.option("--draws", default="0", show_default=True, help="Draws of rows per data set.")
@click.option("--fill", "only_fill", is_flag=True, help="Fit the tables, and search nothing.")
@click.option("--cached", is_flag=True, help="Compute nothing: report what is there.")
@click.option("--again", is_flag=True, help="Forget searches and runs, but not the tables.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), show_default=True)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here.")
def main(
    sets: str,
    draws: str,
    only_fill: bool,
    cached: bool,
    again: bool,
    folder: Path,
    markdown: Path | None,
) -> None:
    """Fill the tables, search them with every sampler, count whole runs, and report."""
    warnings.simplefilter("ignore")
    names = sets.split(",")
    if unknown := set(names) - set(READERS):
        raise click.UsageError(f"unknown sets: {sorted(unknown)}; there are {list(READERS)}")
    numbers = [int(draw) for draw in draws.split(",")]
    drawn = [(name, at) for at in numbers for name in names if at == numbers[0] or name not in ONCE]
    tables = [Table(name, at, folder, cached) for name, at in drawn]
    if not cached:
        for table in tables:
            fill(table)
    if only_fill:
        return
    searches, runs = folder / "searches.jsonl", folder / "runs.json"
    if again:
        searches.unlink(missing_ok=True)
        runs.unlink(missing_ok=True)
    results = Results(searches)
    if not cached:
        for table in tables:
            for count, _ in enumerate(results.add(table, others_of(table, tables)), 1):
                if count % 100 == 0:
                    click.echo(f"{table.path.stem}: {count} searches", err=True)
    text = report(results, tables, memorised(tables), counted(runs, cached))
    if markdown is None:
        click.echo(text)
    else:
        markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
