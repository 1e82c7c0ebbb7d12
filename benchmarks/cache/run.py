"""Savings of the cache within a first run, a second one, and one by another recipe.

Run: ``python -m benchmarks cache [--sets phoneme] [--markdown docs/cache.md]``. Each run is a
process of its own; the folder of the cache is a temporary one for each set. The runs of a finished
set are lines of a file, so that an interrupted benchmark continues with the next set.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.cache.encoding import encoding_table
from benchmarks.cache.one_run import ARMS
from benchmarks.cache.tables import document
from benchmarks.common.datasets import CACHE, listed
from benchmarks.common.pages import page_option, replace_measured
from benchmarks.common.results import add_line, done, read_lines

SETS = ("breast_cancer", "phoneme", "segment")
FILE = CACHE / "cache" / "runs.jsonl"


def run(name: str, arm: str, folder: str) -> list[dict]:
    """Do the runs of an arm in a new process."""
    command = [sys.executable, "-m", "benchmarks.cache.one_run", name, arm, folder]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise click.ClickException(f"{name}, {arm}:\n{finished.stderr}")
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


def run_set(name: str) -> list[dict]:
    """Do all runs on a set, one after the other."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for arm in ARMS:
            for line in run(name, arm, folder):
                lines.append(line)
                click.echo(f"{name}, {line['arm']}: {line['cpu']:.1f} s of CPU", err=True)
    return lines


def finished() -> list[str]:
    """Return the sets of which every arm is a line of the file."""
    arms = done(FILE, ("set", "arm"))
    return [name for name in SETS if {(name, arm) for arm in ARMS} <= arms]


@click.command()
@click.option("--sets", default="all", show_default=True, help="Names, with commas.")
@click.option("--again", is_flag=True, help="Repeat the sets that are in the file.")
@click.option("--tables-only", is_flag=True, help="Run nothing: of the finished sets.")
@page_option
def main(sets: str, again: bool, tables_only: bool, markdown: Path | None) -> None:
    """Run the missing sets, then write the tables."""
    names = listed(sets, SETS, "sets")
    known = [] if again else finished()
    missing = [] if tables_only else [name for name in names if name not in known]
    if missing:
        run(SETS[0], "no cache", "")  # compiles the kernels, at no arm's cost
    for name in missing:
        for line in run_set(name):
            add_line(FILE, line)
    known = finished()
    if not known:
        raise click.ClickException("no set is finished; run it without --tables-only")
    lines = [each for each in read_lines(FILE, ("set", "arm")) if each["set"] in known]
    left = [name for name in SETS if name not in known]
    text = document(lines, encoding_table(), left)
    click.echo(text)
    if markdown is not None:
        replace_measured(markdown, "cache", text)
