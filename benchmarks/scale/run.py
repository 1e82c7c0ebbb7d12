"""Seconds and peak memory of a run by phase as the rows grow.

Run: ``python -m benchmarks scale [--data classification,adult,magic] [--sizes 10000,100000]
[--workers 2] [--results FILE] [--markdown docs/scale.md]``. Each run is a process of its own
(``one_run.py``) and a line in the file of results, so that a later call may add sizes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import pandas as pd

from benchmarks.common.datasets import CACHE
from benchmarks.common.pages import filled, frame_table, page_option, publish
from benchmarks.common.results import add_line, done, key_of, read_lines
from hpmkd.engine.row_caps import of_component, of_split
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry
from hpmkd.values import DataFacts

PAGE = Path(__file__).with_name("page.md")
KEY = ("data", "n", "workers")
DATA = "classification,adult,magic"
SIZES = (10_000, 100_000, 1_000_000)
#: Aims, on 2 cores.
SECONDS, EXPONENT = 300.0, 1.1
TIMES, BESIDE_MB = 3.0, 300.0


@click.command()
@click.option("--data", default=DATA, show_default=True, help="Names, with commas.")
@click.option("--sizes", default="10000,100000", show_default=True, help="Rows, with commas.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=CACHE / "scale.jsonl",
    show_default=True,
    help="File of runs.",
)
@click.option("--again", is_flag=True, help="Repeat runs that are in the file.")
@page_option
def main(
    data: str, sizes: str, workers: int, results: Path, again: bool, markdown: Path | None
) -> None:
    """Run every data set at every size, then report all runs of the file."""
    for n in map(int, filter(None, sizes.split(","))):
        for name in filter(None, data.split(",")):
            if again or (name, n, workers) not in done(results, KEY):
                run(name, n, workers, results)
                # After each run, for the next may take long.
                publish(report(results), markdown)
    publish(report(results), markdown)


def run(name: str, n: int, workers: int, results: Path) -> None:
    """Do one run in a new process and add its line."""
    click.echo(f"{name}, {n:,} rows, {workers} workers", err=True)
    command = [sys.executable, "-m", "benchmarks.scale.one_run", name, str(n), str(workers)]
    line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    add_line(results, json.loads(line.splitlines()[-1]))


def report(results: Path) -> str:
    """Return the page about all runs of a file."""
    runs = sorted(read_lines(results, KEY), key=lambda run: key_of(run, KEY))
    return filled(
        PAGE,
        runs=table(runs, whole),
        missing=missing(runs),
        phases=table(runs, phases),
        peaks=table(runs, peaks),
        growth=lines(exponents(runs)),
        aims=lines(aims(runs)),
        caps=bound(),
    )


def table(runs: list[dict], row) -> str:
    """Return one row per run as a Markdown table."""
    return lines([{**named(each), **row(each)} for each in runs])


def lines(rows: list[dict]) -> str:
    """Return rows as a Markdown table."""
    return frame_table(pd.DataFrame(rows).astype(object).map(cell)) if rows else "None yet."


def cell(value) -> str:
    """Return a cell as text; nothing where it is missing."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return "" if value is None else str(value)


def named(run: dict) -> dict:
    """Return the columns that name a run."""
    return {"data": run["data"], "rows": f"{run['n']:,}", "workers": run["workers"]}


def missing(runs: list[dict]) -> str:
    """Name the data sets and sizes that were not run."""
    run = {(each["data"], each["n"]) for each in runs}
    planned = [(name, n) for name in DATA.split(",") for n in SIZES]
    left = [f"{name} at {n:,} rows" for name, n in planned if (name, n) not in run]
    return f"Not run: {', '.join(left)}." if left else "All sizes of all sets were run."


