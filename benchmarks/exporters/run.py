"""Where a student is served: size, start, row time and parity of every target.

Run ``python -m benchmarks exporters --markdown docs/serve.md``. Targets take turns, each answer
comes from a fresh process; start is wall time, row time what the process measures. Targets that
this machine lacks are left out, and named.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path

import click
import numpy as np

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.exporters.probe import Measured, Rows, measured
from benchmarks.exporters.targets import Target, targets_of
from benchmarks.runtime.contestants import install_runtime

PAGE = Path(__file__).with_name("page.md")
#: Set, and the stage of its student: numbers alone, ten classes, and text beside numbers.
STUDENTS = {"breast_cancer": "gbm", "digits": "gbm", "german": "gbm", "adult": "logistic"}
HEADER = ("target", "bytes", "start ms", "one row µs", "differs by", "needs beside the file")
N_ROWS = 500


def distilled(name: str) -> tuple[hpmkd.Student, Rows]:
    """Return the student of a set, and some of its rows."""
    table, labels = load(name)
    settings = {"sampler.trials": 1, "memory": "none", "cache.disk": False}
    table, labels = table.iloc[:5_000], labels[:5_000]
    found = hpmkd.distill(table, labels, student=STUDENTS[name], teacher="quick", settings=settings)
    return found.student, Rows(found.student, table.iloc[np.resize(np.arange(len(table)), N_ROWS)])


def line_of(target: Target, runs: list[Measured]) -> tuple[str, ...]:
    """Return the medians of a target as a row of the table."""
    start, row = (statistics.median(each[i] for each in runs) for i in (0, 1))
    worst = max(each.difference for each in runs)
    return (
        target.name, f"{target.size:,}", f"{1e3 * start:.0f}", f"{row:.2f}",
        "same bits" if worst == 0 else f"{worst:.0e}", target.needs,
    )  # fmt: skip


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Processes per target.")
@click.option("--only", help="One set instead of all.")
@page_option
def main(repeats: int, only: str | None, markdown: Path | None) -> None:
    """Measure every target of some students."""
    tables: list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]] = []
    missing: dict[str, str] = {}
    runtime = Path(tempfile.mkdtemp())
    install_runtime(runtime)
    for name in [only] if only else STUDENTS:
        student, rows = distilled(name)
        with tempfile.TemporaryDirectory() as folder:
            targets, lacking = targets_of(student, rows, Path(folder), runtime)
            missing |= {f"{name}: {target}": reason for target, reason in lacking.items()}
            runs = {target.name: [] for target in targets}
            for _ in range(repeats):
                for target in targets:
                    runs[target.name].append(measured(target, rows))
            lines = [line_of(target, runs[target.name]) for target in targets]
        title = f"{name}: {student.model.family}, {len(student.classes)} classes, "
        title += f"{len(student.encoder.schema.columns)} columns"
        tables.append((title, HEADER, lines))
    for name, reason in missing.items():
        click.echo(f"{name} was left out: {reason}", err=True)
    shutil.rmtree(runtime)
    text = console_tables(tables, heading="### ")
    if markdown is not None:
        replace_measured(markdown, "exporters", filled(PAGE, tables=text))
