"""Students as Python files: size, time to load, time of a row and of many, parity.

Run ``python -m benchmarks exporters-python --markdown docs/exporters-python.md``. One thread; CPU
times, medians of contestants that take turns. Rows are those of the set, as dicts; many are
columns of arrays.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import xgboost as xgb

import hpmkd
from benchmarks.common.datasets import load
from benchmarks.common.pages import console_tables, filled, page_option, replace_measured
from benchmarks.common.timing import milliseconds
from hpmkd.student import Pool, Schema, Student, TreeEncoder, pack_booster, pool_students
from hpmkd_defaults.exporters.python.parity import check_parity, run_source
from hpmkd_defaults.exporters.python.source import to_python

ROWS = 200
BATCH = 10_000
MOST_ROWS = 6_000
PAGE = Path(__file__).with_suffix(".md")
HEADER = ("set", "K", "columns", "student", ".hpmkd bytes", ".py bytes", "loads in ms")
HEADER += ("one row µs", "without NumPy µs", f"{BATCH:,} rows ms", "the student ms", "differs by")


def boosted(table, labels, n_trees: int) -> Student:
    """Return a student of two classes with so many trees of 16 leaves."""
    schema = Schema.fit(table)
    encoder = TreeEncoder.fit(schema, table)
    settings = {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 16}
    settings |= {"max_depth": 0, "eta": 0.1, "nthread": 1}
    classes, codes = np.unique(labels, return_inverse=True)
    booster = xgb.train(settings, xgb.DMatrix(encoder.transform(table), codes), n_trees)
    return Student(encoder, pack_booster(booster, 1), classes)


def students(name: str, table, labels) -> Iterator[Student]:
    """Distil students of a set, of every family; of two classes, also some of known sizes."""
    settings = {"sampler.trials": 1, "memory": "none", "cache.disk": False}
    found = {
        stage: hpmkd.distill(
            table, labels, student=stage, teacher="quick", settings=settings
        ).student
        for stage in ("logistic", "tree", "gbm", "network")
    }
    yield from found.values()
    members = [found[stage] for stage in ("logistic", "gbm", "network")]
    yield pool_students(members, Pool.mean(3, len(members[0].classes)), {})
    if len(np.unique(labels)) == 2:
        yield from (boosted(table, labels, n_trees) for n_trees in (80, 240))


def cells(name: str, table, student: Student, repeats: int) -> tuple[str, ...]:
    """Export a student, measure, and write that as a row of the table."""
    source = to_python(student)
    check_parity(student, source)
    few = table.iloc[:ROWS].to_dict("records")
    many = table.iloc[np.resize(np.arange(len(table)), BATCH)]
    columns = {column: many[column].to_numpy() for column in many}
    module, plain = run_source(source), run_source(source)
    plain["numpy"] = None
    contestants = (
        lambda: run_source(source),
        lambda: [module["predict_proba"](row) for row in few],
        lambda: [plain["predict_proba"](row) for row in few],
        lambda: module["predict_proba_many"](columns),
        lambda: student.predict_proba(many),
    )
    loading, row, alone, batch, original = milliseconds(contestants, repeats)
    difference = np.abs(module["predict_proba_many"](table) - student.predict_proba(table)).max()
    return (
        name, str(len(student.classes)), str(len(student.encoder.schema.columns)),
        student.model.family, f"{student.n_bytes:,}", f"{len(source.encode()):,}", f"{loading:.0f}",
        f"{1e3 * row / ROWS:.1f}", f"{1e3 * alone / ROWS:.1f}", f"{batch:.0f}", f"{original:.0f}",
        f"{difference:.0e}",
    )  # fmt: skip


@click.command()
@click.option("--repeats", default=7, show_default=True, help="Measured rounds per line.")
@page_option
def main(repeats: int, markdown: Path | None) -> None:
    """Measure the exported students of three sets."""
    lines = []
    for name in ("breast_cancer", "adult", "digits"):
        table, labels = load(name)
        chosen = np.random.default_rng(0).permutation(len(table))[:MOST_ROWS]
        table, labels = table.iloc[chosen].reset_index(drop=True), np.asarray(labels)[chosen]
        lines += [cells(name, table, each, repeats) for each in students(name, table, labels)]
    shown = console_tables([("", HEADER, lines)]).strip()
    if markdown is not None:
        text = filled(PAGE, python=platform.python_version(), numpy=np.__version__, table=shown)
        replace_measured(markdown, "exporters-python", text)
