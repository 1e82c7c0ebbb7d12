"""A new process that answers: hpmkd and hpmkd-runtime by numba, C and NumPy.

Run ``python -m benchmarks runtime --markdown docs/runtime.md``. It installs hpmkd-runtime from the
checkout into a temporary folder, as pip does. The contestants take turns, each in fresh processes
of Python without a site; the tables show medians.
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.predict.models import Models, Size
from benchmarks.runtime.contestants import Contestant, contestants
from hpmkd.student import Student
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.students import known_student

PAGE, PROBE = Path(__file__).with_name("page.md"), Path(__file__).with_name("probe.py")
NEW_HEADER = ("contestant", "import of NumPy, ms", "of ours, ms", "start to first answer, ms")
NEW_HEADER += ("the same by the clock, ms", "memory, MB", "installed, MB", "without .pyc, MB")
NEW_HEADER += ("aims", "met")
TIMES_HEADER = ("student", "contestant", "`predict_one`, µs", "`packed.code`, µs")
TIMES_HEADER += ("10,000 rows, ns per row",)
N_ROWS, N_DICTS = 10_000, 100
#: Imports and first answer in ms, memory and installed size in MB, of hpmkd-runtime.
AIMS = {"import": 100, "first": 150, "memory": 45, "installed": 60}
#: Start to first answer of hpmkd with C, ms.
AIM_OF_HOST = 300

Figures = Mapping[str, float]


def students() -> dict[str, tuple[Student, Any]]:
    """Return students by name, with raw rows."""
    adult, wine = Models(Size("adult", 60, 3)), real_problem("wine", mixed=True).table
    return {
        "adult, 60 trees of depth 3": (adult.student(raw=True), adult.raw),
        "wine, a pool of five": (known_student("pooled", "wine", True), wine),
    }


def write(student: Student, table: Any, path: Path) -> None:
    """Write a student, a row, some rows as dicts and many as numbers."""
    student.save(path)
    some = table.iloc[:N_DICTS].astype(object)
    rows = some.where(some.notna(), None).to_dict("records")
    matrix = student.encoder.schema.matrix(table).astype(student.packed.dtype)
    matrix = matrix[np.arange(N_ROWS) % len(matrix)]
    Path(f"{path}.row").write_text(json.dumps(rows[0]))
    Path(f"{path}.rows").write_bytes(pickle.dumps((rows, matrix)))


def asked(who: Contestant, path: Path, timed: bool) -> Figures:
    """Return what a new process reports."""
    command = [sys.executable, "-I", "-S", str(PROBE), who.module, str(path), str(int(timed))]
    environment = {**os.environ, "HPMKD_KERNELS": who.kernels}
    started = time.time()
    done = subprocess.run(
        [*command, *map(str, who.sites)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    figures: dict[str, float] = json.loads(done.stdout)
    return {**figures, "first": 1e3 * (figures["answered"] - started)}


def medians(who: Sequence[Contestant], path: Path, rounds: int, timed: bool) -> list[Figures]:
    """Return the median figures of each contestant; they take turns, after a round to warm up."""
    found: list[list[Figures]] = [[] for _ in who]
    for turn in range(rounds + 1):
        for each, lines in zip(who, found, strict=True):
            figures = asked(each, path, timed)
            if turn:
                lines.append(figures)
    return [{name: statistics.median(f[name] for f in own) for name in own[0]} for own in found]


def new_line(who: Contestant, told: Figures) -> tuple[str, ...]:
    """Write the measurements of a new process."""
    aims: list[tuple[str, bool]] = []
    if who.module == "hpmkd_runtime":
        measured = {
            "import": told["numpy"] + told["ours"],
            "first": told["cpu"],
            "memory": told["memory"],
            "installed": who.megabytes.whole,
        }
        aims = [(f"{name} ≤ {aim}", measured[name] <= aim) for name, aim in AIMS.items()]
    elif who.kernels == "c":
        aims = [(f"first ≤ {AIM_OF_HOST}", told["cpu"] <= AIM_OF_HOST)]
    shown = [f"{told[name]:.0f}" for name in ("numpy", "ours", "cpu", "first", "memory")]
    shown += [f"{size:.0f}" for size in who.megabytes]
    met = ", ".join("yes" if good else "no" for _, good in aims)
    texts = ", ".join(text for text, _ in aims)
    return who.name, *shown, texts or "-", met or "-"


def measure(folder: Path, rounds: int) -> Iterator[tuple[str, tuple[str, ...], list[Any]]]:
    """Yield title, header and lines of each table."""
    who, paths = contestants(folder), {}
    for at, (name, (student, table)) in enumerate(students().items()):
        paths[name] = folder / f"{at}.hpmkd"
        write(student, table, paths[name])
    name, path = next(iter(paths.items()))
    told = medians(who, path, rounds, timed=False)
    yield f"A new process ({name})", NEW_HEADER, list(map(new_line, who, told))
    lines = []
    for name, path in paths.items():
        for each, times in zip(who[1:], medians(who[1:], path, 3, timed=True), strict=True):
            shown = [f"{times[what]:.3g}" for what in ("dict", "row", "table")]
            lines.append((name, each.name, *shown))
    yield "Then", TIMES_HEADER, lines


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Processes of each contestant.")
@click.option("--quick", is_flag=True, help="3 rounds: does it run?")
@page_option
def main(rounds: int, quick: bool, markdown: Path | None) -> None:
    """Compare the start, memory and speed of students."""
    rounds = 3 if quick else rounds
    with tempfile.TemporaryDirectory() as folder:
        tables = console_tables(measure(Path(folder), rounds), heading="### ")
    load = f"{os.cpu_count()} processors, load {os.getloadavg()[1]:.1f} at the end"
    click.echo(load)
    if markdown is not None:
        text = filled(PAGE, rounds=rounds, tables=tables, load=load, numpy=np.__version__)
        replace_measured(markdown, "runtime", text)
