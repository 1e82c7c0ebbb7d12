import json
from dataclasses import fields

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from hpmkd.student import (
    Schema,
    Student,
    fit_encoder,
    pack_booster,
    pack_sklearn_tree,
    strictly_below,
)
from hpmkd.student.file.tree_layout import flatten, restore
from tests.student.crafting import arrays_of

LOADERS = {"cancer": load_breast_cancer, "digits": load_digits, "wine": load_wine}


def data(name, holes=0.0):
    X, y = LOADERS[name](return_X_y=True)
    X = X.astype(np.float32)
    X[np.random.default_rng(0).random(X.shape) < holes] = np.nan
    return X, y, len(np.unique(y))


def boost(X, y, rounds=8, margin=None, **parameters):
    matrix = xgb.DMatrix(X, y)
    if margin is not None:
        matrix.set_base_margin(np.tile(margin, (len(X), 1)))
    return xgb.train({"nthread": 1, "max_depth": 4, **parameters}, matrix, rounds)


def margins_of(booster, X, margin=None):
    matrix = xgb.DMatrix(X)
    if margin is not None:
        matrix.set_base_margin(np.tile(margin, (len(X), 1)))
    return booster.predict(matrix, output_margin=True).reshape(len(X), -1)


def objective(K):
    if K == 2:
        return {"objective": "binary:logistic"}, 1
    return {"objective": "multi:softprob", "num_class": K}, K


@pytest.mark.parametrize("holes", [0.0, 0.1])
@pytest.mark.parametrize("base_score", [None, 0.5, 0.1])
@pytest.mark.parametrize("name", LOADERS)
def test_margins_are_those_of_xgboost_bit_for_bit(name, base_score, holes):
    X, y, K = data(name, holes)
    parameters, C = objective(K)
    if base_score is not None:
        parameters["base_score"] = base_score
    booster = boost(X, y, **parameters)
    model = pack_booster(booster, C)
    expected = margins_of(booster, X)
    assert model.margins(X).tobytes() == expected.tobytes()
    assert model.margins(X[5:6]).tobytes() == expected[5:6].tobytes()
    holed = np.where(np.random.default_rng(1).random(X.shape) < 0.5, np.nan, X)
    assert model.margins(holed).tobytes() == margins_of(booster, holed).tobytes()
    np.testing.assert_allclose(
        model.probabilities(X)[:, -1],
        booster.predict(xgb.DMatrix(X)).reshape(len(X), -1)[:, -1],
        atol=1e-6,
    )


@pytest.mark.parametrize("n_rounds", [0, 1, 5, 8])
@pytest.mark.parametrize("name", LOADERS)
def test_the_first_trees_are_the_model_of_the_first_rounds(name, n_rounds):
    X, y, K = data(name)
    parameters, C = objective(K)
    booster = boost(X, y, base_score=0.0 if K > 2 else 0.5, **parameters)
    first = pack_booster(booster, C).first(n_rounds * C)
    if n_rounds:
        whole = pack_booster(booster[:n_rounds], C)
        for each in fields(whole):
            np.testing.assert_array_equal(getattr(first, each.name), getattr(whole, each.name))
    assert first.n_trees == n_rounds * C
    assert first.margins(X).shape == (len(X), C)


@pytest.mark.parametrize("n_trees", [-1, 9])
def test_more_trees_than_there_are_are_refused(n_trees):
    X, y, _ = data("cancer")
    model = pack_booster(boost(X, y, objective="binary:logistic"), 1)
    with pytest.raises(ValueError, match=f"got {n_trees} trees, expected 0 … 8"):
        model.first(n_trees)


@pytest.mark.parametrize(
    "parameters",
    [
        {"objective": "binary:logitraw", "base_score": 0.3},
        {"objective": "reg:squarederror", "base_score": -0.7},
        {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 9},
        {"objective": "binary:logistic", "num_parallel_tree": 3, "subsample": 0.5},
        {"objective": "binary:logistic", "tree_method": "exact", "gamma": 2.0},
        {"objective": "binary:logistic", "max_depth": 0, "grow_policy": "lossguide"},
        {"objective": "binary:logistic", "gamma": 1e9},
    ],
    ids=str,
)
def test_other_ways_to_boost(parameters):
    X, y, _ = data("cancer", 0.1)
    booster = boost(X, y, **parameters)
    assert pack_booster(booster, 1).margins(X).tobytes() == margins_of(booster, X).tobytes()


