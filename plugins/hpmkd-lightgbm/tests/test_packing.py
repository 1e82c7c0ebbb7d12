"""A packed booster predicts what the booster predicts: every row in the same leaves."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_breast_cancer, load_digits

from hpmkd_lightgbm.packing import pack_lightgbm

QUIET = {"verbosity": -1, "num_threads": 1, "boost_from_average": False}
SETS = {"breast_cancer": load_breast_cancer, "digits": load_digits}


def rows_of(name, holes):
    X, y = SETS[name](return_X_y=True)
    X = X.astype(np.float32)
    if holes:
        X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    return X, y


def trained(X, y, n_rounds=20, **parameters):
    n_classes = len(np.unique(y))
    task = {"objective": "cross_entropy"}
    if n_classes > 2:
        task = {"objective": "multiclass", "num_class": n_classes}
    return lightgbm.train({**QUIET, **task, **parameters}, lightgbm.Dataset(X, y), n_rounds)


def raw(booster, X):
    return booster.predict(X, raw_score=True).reshape(len(X), -1)


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("name", SETS)
def test_rows_end_in_the_same_leaves(name, holes):
    X, y = rows_of(name, holes)
    booster = trained(X, y)
    model = pack_lightgbm(booster, np.zeros(booster.num_model_per_iteration()))
    # Holes also where training had none, and cells beyond all of training.
    strange = X[:200].copy()
    strange[::3] = np.nan
    strange[1::7] = np.finfo(np.float32).max
    strange[2::7] = -np.inf
    # A split that asks for nothing but holes has no place for infinite cells.
    infinite = np.full_like(X[:1], 1.0 if holes else np.inf)
    for rows in (X, strange, np.zeros_like(X[:1]), infinite):
        leaves = booster.predict(rows, pred_leaf=True)
        offsets = np.cumsum([0, *np.add.reduceat(model.features < 0, model.roots)])[:-1]
        assert (model.leaves(rows) - offsets == leaves).all()
        scale = np.abs(model.leaf_values).max() * model.n_trees
        assert np.abs(model.margins(rows) - raw(booster, rows)).max() <= 1e-6 * max(1.0, scale)


@settings(max_examples=40, deadline=None)
@given(
    cells=arrays(
        np.float32,
        (40, 2),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=False)
        | st.sampled_from([0.0, -0.0, 1e-35, -1e-38, 1.0, 16777216.0]),
    ),
    seed=st.integers(0, 9),
)
def test_whatever_the_cells_are(cells, seed):
    labels = np.random.default_rng(seed).random(len(cells))
    booster = trained(
        cells, (labels > 0.5).astype(float), 4, min_data_in_leaf=1, min_data_in_bin=1, num_leaves=6
    )
    model = pack_lightgbm(booster, np.zeros(1))
    with np.errstate(over="ignore"):
        above = np.nextafter(cells, np.float32(np.inf))
    # A split that asks for nothing but holes has no place for infinite cells.
    near = np.concatenate([cells, np.where(np.isinf(above), cells, above)])
    assert np.abs(model.margins(near) - raw(booster, near)).max() <= 1e-5


def test_the_base_margin_is_added():
    X, y = rows_of("digits", holes=False)
    booster = trained(X, y, 2)
    base = np.arange(10, dtype=np.float32)
    model = pack_lightgbm(booster, base)
    np.testing.assert_allclose(model.margins(X), raw(booster, X) + base, rtol=0, atol=1e-5)
    assert (model.link, model.n_trees) == ("softmax", 20)


def test_a_tree_of_one_leaf_is_a_constant():
    X, y = rows_of("breast_cancer", holes=False)
    booster = trained(X, y, 2, min_data_in_leaf=500)
    model = pack_lightgbm(booster, np.ones(1))
    np.testing.assert_allclose(model.margins(X), raw(booster, X) + 1, atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "dataset", "match"),
    [
        ({"zero_as_missing": True}, {}, "zero_as_missing cannot be packed"),
        ({"linear_tree": True}, {}, "linear leaves cannot be packed"),
        ({}, {"categorical_feature": [0]}, "categorical splits"),
    ],
)
def test_what_cannot_be_packed_is_refused(parameters, dataset, match):
    X, y = rows_of("breast_cancer", holes=False)
    X = np.column_stack([np.digitize(X[:, 0], [12, 14, 16]), X[:, 1:]]).astype(np.float32)
    given_to = lightgbm.Dataset(X[:, :2], y, **dataset, params=parameters)
    task = {"objective": "binary", **QUIET, **parameters}
    booster = lightgbm.train(task, given_to, 3)
    with pytest.raises(ValueError, match=match):
        pack_lightgbm(booster, np.zeros(1))
    with pytest.raises(ValueError, match="got a base margin of 2 values for 1 trees per round"):
        pack_lightgbm(booster, np.zeros(2))
