"""Students of every family, quickly fitted: what the exporter suite exports."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost as xgb
from sklearn.tree import DecisionTreeClassifier

from hpmkd.student import (
    LinearModel,
    NetworkModel,
    Pool,
    PoolAttention,
    Schema,
    Student,
    TreeEncoder,
    add,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
    pool_students,
)
from hpmkd.testing.datasets import real_problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import TreesModel
    from hpmkd.values import FloatArray, IntArray

#: The families of students that a stage of hpmkd makes.
FAMILIES = ("linear", "tree", "boosted", "additive", "network")

#: Those, and an ensemble of them all.
EVERY_KIND = (*FAMILIES, "pooled")

#: Those, and an ensemble that weighs its members row by row.
WITH_ATTENTION = (*EVERY_KIND, "attended")


@cache
def known_student(family: str, problem: str, mixed: bool) -> Student:
    """Return a student of a family, fitted on a problem.

    Parameters
    ----------
    family : str
        One of :data:`WITH_ATTENTION`.
    problem, mixed
        As for :func:`hpmkd.testing.datasets.real_problem`; with categories and missing cells
        if `mixed`.
    """
    found = real_problem(problem, mixed)
    return fitted_student(family, found.table, found.classes[found.labels])


#: Names of columns, categories and labels that break what does not quote them.
ODD_NAMES = (
    *("select", "class", "while", "label", "probabilities", "None", "1", "-1e5", "a-b", "A-B"),
    *("it's", '"quoted"', "`tick`", "two\nlines", "\r\n", "tab\t", "a\\", "\\n", "%s %d", "{x}"),
    *(
        "${x}",
        "*/ int x; /*",
        "// x",
        "-- x",
        "# x",
        "??/",
        "</script>",
        "<b>",
        "&amp;",
        " ",
        " a ",
    ),
    *("a,b;c", "ÄÖ", "\u2028", "\u202e", "\ufeff", "😀", "e\u0301", "é", "\x00", "a\x00b", "\x7f"),
    "x" * 10_000,
)


@cache
def odd_student(family: str) -> Student:
    """Return a student of three classes, with a number, a category and labels of odd names.

    Every one of :data:`ODD_NAMES` is the name of a column, and a category of two of them.

    Parameters
    ----------
    family : str
        One of :data:`WITH_ATTENTION`.
    """
    return fitted_student(family, *odd_problem())


def odd_problem() -> tuple[Any, NDArray[Any]]:
    """Return the rows (n, d), a frame, and the labels (n,) of :func:`odd_student`."""
    import pandas as pd

    rng, n_rows = np.random.default_rng(0), 40 * len(ODD_NAMES)
    names = np.array(ODD_NAMES, dtype=object)
    cells: dict[str, Any] = {name: rng.normal(size=n_rows).round(3) for name in ODD_NAMES}
    cells |= {name: rng.choice(names, n_rows) for name in ODD_NAMES[:2]}
    score = cells["while"] + np.array([len(text) % 3 for text in cells["select"]])
    labels = np.array(["it's", 'a "b"\n\\', "😀*/"])
    return pd.DataFrame(cells), labels[np.digitize(score, [0.0, 1.5])]


def fitted_student(family: str, table: Any, target: Any, **facts: Any) -> Student:
    """Fit a student of a family.

    Parameters
    ----------
    family : str
        One of :data:`WITH_ATTENTION`. The weights of linear margins and of networks are drawn, not
        fitted.
    table : DataFrame or ndarray of shape (n, d)
        Raw rows.
    target : array-like of shape (n,)
        Labels.
    **facts
        Of the student.
    """
    if family in ("pooled", "attended"):
        members = [fitted_student(each, table, target) for each in FAMILIES]
        pool = _pool(len(members[0].classes))
        pool = replace(pool, attention=_attention()) if family == "attended" else pool
        return pool_students(members, pool, facts)
    classes, codes = np.unique(np.asarray(target), return_inverse=True)
    schema = Schema.fit(table)
    if family == "additive":
        return _additive(fitted_student("linear", table, target, **facts), table, codes)
    scaled = family in ("linear", "network")
    encoder = fit_encoder("linear" if scaled else "tree", schema, table)
    matrix = encoder.transform(table)
    if family == "linear":
        n_margins = _n_margins(codes)
        weights = np.random.default_rng(0).normal(size=(encoder.n_outputs, n_margins))
        linear = LinearModel(weights, np.linspace(-1, 1, n_margins))
        return Student(encoder, linear, classes, facts)
    if family == "network":
        return Student(encoder, _network(encoder.n_outputs, _n_margins(codes)), classes, facts)
    if family == "tree":
        tree = DecisionTreeClassifier(max_leaf_nodes=9, random_state=0).fit(matrix, codes).tree_
        return Student(encoder, pack_sklearn_tree(tree, tree.value[:, 0, :]), classes, facts)
    return Student(encoder, _boosted(matrix, codes), classes, facts)


def _attention() -> PoolAttention:
    """Return weights of each row's own; some rows are beyond the range of features."""
    coefficients = np.random.default_rng(0).normal(size=(len(FAMILIES), 3))
    return PoolAttention([0.7, 0.4, 0.4], [0.1, 0.2, 0.05], coefficients)  # type: ignore[arg-type]


