"""Students as C beside tl2cgen's compiled trees of the same boosters: row time, size, compile time.

Run ``python -m benchmarks exporters-c --markdown docs/exporters-c.md``. One thread; CPU times,
medians of contestants that take turns; ``pip install tl2cgen treelite`` first. A loop in C calls
each contestant, one row after another; the rows are all different, so that no branch can be
learned by heart. What each reads is made beforehand.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import xgboost as xgb

from benchmarks.common.datasets import load
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.common.timing import clocked, milliseconds
from hpmkd.student import Schema, Student, fit_encoder, pack_booster
from hpmkd.testing.students import EVERY_KIND, fitted_student
from hpmkd_defaults.exporters.c.file import to_c

N_ROWS = 10_000
#: Share of the cells of a row that are those of other rows.
SHARE = 0.15
PAGE = Path(__file__).with_suffix(".md")
FLAGS = ("-std=c99", "-O3", "-ffp-contract=off", "-fPIC", "-shared")
LOOPS = """
#include <stddef.h>
void ours(void (*ask)(const double *, double *), const double *rows, double *out,
          size_t n, size_t width, size_t n_out)
{
    for (size_t k = 0; k < n; k++)
        ask(rows + k * width, out + k * n_out);
}
void theirs(void (*ask)(const int *, int, float *), const int *rows, float *out,
            size_t n, size_t width, size_t n_out)
{
    for (size_t k = 0; k < n; k++)
        ask(rows + k * width, 0, out + k * n_out);
}
"""
LEVELS = {"tree_method": "hist", "max_depth": 3}
LEAVES = {"tree_method": "hist", "max_depth": 0, "grow_policy": "lossguide", "max_leaves": 16}
#: Set, how its trees are grown, and rounds.
BOOSTERS = (
    ("breast_cancer", LEVELS, 80),
    ("german", LEVELS, 60),
    ("adult", LEVELS | {"max_depth": 4}, 100),
    ("digits", LEVELS, 80),
    ("german", LEAVES, 240),
    ("adult", LEAVES | {"eta": 0.1}, 240),
    ("digits", LEAVES, 40),
    ("adult", LEAVES, 1),
    ("adult", LEAVES | {"max_leaves": 64}, 20),
)
HEADER = ("set", "K", "trees", "leaves of a tree", ".c bytes", "written s", "compiled s")
HEADER += ("tl2cgen compiled s", "row ns", "tl2cgen row ns", "times as fast")
FAMILY_HEADER = (
    "student",
    "set",
    "K",
    ".c bytes",
    "written s",
    "compiled s",
    "row ns",
    "differs by",
)


class Library(NamedTuple):
    """A student as C, compiled."""

    ask: Any
    n_bytes: int
    written: float
    compiled: float


def compiled(student: Student, folder: str) -> Library:
    """Write a student as C, and compile it."""
    source, target = (Path(folder, f"student.{suffix}") for suffix in ("c", "so"))
    written, content = clocked(lambda: to_c(student, "student"))
    source.write_text(content, "utf-8")
    command = ["gcc", *FLAGS, str(source), "-o", str(target), "-lm"]
    taken, _ = clocked(lambda: subprocess.run(command, check=True))
    loaded = ctypes.CDLL(str(target)).student_probabilities
    return Library(loaded, len(content.encode()), written, taken)


def loops(folder: str) -> Any:
    """Compile the loops that call the contestants."""
    source, target = Path(folder, "loops.c"), Path(folder, "loops.so")
    source.write_text(LOOPS)
    subprocess.run(["gcc", *FLAGS, str(source), "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


def address(array: np.ndarray) -> ctypes.c_void_p:
    """Return an array as C takes it."""
    return array.ctypes.data_as(ctypes.c_void_p)


def calling(loop: Any, ask: Any, rows: np.ndarray, out: np.ndarray) -> Callable[[], None]:
    """Return a function that predicts all rows."""
    sizes = [ctypes.c_size_t(each) for each in (*rows.shape, out.shape[1])]
    pointer = ctypes.cast(ask, ctypes.c_void_p)
    return lambda: loop(pointer, address(rows), address(out), *sizes)


def mixed_rows(matrix: np.ndarray) -> np.ndarray:
    """Return rows that are all different: some cells are those of other rows."""
    rng = np.random.default_rng(0)
    rows = matrix[rng.integers(0, len(matrix), N_ROWS)]
    other = np.take_along_axis(matrix, rng.integers(0, len(matrix), rows.shape), axis=0)
    return np.ascontiguousarray(np.where(rng.random(rows.shape) < SHARE, other, rows))


def against_tl2cgen(
    name: str, growth: dict[str, Any], rounds: int, repeats: int
) -> tuple[str, ...]:
    """Measure a booster as C of both kinds; return a row of the table."""
    import tl2cgen
    import treelite

    table, labels = load(name)
    n_classes, schema = len(np.unique(labels)), Schema.fit(table)
    encoder = fit_encoder("tree", schema, table)
    settings = {"nthread": 1, "seed": 0, "objective": "binary:logistic"} | growth
    if n_classes > 2:
        settings |= {"objective": "multi:softprob", "num_class": n_classes}
    booster = xgb.train(settings, xgb.DMatrix(encoder.transform(table), labels), rounds)
    n_margins = 1 if n_classes == 2 else n_classes
    student = Student(encoder, pack_booster(booster, n_margins), range(n_classes))
    rows = mixed_rows(schema.matrix(table))
    with tempfile.TemporaryDirectory() as folder:
        library, both = compiled(student, folder), loops(folder)
        path = Path(folder, "trees.so")
        model, options = treelite.frontend.from_xgboost(booster), {"parallel_comp": os.cpu_count()}
        taken, _ = clocked(lambda: tl2cgen.export_lib(model, "gcc", path, options))
        singles = np.ascontiguousarray(rows[:, list(encoder.places)], dtype=np.float32)
        cells = np.where(np.isnan(singles), -1, singles.view(np.int32))  # -1 is a missing cell
        out, single_out = np.zeros((N_ROWS, n_classes)), np.zeros((N_ROWS, n_margins), np.float32)
        theirs = calling(both.theirs, ctypes.CDLL(str(path)).predict, cells, single_out)
        theirs()  # it adds to what is there
        times = milliseconds((calling(both.ours, library.ask, rows, out), theirs), repeats)
        first = np.zeros_like(single_out)
        calling(both.theirs, ctypes.CDLL(str(path)).predict, cells, first)()
    assert np.array_equal(out, student.packed.probabilities_of(rows))
    np.testing.assert_allclose(first, out[:, -n_margins:], atol=1e-5)
    ours, rival = (1e6 * each / N_ROWS for each in times)
    leaves = student.model.leaf_values.shape[0] / student.model.n_trees
    return (
        name, str(n_classes), str(student.model.n_trees), f"{leaves:.0f}", f"{library.n_bytes:,}",
        f"{library.written:.2f}", f"{library.compiled:.2f}", f"{taken:.1f}", f"{ours:,.0f}",
        f"{rival:,.0f}", f"{rival / ours:.1f}",
    )  # fmt: skip


def of_family(family: str, name: str, repeats: int) -> tuple[str, ...]:
    """Measure a student of a family as C; return a row of the table."""
    table, labels = load(name)
    student = fitted_student(family, table, labels)
    rows = mixed_rows(student.encoder.schema.matrix(table))
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(student, folder)
        out = np.zeros((N_ROWS, len(student.classes)))
        (time,) = milliseconds([calling(loops(folder).ours, library.ask, rows, out)], repeats)
    difference = np.abs(out - student.packed.probabilities_of(rows)).max()
    return (
        family, name, str(len(student.classes)), f"{library.n_bytes:,}", f"{library.written:.2f}",
        f"{library.compiled:.2f}", f"{1e6 * time / N_ROWS:,.0f}", f"{difference:.0e}",
    )  # fmt: skip


@click.command()
@click.option("--repeats", default=9, show_default=True, help="Measured rounds per line.")
@page_option
def main(repeats: int, markdown: Path | None) -> None:
    """Measure boosters beside tl2cgen, and a student of each family."""
    boosters = [against_tl2cgen(*case, repeats) for case in BOOSTERS]
    families = [
        of_family(each, name, repeats) for name in ("adult", "digits") for each in EVERY_KIND
    ]
    tables = [
        console_tables([("", HEADER, boosters)]),
        console_tables([("", FAMILY_HEADER, families)]),
    ]
    if markdown is not None:
        versions = {name: version(name) for name in ("tl2cgen", "treelite")}
        parts = dict(zip(("boosters", "families"), map(str.strip, tables), strict=True))
        replace_measured(
            markdown, "exporters-c", filled(PAGE, **versions, **parts, rows=f"{N_ROWS:,}")
        )