@pytest.mark.parametrize("base_score", [0.0, 0.5])
def test_multiclass_base_scores(base_score):
    X, y, K = data("digits")
    booster = boost(X, y, rounds=3, base_score=base_score, **objective(K)[0])
    assert pack_booster(booster, K).margins(X).tobytes() == margins_of(booster, X).tobytes()


def test_trees_with_one_output_per_class():
    X, y, K = data("wine", 0.1)
    booster = boost(X, y, multi_strategy="multi_output_tree", **objective(K)[0])
    model = pack_booster(booster, K)
    assert model.leaf_values.shape[1] == K
    assert model.margins(X).tobytes() == margins_of(booster, X).tobytes()


@pytest.mark.parametrize("n_rounds", [1, 3, 6])
def test_a_prefix_of_vectors_on_a_base_margin_with_shares(n_rounds):
    X, y, K = data("wine", 0.1)
    margin = np.linspace(-0.7, 0.4, K, dtype=np.float32)
    shares = {"subsample": 0.7, "colsample_bytree": 0.7, "colsample_bynode": 0.7}
    growth = {"grow_policy": "lossguide", "max_leaves": 8, "max_depth": 0}
    strategy = {"multi_strategy": "multi_output_tree", **objective(K)[0]}
    booster = boost(X, y, rounds=6, margin=margin, **strategy, **shares, **growth)[:n_rounds]
    model = pack_booster(booster, K, base_margin=margin)
    assert (model.n_trees, model.leaf_values.shape[1]) == (n_rounds, K)
    assert model.margins(X).tobytes() == margins_of(booster, X, margin).tobytes()
    # One row alone is summed in the same order.
    assert model.margins(X[3:4]).tobytes() == margins_of(booster, X[3:4], margin).tobytes()


@pytest.mark.parametrize("name", ["cancer", "wine"])
def test_base_margin_of_training(name):
    X, y, K = data(name, 0.05)
    parameters, C = objective(K)
    margin = np.linspace(-0.7, 0.4, C, dtype=np.float32)
    booster = boost(X, y, margin=margin, **parameters)
    model = pack_booster(booster, C, base_margin=margin)
    assert model.margins(X).tobytes() == margins_of(booster, X, margin).tobytes()


def test_a_custom_objective():
    X, y, K = data("wine")

    def gradients(margins, matrix):
        odds = np.exp(margins - margins.max(axis=1, keepdims=True))
        p = odds / odds.sum(axis=1, keepdims=True)
        return p - np.eye(K)[y], np.maximum(2 * p * (1 - p), 1e-6)

    matrix = xgb.DMatrix(X, y)
    parameters = {"num_class": K, "base_score": 0.0, "nthread": 1, "disable_default_eval_metric": 1}
    booster = xgb.train(parameters, matrix, 5, obj=gradients)
    assert pack_booster(booster, K).margins(X).tobytes() == margins_of(booster, X).tobytes()


def test_a_booster_without_rounds():
    X, y, _ = data("cancer")
    booster = boost(X, y, rounds=0, objective="binary:logistic", base_score=0.25)
    assert pack_booster(booster, 1).margins(X).tobytes() == margins_of(booster, X).tobytes()


def test_packing_leaves_the_booster_alone():
    X, y, _ = data("cancer")
    booster = boost(X, y, objective="binary:logistic")
    before = booster.save_raw("json"), booster.save_config()
    pack_booster(booster, 1)
    assert (booster.save_raw("json"), booster.save_config()) == before


