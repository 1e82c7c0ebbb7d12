"""How a run grows with the rows: seconds and peak memory by phase, and what caps cost.

Run: ``python benchmarks/scale.py [--data classification,adult,magic] [--sizes 10000,100000]
[--workers 2] [--results FILE] [--markdown docs/scale.md]``. Each run is a process of its own
(scale_run.py) and is kept in the file of results, so that a later call may add sizes.
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
from scale_words import CAPS, GROWTH, INTRODUCTION

from hpmkd.engine.row_caps import of_component, of_split
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry
from hpmkd.values import DataFacts

RUN = Path(__file__).with_name("scale_run.py")
DATA = "classification,adult,magic"
SIZES = (10_000, 100_000, 1_000_000)
#: What is aimed at, on 2 cores.
SECONDS, EXPONENT = 300.0, 1.1
TIMES, BESIDE_MB = 3.0, 300.0


@click.command()
@click.option("--data", default=DATA, show_default=True, help="Names, with commas.")
@click.option("--sizes", default="10000,100000", show_default=True, help="Rows, with commas.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path.home() / ".cache" / "hpmkd-benchmarks" / "scale.jsonl",
    show_default=True,
    help="Where runs are kept.",
)
@click.option("--again", is_flag=True, help="Repeat runs that are kept.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here too.")
def main(
    data: str, sizes: str, workers: int, results: Path, again: bool, markdown: Path | None
) -> None:
    """Run every data set at every size, then report all runs that are kept."""
    for n in map(int, filter(None, sizes.split(","))):
        for name in filter(None, data.split(",")):
            if again or (name, n, workers) not in known(results):
                run(name, n, workers, results)
                report(results, markdown)
    click.echo(report(results, markdown))


def run(name: str, n: int, workers: int, results: Path) -> None:
    """Do one run in a new process and keep its line."""
    click.echo(f"{name}, {n:,} rows, {workers} workers", err=True)
    command = [sys.executable, str(RUN), name, str(n), str(workers)]
    line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open("a", encoding="utf-8") as file:
        file.write(line.splitlines()[-1] + "\n")


def kept(results: Path) -> list[dict]:
    """Return the last run of each data set, size and number of workers."""
    lines = results.read_text("utf-8").splitlines() if results.exists() else []
    runs = {(each["data"], each["n"], each["workers"]): each for each in map(json.loads, lines)}
    return [runs[key] for key in sorted(runs)]


def known(results: Path) -> set[tuple[str, int, int]]:
    """Return what has been run."""
    return {(each["data"], each["n"], each["workers"]) for each in kept(results)}


def report(results: Path, markdown: Path | None) -> str:
    """Return all tables as Markdown, and write them to a file if one is given."""
    runs = kept(results)
    intro = INTRODUCTION.format(columns=30, times=TIMES, beside=BESIDE_MB)
    if not runs:
        return written([intro, "## Runs", "None is kept yet.", CAPS, bound()], markdown)
    parts = [intro, "## Runs", table(runs, whole), missing(runs)]
    parts += ["## Seconds by phase", table(runs, phases)]
    parts += ["## Peak memory of the asking process by phase, MB", table(runs, peaks)]
    parts += ["## Growth", GROWTH, growth(runs), "## What was aimed at", aims(runs), CAPS, bound()]
    return written(parts, markdown)


def written(parts: list[str], markdown: Path | None) -> str:
    """Return parts of a page under each other, and write them to a file if one is given."""
    text = "\n\n".join(part for part in parts if part) + "\n"
    if markdown is not None:
        markdown.write_text(text, "utf-8")
    return text


def table(runs: list[dict], row) -> str:
    """Return one row per run as a Markdown table."""
    frame = pd.DataFrame([{**named(each), **row(each)} for each in runs])
    return lines(frame)


def lines(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table."""
    rows = [frame.columns, ["---"] * frame.shape[1], *frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(map(cell, row)) + " |" for row in rows)


