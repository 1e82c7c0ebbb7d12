"""The proposal's numbers, each beside what is measured: ``standard``, ``hpm`` and ``proposal``.

Run: ``python -m benchmarks claims [--seeds 1] [--markdown docs/claims.md]``. Each arm has a process
of its own, one after the other. Finished arms are lines of a file, so that an interrupted run
resumes. Lines of other code (the hash of what a run imports) do not count.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.claims.growth import CHANGED
from benchmarks.claims.tables import document
from benchmarks.common.datasets import CACHE, listed
from benchmarks.common.pages import page_option, publish
from benchmarks.common.results import add_line, read_lines
from benchmarks.common.tree import tree_hash

#: Open sets whose columns are numbers, so that all kinds of harm can be done to their rows.
SETS = ("breast_cancer", "wine", "phoneme", "spambase", "magic")
SETS += ("segment", "satimage", "penbased", "texture", "digits")
#: Rows of a set at most, three quarters of them to learn from.
MOST = 1_334
ARMS = ("idle", "hpm", "proposal", "standard")
#: The set on which the teacher itself counts its calls.
COUNTED = "phoneme"
#: The set on which the cost is measured at several sizes, and these.
GROWN, ROWS = "magic", (1_334, 2_667, 5_334)
#: Where other numbers of models are trained, with so many rows: by arm, values of its setting.
OTHERS = {"standard": (2, 5, 20), "proposal": (4, 8, 32)}
FILE = CACHE / "claims" / "arms.jsonl"


class Task(NamedTuple):
    """An arm on some rows of a set, some settings changed."""

    set: str
    most: int
    seed: int
    arm: str
    changed: str = "{}"

    @classmethod
    def of(cls, line: dict) -> Task:
        """Return the task that a line of results is of."""
        changed = json.dumps(line["changed"], sort_keys=True)
        return cls(line["set"], line["most"], line["seed"], line["arm"], changed)


def compared(sets: list[str], seeds: int) -> list[Task]:
    """Return what is compared set by set, seed by seed."""
    found = [Task(name, MOST, seed, arm) for seed in range(seeds) for name in sets for arm in ARMS]
    return [*found, Task(COUNTED, MOST, 0, "counted")]


def grown() -> list[Task]:
    """Return one thing at a time made larger: rows, or models."""
    rows = [Task(GROWN, most, 0, arm) for most in ROWS for arm in ARMS[1:]]
    changed = [
        Task(GROWN, ROWS[1], 0, arm, json.dumps({name: value}))
        for arm, name in CHANGED.items()
        for value in OTHERS[arm]
    ]
    return [*rows, *changed]


def run(task: Task) -> dict:
    """Run an arm in a new process."""
    command = [sys.executable, "-m", "benchmarks.claims.arm"]
    command += [*map(str, task[:4]), "--changed", task.changed]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise click.ClickException(f"{', '.join(map(str, task))}:\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


def lines_of(tree: str) -> dict[Task, dict]:
    """Return the lines of the code of that hash: those of other code do not count."""
    return {Task.of(line): line for line in read_lines(FILE) if line.get("tree") == tree}


@click.command()
@click.option("--seeds", default=1, show_default=True, help="How many seeds.")
@click.option("--sets", default="all", show_default=True, help="Names, separated by commas.")
@click.option("--arms", default="all", show_default=True, help="Run these alone.")
@click.option("--tables-only", is_flag=True, help="Run nothing: of the finished arms.")
@page_option
def main(seeds: int, sets: str, arms: str, tables_only: bool, markdown: Path | None) -> None:
    """Run the missing arms, then write the tables."""
    chosen = listed(arms, [*ARMS, "counted"], "arms")
    tasks = [*compared(listed(sets, SETS, "sets"), seeds), *grown()]
    tree = tree_hash()
    known = set(lines_of(tree))
    for task in tasks:
        if task in known or task.arm not in chosen or tables_only:
            continue
        if not known:
            run(task)  # compiles the kernels, at no arm's cost
        result = run(task)
        known.add(task)
        add_line(FILE, {**result, "tree": tree})
        click.echo(f"{', '.join(map(str, task))}: {result.get('cpu', 0):.1f} s of CPU", err=True)
    lines = lines_of(tree)
    found = [lines[task] for task in compared(SETS, seeds) if task in lines]
    larger = [lines[task] for task in grown() if task in lines]
    publish(document(found, larger, ROWS[1]), markdown)
