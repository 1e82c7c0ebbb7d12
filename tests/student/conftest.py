"""Students that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.tree import DecisionTreeClassifier

from hpmkd.student import (
    LinearModel,
    Schema,
    Student,
    add,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
)

FAMILIES = ("linear", "tree", "boosted", "additive")


def student_of(family, table, target, **facts):
    if family == "additive":
        return additive_of(table, target, **facts)
    classes, codes = np.unique(np.asarray(target), return_inverse=True)
    K = len(classes)
    encoder = fit_encoder("linear" if family == "linear" else "tree", Schema.fit(table), table)
    matrix = encoder.transform(table)
    if family == "linear":
        C = 1 if K == 2 else K
        weights = np.random.default_rng(0).normal(size=(encoder.n_outputs, C))
        model = LinearModel(weights, np.linspace(-1, 1, C))
    elif family == "tree":
        tree = DecisionTreeClassifier(max_leaf_nodes=9, random_state=0).fit(matrix, codes).tree_
        model = pack_sklearn_tree(tree, tree.value[:, 0, :])
    else:
        multi = {"objective": "multi:softprob", "num_class": K}
        parameters = {"objective": "binary:logistic"} if K == 2 else multi
        data = xgb.DMatrix(matrix, codes)
        booster = xgb.train({"nthread": 1, "max_depth": 3, **parameters}, data, 6)
        model = pack_booster(booster, 1 if K == 2 else K)
    return Student(encoder, model, classes, facts)


def additive_of(table, target, **facts):
    """Trees boosted on top of the linear student, its margins clipped to their middle half."""
    start = student_of("linear", table, target, **facts)
    linear = start.model.margins(start.encoder.transform(table))
    low, high = np.quantile(linear, [0.25, 0.75], axis=0).astype(np.float32)
    encoder = fit_encoder("tree", start.encoder.schema, table)
    booster = boost_on(np.clip(linear, low, high), encoder.transform(table), target)
    trees = pack_booster(booster, linear.shape[1], base_margin=np.zeros(linear.shape[1]))
    return add(start, trees, encoder, low, high)


def boost_on(margins, matrix, target, rounds=6):
    """Return a booster that starts from margins of shape (n, C)."""
    codes = np.unique(np.asarray(target), return_inverse=True)[1]
    K = codes.max() + 1
    multi = {"objective": "multi:softprob", "num_class": K}
    parameters = {"objective": "binary:logistic"} if K == 2 else multi
    data = xgb.DMatrix(matrix, codes, base_margin=margins.squeeze())
    settings = {"nthread": 1, "max_depth": 3, "base_score": 0.5, **parameters}
    return xgb.train(settings, data, rounds)


@pytest.fixture(scope="session")
def fit_student():
    """Return a function that fits a student of a family on a table."""
    return student_of


@pytest.fixture(scope="session")
def small():
    """Students that are quickly damaged and read again."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y", None], 60)})
    return {family: student_of(family, frame, frame["a"] > 0) for family in FAMILIES}, frame
