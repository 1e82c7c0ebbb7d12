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


def dated(n: int = 200, *, times: bool = True) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Return rows with two columns of moments, some missing, and labels that depend on them.

    Parameters
    ----------
    n : int
        Rows.
    times : bool
        With times of day, to the minute and to the millisecond; else days alone.
    """
    rng = np.random.default_rng(0)
    minutes = rng.integers(0, 900 * 24 * 60, n)
    when = np.datetime64("2022-01-01", "us") + minutes * np.timedelta64(1, "m")
    until = when + rng.integers(0, 10**9, n) * np.timedelta64(1, "ms")
    if not times:
        when, until = (each.astype("datetime64[D]").astype(each.dtype) for each in (when, until))
    frame = pd.DataFrame(
        {"x": rng.normal(size=n), "when": when, "job": rng.choice(["a", "b"], n), "until": until}
    )
    frame.loc[::9, "when"] = pd.NaT
    target = frame["x"] + 2 * (frame["when"].dt.day_of_week >= 5) + (frame["until"].dt.month < 5)
    return frame, np.asarray(target > 1)
