"""The answer of an arm of the chain benchmark, and the size of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import xgboost

from hpmkd.student import Student


@dataclass(frozen=True)
class Answer:
    """The predictions of an arm for the test rows.

    Parameters
    ----------
    probabilities : ndarray of shape (m, K)
        Of the test rows.
    ubj : int or None
        Bytes of the model as XGBoost's UBJ, without encoder.
    packed : int or None
        Bytes as a ``.hpmkd`` file, with encoder.
    choice : mapping
        What the arm chose; plain JSON values.
    """

    probabilities: np.ndarray
    ubj: int | None = None
    packed: int | None = None
    choice: Mapping[str, Any] = field(default_factory=dict)


def answered(student: Student, table: Any, **choice: Any) -> Answer:
    """Return the answer of a student, with its size; `choice` is passed on."""
    return Answer(student.predict_proba(table), student_ubj(student), student.n_bytes, choice)


def student_ubj(student: Student) -> int:
    """Return what a student would weigh as UBJ; see :func:`ubj_bytes`.

    Linear margins, also beside trees, count 4 bytes a coefficient.
    """
    model = student.model
    parts = [model, *(getattr(model, name, None) for name in ("trees", "linear"))]
    nodes = trees = numbers = 0
    for part in parts:
        trees += getattr(part, "n_trees", 0)
        nodes += len(getattr(part, "features", ()))
        numbers += getattr(getattr(part, "coefficients", None), "size", 0)
    return 4 * numbers + (ubj_bytes(trees, nodes) if trees else 0)


def ubj_bytes(n_trees: int, n_nodes: int) -> int:
    """Return the size of a booster of so many trees and nodes (leaves too) as UBJ.

    UBJ holds arrays of fixed width, so that the size is linear in both but for the digits of
    a few numbers: read off three boosters, it is right within 1 %.
    """
    start, tree, node = _ubj_line()
    return round(start + tree * n_trees + node * n_nodes)


@lru_cache(maxsize=1)
def _ubj_line() -> np.ndarray:
    rng = np.random.default_rng(0)
    matrix = xgboost.DMatrix(rng.normal(size=(500, 4)), rng.integers(0, 2, 500))
    rows, sizes = [], []
    for rounds, leaves in ((10, 8), (40, 8), (40, 16)):
        shape = {"grow_policy": "lossguide", "max_depth": 0, "max_leaves": leaves, "nthread": 1}
        booster = xgboost.train({**shape, "min_child_weight": 0}, matrix, rounds)
        nodes = len(booster.trees_to_dataframe())
        rows.append([1, rounds, nodes])
        sizes.append(len(booster.save_raw("ubj")))
    return np.linalg.solve(np.array(rows, dtype=float), np.array(sizes, dtype=float))
