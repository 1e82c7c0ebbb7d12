"""The same students answered by the C kernel and by numba's, which take turns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from benchmarks.common.timing import milliseconds
from benchmarks.predict.models import Models
from hpmkd.kernels import packed
from hpmkd.student import Student
from hpmkd.testing.datasets import real_problem
from hpmkd.testing.students import known_student

BACKEND_HEADER = ("student", "what", "C, µs", "numba, µs", "C / numba", "aim", "met")
ROWS, MANY, SMALL = 1000, 10_000, 20
KINDS = ("linear", "tree", "additive", "network", "pooled")
Call = Callable[..., Any]


def backend_lines(sizes: Iterable[Models], repeats: int) -> Iterator[tuple[str, ...]]:
    """Yield a line for every student and kind of call."""
    for models in sizes:
        yield from _lines(str(models.size), models.student(raw=True), models.raw, repeats)
    table = real_problem("breast_cancer", mixed=True).table
    for kind in KINDS:
        student = known_student(kind, "breast_cancer", mixed=True)
        yield from _lines(kind, student, table, repeats)


def _lines(name: str, student: Student, table: Any, repeats: int) -> Iterator[tuple[str, ...]]:
    asked = [_ways(student, table, kernels) for kernels in ("c", "numba")]
    for what, (_, n_answers) in asked[0].items():
        calls = [ways[what][0] for ways in asked]
        c, numba = (1e3 * taken / n_answers for taken in milliseconds(calls, repeats))
        met = "yes" if c <= numba else "no"
        yield name, what, f"{c:.3g}", f"{numba:.3g}", f"{c / numba:.2f}", "≤ 1", met


def _ways(student: Student, table: Any, kernels: str) -> dict[str, tuple[Call, int]]:
    """Return, by kind, a call and how many answers it gives."""
    first = table.head(1).astype(object)
    cells = first.where(first.notna(), None).to_dict("records")[0]
    with _answering_by(kernels):
        student = Student(student.encoder, student.model, student.classes)
        answers = student.packed
        row = answers.encode_row(cells)
        matrix = student.encoder.schema.matrix(table, answers.dtype.type)
        many = np.resize(matrix, (MANY, matrix.shape[1]))
        ways = {
            "a row of an array: code": (_often(answers.code, row), ROWS),
            "a row of an array: probabilities": (_often(answers.probabilities, row), ROWS),
            "a dict: predict_one": (_often(student.predict_one, cells), ROWS),
            f"an array of {SMALL} rows": (_often(_table(answers), many[:SMALL]), ROWS),
            f"an array of {MANY:,} rows": (partial(_table(answers), many), 1),
        }
        for call, _ in ways.values():  # a kernel is chosen at its first use
            call()
    return ways


def _table(answers: Any) -> Call:
    """Return the kernel of tables that is chosen now; the student chooses at each call."""
    pooled, words = answers.pooled, answers._words
    kernel = packed.table_kernel(answers.dtype, pooled=pooled, full=answers._full)

    def ask(matrix: Any) -> Any:
        out = np.empty((len(matrix), answers.n_classes))
        assert kernel(matrix, words, True, out) == 0
        return out

    return ask


def _often(call: Call, given: Any) -> Call:
    def ask() -> None:
        for _ in range(ROWS):
            call(given)

    return ask


@contextmanager
def _answering_by(kernels: str) -> Iterator[None]:
    before = os.environ.get(packed.VARIABLE, "")
    os.environ[packed.VARIABLE] = kernels
    packed.backend.cache_clear()
    yield
    os.environ[packed.VARIABLE] = before
    packed.backend.cache_clear()
