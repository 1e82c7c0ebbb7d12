"""Packed students of every kind, and odd rows for them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.datasets import load_digits

from hpmkd.student import Schema, Student, fit_encoder, pack_booster
from hpmkd.testing.datasets import dated, real_problem
from hpmkd.testing.students import EVERY_KIND, WITH_ATTENTION, fitted_student, known_student

ODD = (
    *(np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-45, -1e-45, 3e38, -3e38),
    *(1e300, -1e300, 5e-324, 2.0**31, -(2.0**53)),
)


class Case(NamedTuple):
    """What a packed student is of."""

    kind: str  # a family, "pooled", or trees of some depth
    rows: str  # "numbers", "mixed" or "dates"
    n_classes: int

    def __str__(self) -> str:
        return f"{self.kind}-{self.rows}-{self.n_classes}"


#: Depths of perfect trees, and one at which trees are walked.
DEPTHS = (1, 2, 3, 4, 7)
CASES = (
    *(
        Case(kind, rows, n)
        for kind in WITH_ATTENTION
        for rows in ("numbers", "mixed")
        for n in (2, 3)
    ),
    *(Case(kind, "dates", 2) for kind in EVERY_KIND),
    *(Case(f"depth {depth}", "numbers", n) for depth in DEPTHS for n in (2, 10)),
    *(Case(f"vectors {depth}", "numbers", 10) for depth in DEPTHS),
)


@cache
def table_of(case: Case) -> pd.DataFrame:
    """Return the raw rows that the student of a case was fitted on."""
    if case.rows == "dates":
        return dated()[0]
    if case.n_classes == 10:
        return pd.DataFrame(load_digits().data[:300, :40]).rename(columns=str)
    return real_problem(_problem(case), case.rows == "mixed").table


@cache
def student_of(case: Case) -> Student:
    """Return the student of a case."""
    if case.rows == "dates":
        return fitted_student(case.kind, *dated())
    if case.kind in WITH_ATTENTION:
        return known_student(case.kind, _problem(case), case.rows == "mixed")
    return _boosted(case, *case.kind.split())


@cache
def rows_of(case: Case, n: int = 300) -> np.ndarray:
    """Return encoded rows of a case, float64 of shape (n, d), a fifth of whose cells are odd."""
    rng = np.random.default_rng(0)
    matrix = student_of(case).encoder.schema.matrix(table_of(case), np.float64)
    matrix = matrix[rng.integers(0, len(matrix), n)]
    odd = rng.random(matrix.shape) < rng.choice([0.0, 0.2, 1.0], (n, 1), p=[0.2, 0.7, 0.1])
    matrix[odd] = rng.choice(ODD, odd.sum())
    matrix.flags.writeable = False
    return matrix


def _problem(case: Case) -> str:
    return "breast_cancer" if case.n_classes == 2 else "wine"


def _boosted(case: Case, leaves: str, depth: str) -> Student:
    """Boost trees of a depth, whose leaves hold one value or one per class."""
    table = table_of(case)
    codes = load_digits().target[: len(table)] if case.n_classes == 10 else _labels(_problem(case))
    encoder = fit_encoder("tree", Schema.fit(table), table)
    settings = {"objective": "binary:logistic", "nthread": 1, "max_depth": int(depth)}
    if case.n_classes > 2:
        settings |= {"objective": "multi:softprob", "num_class": case.n_classes}
    if leaves == "vectors":
        settings["multi_strategy"] = "multi_output_tree"
    booster = xgb.train(settings, xgb.DMatrix(encoder.transform(table), codes), 7)
    model = pack_booster(booster, 1 if case.n_classes == 2 else case.n_classes)
    return Student(encoder, model, range(case.n_classes))


def _labels(problem: str) -> np.ndarray:
    return real_problem(problem).labels
