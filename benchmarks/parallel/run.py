"""Searches with 1, 2 and 4 workers, and the executor beside joblib's Parallel.

Run ``python -m benchmarks parallel``. Contestants take turns; medians of the rounds. Linux
only: what is sent is read from ``/proc/self/io``. Give it the machine alone: with two cores, any
other process takes from two workers and not from one.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from statistics import median

import click

from benchmarks.common.pages import console_tables, page_option
from benchmarks.parallel.work import Case, recorded, searched, with_hpmkd, with_joblib

TIMES = ("seconds", "run", "busy")
SPEED_UP, OVERHEAD_MS = 1.7, 10.0
COUNT = click.IntRange(min=1)
SEARCH = ("data", "trials", "batch", "workers", "run s", "search s", "speed-up", "efficiency")
SEARCH += ("lost ms", "best nats", "identical")
ALONE = ("data", "who", "workers", "start s", "wall s", "speed-up", "efficiency", "lost ms")
ALONE += ("empty ms", "sent MB", "identical")


def search_lines(case: Case, batches: tuple[int, ...], crews: tuple[int, ...], rounds: int):
    """Yield a row per batch size and number of workers, of whole searches."""
    searched(case, 1, batches[0])
    found = {(batch, workers): [] for batch in batches for workers in crews}
    for _ in range(rounds):
        for batch, workers in found:
            found[batch, workers].append(searched(case, workers, batch))
    for (batch, workers), runs in found.items():
        seconds, run, busy = (median(getattr(each, of) for each in runs) for of in TIMES)
        gain = median(each.seconds for each in found[batch, 1]) / seconds
        trials, same = runs[0].trials, {x.digest for w in crews for x in found[batch, w]}
        yield (
            case.name, str(trials), str(batch), str(workers), f"{run:.1f}", f"{seconds:.2f}",
            f"{gain:.2f}", f"{gain / workers:.0%}",
            f"{(seconds * workers - busy) / trials * 1e3:.1f}", f"{runs[0].best:.5f}",
            "yes" if len(same) == 1 else "no",
        )  # fmt: skip


def alone_lines(case: Case, crews: tuple[int, ...], rounds: int):
    """Yield a row per executor and number of workers, on the same tasks at once."""
    shared, tasks = recorded(case)
    found = {
        (who, workers): run(workers, shared, tasks, rounds)
        for workers in crews
        for who, run in (("hpmkd", with_hpmkd), ("joblib", with_joblib))
    }
    same = len({each.digest for each in found.values()}) == 1
    for (who, workers), each in sorted(found.items()):
        gain = found[who, 1].wall / each.wall
        lost = (each.wall * workers - each.busy) / len(tasks)
        yield (
            case.name, who, str(workers), f"{each.start:.2f}", f"{each.wall:.2f}", f"{gain:.2f}",
            f"{gain / workers:.0%}", f"{lost * 1e3:.1f}", f"{each.empty * 1e3:.2f}",
            f"{each.sent / 1e6:.2f}", "yes" if same else "no",
        )  # fmt: skip


@click.command()
@click.option("--data", multiple=True, default=("adult", "digits"), show_default=True)
@click.option("--rows", default=8000, show_default=True, help="Rows of each, at most.")
@click.option("--trials", default=4, show_default=True, help="Draws per stage.")
@click.option(
    "--workers",
    multiple=True,
    type=COUNT,
    default=(1, 2, 4),
    show_default=True,
    help="Beside 1, which all are compared with.",
)
@click.option("--batch", multiple=True, type=COUNT, default=(8,), show_default=True)
@click.option(
    "--rounds", type=COUNT, default=5, show_default=True, help="Measured rounds per line."
)
@click.option("--part", type=click.Choice(["search", "alone", "both"]), default="both")
@page_option
def main(
    data: tuple[str, ...],
    rows: int,
    trials: int,
    workers: tuple[int, ...],
    batch: tuple[int, ...],
    rounds: int,
    part: str,
    markdown: Path | None,
) -> None:
    """Measure what workers gain, and what they cost."""
    warnings.simplefilter("ignore")
    workers = tuple(sorted({1, *workers}))
    cases = [Case(name, rows, trials) for name in data]
    tables = []
    of = f"medians of {rounds}, at most {rows:,} rows"
    if part != "alone":
        lines = [line for each in cases for line in search_lines(each, batch, workers, rounds)]
        title = f"Searches through hpmkd.distill, {of} (target: two workers {SPEED_UP} x)"
        tables.append((title, SEARCH, lines))
    if part != "search":
        lines = [line for each in cases for line in alone_lines(each, workers, rounds)]
        title = f"The trials of a search as one batch, {of} (targets: two workers {SPEED_UP} x, "
        tables.append((f"{title}{OVERHEAD_MS:g} ms lost per trial)", ALONE, lines))
    text = console_tables(tables)
    if markdown is not None:  # appended: the page is put together by hand
        with markdown.open("a", encoding="utf-8") as file:
            file.write(text + "\n\n")