@pytest.mark.filterwarnings("ignore:(?s).*is deprecated:UserWarning")  # gblinear and dart are
def test_boosters_that_cannot_be_packed_say_why():
    X, y, K = data("wine")
    with pytest.raises(ValueError, match="the booster has 3"):
        pack_booster(boost(X, y, **objective(K)[0]), 1)
    with pytest.raises(ValueError, match="base margin of 2"):
        pack_booster(boost(X, y, **objective(K)[0]), K, base_margin=[0.0, 0.0])
    with pytest.raises(ValueError, match="'gblinear'"):
        pack_booster(boost(X, y, booster="gblinear", updater="coord_descent", max_depth=None), 1)
    with pytest.raises(ValueError, match="'dart'"):
        pack_booster(boost(X, y, booster="dart", rate_drop=0.5), 1)


def test_native_categories_are_refused():
    X, y = np.arange(40.0)[:, np.newaxis] % 4, (np.arange(40) % 4 == 2).astype(int)
    matrix = xgb.DMatrix(X, y, feature_types=["c"], enable_categorical=True)
    booster = xgb.train({"nthread": 1, "max_cat_to_onehot": 1, "min_child_weight": 0}, matrix, 2)
    with pytest.raises(ValueError, match="native categories"):
        pack_booster(booster, 1)


@pytest.mark.parametrize("holes", [0.0, 0.2])
@pytest.mark.parametrize("name", LOADERS)
def test_sklearn_trees_are_exact(name, holes):
    X, y, _ = data(name, holes)
    tree = DecisionTreeClassifier(max_leaf_nodes=40, random_state=0).fit(X, y).tree_
    # Each leaf answers with a value of its own, so that probabilities tell the leaf.
    marks = np.zeros((tree.node_count, 3))
    marks[:, 0] = np.arange(tree.node_count)
    marks[:, 1] = tree.node_count - marks[:, 0]
    model = pack_sklearn_tree(tree, marks)
    for rows in (X, np.nextafter(X, np.float32(np.inf)), np.nextafter(X, np.float32(-np.inf))):
        assert (model.margins(rows)[:, 0] == tree.apply(rows)).all()
    values = tree.value[:, 0, :]
    leaves = values[tree.children_left < 0]
    expected = values[tree.apply(X)]
    for given_values in (values, leaves):
        probabilities = pack_sklearn_tree(tree, given_values).probabilities(X)
        np.testing.assert_allclose(probabilities, expected, atol=1e-7)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1, 7, 30]))
def test_rows_on_the_thresholds_fall_as_in_sklearn(seed, depth):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(60, 3)) * 10.0 ** rng.integers(-42, 37, 3)).astype(np.float32)
    forest = ExtraTreeClassifier(max_depth=depth, random_state=seed)
    tree = forest.fit(X, rng.integers(0, 2, 60)).tree_
    model = pack_sklearn_tree(tree, np.c_[np.arange(tree.node_count), np.ones(tree.node_count)])
    rows = [X]
    for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
        near = np.float32(threshold)
        for cell in (near, np.nextafter(near, np.float32("inf")), np.nextafter(near, -near)):
            row = X[:1].copy()
            row[0, max(feature, 0)] = cell
            rows.append(row)
    rows = np.concatenate(rows)
    assert (model.margins(rows)[:, 0] == tree.apply(rows)).all()


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, width=32))
def test_at_most_a_double_is_below_a_float(threshold, x):
    t = strictly_below(np.array([threshold]))[0]
    around = np.float32(max(min(threshold, 3e38), -3e38))
    for value in (x, around, np.nextafter(around, np.float32(9e37)), np.nextafter(around, t)):
        assert (np.float32(value) < t) == (float(np.float32(value)) <= threshold)


def test_margins_of_a_sklearn_tree():
    X, y, _ = data("cancer")
    tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y).tree_
    model = pack_sklearn_tree(tree, tree.value[:, :, 0], link="sigmoid", base_margin=0.5)
    expected = tree.value[tree.apply(X), :, 0].astype(np.float32) + np.float32(0.5)
    assert model.margins(X).tobytes() == expected.tobytes()


