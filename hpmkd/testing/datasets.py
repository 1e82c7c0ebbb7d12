"""Small real problems that the suites fit on. Every array is read-only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray

#: Two classes, three classes.
PROBLEMS = ("breast_cancer", "wine")
N_ROWS = 150


@dataclass(frozen=True)
class Problem:
    """Rows, labels and an honest teacher.

    Parameters
    ----------
    table : DataFrame of shape (n, d)
        Raw rows: numbers, an integer, a truth value, a text; some cells missing if mixed.
    labels : ndarray of shape (n,)
        Class codes 0 … K-1.
    soft_targets : ndarray of shape (n, K)
        Out-of-fold probabilities of a nearest-neighbour teacher; many are exactly 0.
    classes : ndarray of shape (K,)
        The labels behind the codes: words.
    """

    table: Any
    labels: IntArray
    soft_targets: FloatArray
    classes: NDArray[Any]


@cache
def numeric_problem() -> Problem:
    """Return the wine rows as a plain array without column names."""
    problem = real_problem("wine")
    return replace(problem, table=read_only(problem.table.to_numpy().copy()))


@cache
def real_problem(name: str, mixed: bool = False) -> Problem:
    """Return 150 rows of ``"breast_cancer"`` (K = 2) or ``"wine"`` (K = 3).

    Parameters
    ----------
    name : str
        One of :data:`PROBLEMS`.
    mixed : bool
        Turn some columns into integers, truth values and words, and lose some cells.
    """
    load = {"breast_cancer": load_breast_cancer, "wine": load_wine}[name]
    matrix, codes = load(return_X_y=True)
    chosen = np.random.default_rng(0).permutation(len(codes))[:N_ROWS]
    matrix, codes = matrix[chosen, :6], codes[chosen].astype(np.int64)
    teacher = cross_val_predict(
        KNeighborsClassifier(15), scale(matrix), codes, cv=5, method="predict_proba"
    )
    words = np.array(["left", "middle", "right"][: teacher.shape[1]])
    table = pd.DataFrame(matrix, columns=[f"column {j}" for j in range(6)])
    return Problem(
        table=_mixed(table) if mixed else table,
        labels=read_only(codes),
        soft_targets=read_only(teacher.astype(np.float64)),
        classes=read_only(words),
    )


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself, closed for writing."""
    array.flags.writeable = False
    return array


def _mixed(table: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    first, second, third, *_ = (table[name].to_numpy() for name in table.columns)
    words = np.array(["low", "medium", "high"], dtype=object)[
        np.digitize(first, np.quantile(first, [0.3, 0.7]))
    ]
    words[rng.random(len(table)) < 0.2] = None
    holes = table["column 3"].mask(pd.Series(rng.random(len(table)) < 0.2))
    return table.assign(
        **{
            "column 0": words,
            "column 1": np.round(second).astype(np.int64),
            "column 2": third > np.median(third),
            "column 3": holes,
        }
    )


def check_probabilities(probabilities: FloatArray, n: int, n_classes: int) -> None:
    """Assert that an array holds one distribution over the classes per row."""
    assert probabilities.shape == (n, n_classes)
    assert np.isfinite(probabilities).all(), "a probability is NaN or infinite"
    assert probabilities.min() >= 0.0, "a probability is negative"
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
