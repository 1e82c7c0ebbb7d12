"""AutoDistiller's methods ``standard`` (the full grid) and ``hpm`` side by side.

Run: ``python -m benchmarks grid-vs-hpm [--seeds 1] [--markdown docs/grid-vs-hpm.md]``. Each arm
has a process of its own, one after the other. Finished arms are lines of a file, so that an
interrupted run resumes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from benchmarks.common.datasets import CACHE
from benchmarks.common.pages import page_option, publish
from benchmarks.common.results import add_line, done, read_lines
from benchmarks.grid_vs_hpm.tables import document

#: Sets, and how many of their rows are taken at most.
SETS = {
    "breast_cancer": 10_000,
    "phoneme": 10_000,
    "spambase": 10_000,
    "segment": 10_000,
    "magic": 6_000,
}
ARMS = ("idle", "hpm", "standard", "bare")
#: Where calls are counted by the teacher itself.
COUNTED = "phoneme"
FILE = CACHE / "grid_vs_hpm" / "arms.jsonl"


def tasks(seeds: int) -> list[tuple[str, int, str]]:
    """Return (set, seed, arm), seed by seed."""
    found = [(name, seed, arm) for seed in range(seeds) for name in SETS for arm in ARMS]
    return [*found, (COUNTED, 0, "counted")]


def run(name: str, seed: int, arm: str) -> dict:
    """Run an arm in a new process."""
    module = "benchmarks.grid_vs_hpm.arm"
    command = [sys.executable, "-m", module, name, str(SETS[name]), str(seed), arm]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise click.ClickException(f"{name}, seed {seed}, {arm}:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


@click.command()
@click.option("--seeds", default=1, show_default=True, help="How many seeds.")
@click.option("--tables-only", is_flag=True, help="Run nothing: of the finished arms.")
@page_option
def main(seeds: int, tables_only: bool, markdown: Path | None) -> None:
    """Run the missing arms, then write the tables."""
    known = done(FILE, ("set", "seed", "arm"))
    for task in tasks(seeds):
        if task in known or tables_only:
            continue
        if not known:
            run(*task)  # compiles the kernels, at no arm's cost
        result = run(*task)
        known.add(task)
        add_line(FILE, result)
        click.echo(f"{', '.join(map(str, task))}: {result.get('cpu', 0):.1f} s of CPU", err=True)
    publish(document(read_lines(FILE)), markdown)