def test_leaf_values_must_match_the_tree():
    X, y, _ = data("cancer")
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y).tree_
    with pytest.raises(ValueError, match=r"expected \(4, C\)"):
        pack_sklearn_tree(tree, np.ones((3, 2)))
    lone = DecisionTreeClassifier().fit(X, np.zeros(len(X))).tree_
    assert pack_sklearn_tree(lone, [[0.5, 0.5]]).probabilities(X[:1]).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("name", LOADERS)
def test_the_layout_of_files_keeps_the_function(name):
    X, y, K = data(name, 0.1)
    parameters, C = objective(K)
    model = pack_booster(boost(X, y, grow_policy="lossguide", max_leaves=13, **parameters), C)
    depth_first = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
    for original in (model, pack_sklearn_tree(depth_first, depth_first.value[:, 0, :])):
        arrays = flatten(original)
        again = restore(arrays, original.link)
        assert again.margins(X).tobytes() == original.margins(X).tobytes()
        assert again.n_trees == original.n_trees
        for name, array in flatten(again).items():
            assert array.tobytes() == arrays[name].tobytes()


def test_counts_stay_with_their_leaves():
    X, y, _ = data("wine", 0.1)
    tree = DecisionTreeClassifier(max_leaf_nodes=9, random_state=0).fit(X, y).tree_
    model = pack_sklearn_tree(tree, tree.value[:, 0, :]).with_leaf_counts(X, y)
    again = restore(flatten(model), model.link)
    assert again.leaf_counts.tolist() == again.with_leaf_counts(X, y).leaf_counts.tolist()
    assert again.leaf_counts.sum(axis=0).tolist() == np.bincount(y).tolist()
    # A leaf of a tree on hard labels says the shares of its rows.
    shares = again.leaf_counts / again.leaf_counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, again.leaf_values, atol=1e-6)


def test_pruned_nodes_are_left_out():
    X, y, _ = data("cancer")
    booster = boost(X, y, tree_method="exact", gamma=20.0, objective="binary:logistic")
    document = json.loads(bytes(booster.save_raw("json")))
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    stored = sum(len(tree["left_children"]) for tree in trees)
    deleted = sum(int(tree["tree_param"]["num_deleted"]) for tree in trees)
    assert deleted > 0
    assert len(pack_booster(booster, 1).features) == stored - deleted


def rounded(model):
    """Return a model whose leaves float16 holds exactly."""
    return model.with_leaf_values(model.leaf_values.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
def test_leaves_that_float16_holds_take_half_the_bytes(strategy):
    X, y, K = data("digits")
    booster = boost(X, y, multi_strategy=strategy, max_depth=3, **objective(K)[0])
    model = pack_booster(booster, K)
    encoder = fit_encoder("tree", Schema.fit(X), X)
    whole, half = (Student(encoder, each, range(K)) for each in (model, rounded(model)))
    saved = 2 * model.leaf_values.size
    assert abs(whole.n_bytes - half.n_bytes - saved) < 32  # what the names of types differ in
    again = Student.from_bytes(half.to_bytes())
    assert again.model.leaf_values.dtype == np.float32
    assert again.model.margins(X).tobytes() == rounded(model).margins(X).tobytes()
    assert again.predict_proba(X).tobytes() == half.predict_proba(X).tobytes()
    assert again.to_bytes() == half.to_bytes()


def test_one_leaf_that_float16_does_not_hold_keeps_them_all_as_they_are():
    X, y, _ = data("cancer")
    model = rounded(pack_booster(boost(X, y, objective="binary:logistic"), 1))
    values = model.leaf_values.copy()
    values[-1] = np.nextafter(np.float32(1), np.float32(2))
    encoder = fit_encoder("tree", Schema.fit(X), X)
    for each, dtype in ((model, "<f2"), (model.with_leaf_values(values), "<f4")):
        content = Student(encoder, each, [0, 1]).to_bytes()
        assert arrays_of(content)["model.leaf_values"].dtype == np.dtype(dtype)
        restored = Student.from_bytes(content).model
        assert restored.margins(X).tobytes() == each.margins(X).tobytes()