def cell(value) -> str:
    """Return a cell as text; nothing where it is missing."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return "" if value is None else str(value)


def named(run: dict) -> dict:
    """Return what tells a run from others."""
    return {"data": run["data"], "rows": f"{run['n']:,}", "workers": run["workers"]}


def missing(runs: list[dict]) -> str:
    """Say which of the data sets and sizes nobody has run; nothing if there are none."""
    run = {(each["data"], each["n"]) for each in runs}
    asked = [(name, n) for name in DATA.split(",") for n in SIZES]
    left = [f"{name} at {n:,} rows" for name, n in asked if (name, n) not in run]
    return f"Not run: {', '.join(left)}." if left else ""


def whole(run: dict) -> dict:
    """Return what a run took and what it came to; log losses are of test rows."""
    return {
        "table MB": round(run["data_mb"]),
        "seconds": round(run["seconds"]),
        "own MB": round(run["own_mb"]),
        "of it libraries": libraries(run),
        "workers MB": " + ".join(f"{each:.0f}" for each in run["worker_mb"]),
        "together MB": round(run["together_mb"]),
        "limit MB": round(limit(run)),
        "models": run["models"],
        "teacher": run["teacher"],
        "student": run["student"],
        "control": run["control"],
        "chosen": run["chosen"],
    }


def libraries(run: dict) -> str | None:
    """Return the memory of all libraries without any data; None of a run of before."""
    if "libraries_mb" not in run:
        return None
    return f"{run['libraries_mb']:.0f} ({run['files_mb']:.0f} files)"


def phases(run: dict) -> dict:
    """Return the seconds of each phase."""
    return {name: round(spent, 1) for name, spent in run["phases"].items()}


def peaks(run: dict) -> dict:
    """Return the peak memory of each phase."""
    return {name: round(peak) for name, peak in run["peaks"].items()}


def limit(run: dict) -> float:
    """Return how much memory a run may take, in MB."""
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


def growth(runs: list[dict]) -> str:
    """Return the exponents as a table; nothing where no data set has two sizes."""
    found = exponents(runs)
    return lines(pd.DataFrame(found)) if found else ""


def aims(runs: list[dict]) -> str:
    """Return each aim and what came of it."""
    rows = [
        {"aim": f"growth of seconds at most rows^{EXPONENT:g}", "run": name(each),
         "measured": each["seconds"], "met": each["seconds"] <= EXPONENT}
        for each in exponents(runs)
    ]  # fmt: skip
    for each in runs:
        most = round(limit(each))
        rows.append(
            {"aim": f"memory of the asking process at most {most} MB", "run": name(named(each)),
             "measured": round(each["own_mb"]), "met": each["own_mb"] <= most}
        )  # fmt: skip
        if each["n"] == 1_000_000 and each["workers"] == 2:
            rows.append(
                {"aim": f"at most {SECONDS:g} s", "run": name(named(each)),
                 "measured": round(each["seconds"]), "met": each["seconds"] <= SECONDS}
            )  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["met"] = frame["met"].map({True: "yes", False: "**no**"})
    return lines(frame)


def name(row: dict) -> str:
    """Return what a run is called in a table of aims."""
    return f"{row['data']}, {row['rows']}"


def bound() -> str:
    """Return what a run on a million rows, a fifth of them for the test, tells of its caps."""
    recipe, facts = Recipe.load("hpm"), DataFacts(800_000, 30, 2)
    parts = resolve(recipe, Registry.installed())
    chosen = {"teacher": parts.teacher, "fuser": parts.fuser, "augmenter": parts.augmenter}
    chosen |= {f"stages.{stage}": selected for stage, selected in parts.stages.items()}
    told = [
        f"{path}.{setting}: {sentence}"
        for path, selected in chosen.items()
        for setting, sentence in of_component(selected, facts).items()
    ]
    notes = "\n".join(f"    {note}" for note in (*of_split(recipe.split, facts.n_rows), *told))
    return f"Of 800,000 training rows (`augmenter.pool` only where rows are made):\n\n{notes}"


if __name__ == "__main__":
    main()