def _pool(n_classes: int) -> Pool:
    """Return a pool that makes use of all that it has."""
    temperatures, weights, exponents = np.array(
        [[0.5, 1.0, 2.0, 1.5, 1.2], [0.3, 0.1, 0.2, 0.3, 0.1], [0.5, 0.0, 0.7, 0.2, 0.1]]
    )
    offsets = np.linspace(-0.1, 0.1, n_classes)
    return Pool(temperatures, weights, exponents, offsets, share=0.5, final_temperature=0.9)


def _network(n_inputs: int, n_margins: int) -> NetworkModel:
    """Return two hidden layers, of five and three units."""
    rng, sizes = np.random.default_rng(0), (n_inputs, 5, 3, n_margins)
    weights = [rng.normal(size=shape) for shape in pairwise(sizes)]
    return NetworkModel(weights, [rng.normal(size=size) for size in sizes[1:]])


def _additive(start: Student, table: Any, codes: IntArray) -> Student:
    """Boost trees on top of a linear student, its margins clipped to their middle half."""
    assert isinstance(start.model, LinearModel), "what trees are put on top of"
    linear = start.model.margins(start.encoder.transform(table))
    low, high = np.quantile(linear, [0.25, 0.75], axis=0).astype(np.float32)
    encoder = TreeEncoder.fit(start.encoder.schema, table)
    margins = np.clip(linear, low, high)
    trees = _boosted(encoder.transform(table), codes, margins)
    return add(start, trees, encoder, low, high)


def _boosted(matrix: FloatArray, codes: IntArray, start: NDArray[Any] | None = None) -> TreesModel:
    """Boost six rounds, from margins of shape (n, C) if there are some."""
    n_margins = _n_margins(codes)
    settings: dict[str, Any] = {"objective": "binary:logistic", "nthread": 1, "max_depth": 3}
    if n_margins > 1:
        settings |= {"objective": "multi:softprob", "num_class": n_margins}
    if start is None:
        return pack_booster(xgb.train(settings, xgb.DMatrix(matrix, codes), 6), n_margins)
    data = xgb.DMatrix(matrix, codes, base_margin=start.squeeze())
    booster = xgb.train(settings | {"base_score": 0.5}, data, 6)
    return pack_booster(booster, n_margins, base_margin=np.zeros(n_margins))


def _n_margins(codes: IntArray) -> int:
    """Return how many margins there are for so many classes."""
    n_classes = int(codes.max()) + 1
    return 1 if n_classes == 2 else n_classes