def whole(run: dict) -> dict:
    """Return the cost of a run and its log losses on the test rows."""
    return {
        "table MB": round(run["data_mb"]),
        "seconds": round(run["seconds"]),
        "CPU seconds": round(run["cpu_seconds"]),
        "own MB": round(run["own_mb"]),
        "libraries MB": f"{run['libraries_mb']:.0f} ({run['files_mb']:.0f} files)",
        "beside them MB": round(beside(run)),
        "workers MB": " + ".join(f"{each:.0f}" for each in run["worker_mb"]),
        "together MB": round(run["together_mb"]),
        "limit MB": round(limit(run)),
        "models": run["models"],
        "teacher": run["teacher"],
        "student": run["student"],
        "control": run["control"],
        "chosen": run["chosen"],
    }


def phases(run: dict) -> dict:
    """Return the seconds of each phase."""
    return {name: round(spent, 1) for name, spent in run["phases"].items()}


def peaks(run: dict) -> dict:
    """Return the peak memory of each phase."""
    return {name: round(peak) for name, peak in run["peaks"].items()}


def beside(run: dict) -> float:
    """Return the peak memory of the calling process beside its libraries, in MB."""
    return run["own_mb"] - run["libraries_mb"]


def limit(run: dict) -> float:
    """Return how much memory a run may take beside the libraries, in MB."""
    return TIMES * run["data_mb"] + BESIDE_MB


def exponents(runs: list[dict]) -> list[dict]:
    """Return how seconds grow from one size to the next: as rows to the power of this."""
    found = []
    for before, after in pairwise(runs):
        if (before["data"], before["workers"]) == (after["data"], after["workers"]):
            larger = np.log(after["n"] / before["n"])
            names = [each for each in before["phases"] if each in after["phases"]]
            spent = {"seconds": (before["seconds"], after["seconds"])}
            spent |= {each: (before["phases"][each], after["phases"][each]) for each in names}
            sizes = {"rows": f"{before['n']:,} to {after['n']:,}"}
            power = {name: round(np.log(b / a) / larger, 2) for name, (a, b) in spent.items()}
            found.append({**named(before), **sizes, **power})
    return found


def aims(runs: list[dict]) -> list[dict]:
    """Return each aim, the measurement, and whether it is met."""
    rows = [
        {"target": f"growth of seconds at most rows^{EXPONENT:g}", "run": name(each),
         "measured": each["seconds"], "met": each["seconds"] <= EXPONENT}
        for each in exponents(runs)
    ]  # fmt: skip
    for each in runs:
        most = round(limit(each))
        rows.append(
            {"target": f"memory beside the libraries at most {most} MB", "run": name(named(each)),
             "measured": round(beside(each)), "met": beside(each) <= most}
        )  # fmt: skip
        if each["n"] == 1_000_000 and each["workers"] == 2:
            rows.append(
                {"target": f"at most {SECONDS:g} s", "run": name(named(each)),
                 "measured": round(each["seconds"]), "met": each["seconds"] <= SECONDS}
            )  # fmt: skip
    return [{**each, "met": "yes" if each["met"] else "**no**"} for each in rows]


def name(row: dict) -> str:
    """Return what a run is called in a table of aims."""
    return f"{row['data']}, {row['rows']}"


def bound() -> str:
    """Return the caps that bind in a run on a million rows, a fifth of them for the test."""
    recipe, facts = Recipe.load("hpm"), DataFacts(800_000, 30, 2)
    parts = resolve(recipe, Registry.installed())
    chosen = {"teacher": parts.teacher, "fuser": parts.fuser, "augmenter": parts.augmenter}
    chosen |= {f"stages.{stage}": selected for stage, selected in parts.stages.items()}
    found = [
        f"{path}.{setting}: {sentence}"
        for path, selected in chosen.items()
        for setting, sentence in of_component(selected, facts).items()
    ]
    notes = "\n".join(f"    {note}" for note in (*of_split(recipe.split, facts.n_rows), *found))
    return f"Of 800,000 training rows (`augmenter.pool` only where rows are made):\n\n{notes}"
