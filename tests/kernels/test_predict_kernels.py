"""Margins of trees and of linear students."""

import json

import numpy as np
import pytest

from hpmkd.kernels import _predict, linear_margins, tree_leaves, tree_margins
from tests.kernels import reference


def grow(n_trees, depth, d, width, seed=0):
    """Perfect trees with random splits; children after parents, leaves numbered on."""
    rng = np.random.default_rng(seed)
    size = 2 ** (depth + 1) - 1
    inner, n = 2**depth - 1, n_trees * size
    node = np.arange(n)
    position, base = node % size, node - node % size
    is_leaf = position >= inner
    leaf = (node // size) * 2**depth + position - inner
    return {
        "roots": np.arange(0, n, size),
        "features": np.where(is_leaf, -1, rng.integers(0, d, n)),
        "thresholds": rng.normal(size=n).astype(np.float32),
        "left": np.where(is_leaf, leaf, base + 2 * position + 1),
        "right": np.where(is_leaf, 0, base + 2 * position + 2),
        "missing_left": rng.random(n) < 0.5,
        "leaf_values": rng.normal(size=(n_trees * 2**depth, width)).astype(np.float32),
        "outputs": np.arange(n_trees) % 3,
    }


def rows(n, d, seed=1):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, d)).astype(np.float32)
    matrix[rng.random((n, d)) < 0.2] = np.nan
    return matrix


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 255, 256, 600])
def test_trees_equal_their_twin_to_the_bit(n, width):
    trees, matrix = grow(7, 3, 5, width), rows(n, 5)
    start = np.random.default_rng(2).normal(size=(n, 3)).astype(np.float32)
    result, twin = start.copy(), start.copy()
    tree_margins(matrix, **trees, margins=result)
    reference.tree_margins(matrix, **trees, margins=twin)
    np.testing.assert_array_equal(result, twin)


def structure(trees):
    return {name: trees[name] for name in trees if name not in ("leaf_values", "outputs")}


@pytest.mark.parametrize("n", [0, 1, 255, 256, 600])
def test_leaves_equal_their_twin(n):
    trees, matrix = structure(grow(7, 3, 5, 1)), rows(n, 5)
    leaves = tree_leaves(matrix, **trees)
    assert (leaves.dtype, leaves.shape) == (np.int32, (n, 7))
    np.testing.assert_array_equal(leaves, reference.tree_leaves(matrix, **trees))
    out = np.empty((n, 7), np.int32)
    _predict.tree_leaves.py_func(matrix, **trees, out=out)
    np.testing.assert_array_equal(leaves, out)
    if n:
        assert (leaves // 8 == np.arange(7)).all()


def test_leaves_are_those_that_margins_add():
    trees, matrix = grow(7, 3, 5, 3), rows(300, 5)
    margins = np.zeros((300, 3), np.float32)
    tree_margins(matrix, **trees, margins=margins)
    by_leaf = trees["leaf_values"][tree_leaves(matrix, **structure(trees))]
    np.testing.assert_allclose(by_leaf.sum(axis=1), margins, atol=1e-5)
    assert len(_predict.tree_leaves.signatures) == 1


def test_python_functions_equal_the_compiled():
    for width in (1, 3):
        trees, matrix = grow(4, 2, 5, width), rows(9, 5)
        result, python = np.zeros((9, 3), np.float32), np.zeros((9, 3), np.float32)
        tree_margins(matrix, **trees, margins=result)
        _predict.tree_margins.py_func(matrix, **trees, margins=python)
        np.testing.assert_array_equal(result, python)
    for width in (1, 2):
        x, w, out = np.ones((4, 3)), np.arange(3.0 * width).reshape(3, width), np.empty((4, width))
        _predict.linear_margins.py_func(x, w, np.ones(width), out)
        np.testing.assert_array_equal(out, linear_margins(x, w, np.ones(width)))


def test_a_split_goes_left_strictly_below_and_nan_as_told():
    stump = {
        "roots": [0],
        "features": [0, -1, -1],
        "thresholds": [0.5, 0, 0],
        "left": [1, 0, 1],
        "right": [2, 0, 0],
        "leaf_values": [[-1.0], [1.0]],
        "outputs": [0],
    }
    for missing_left, expected in ((True, -1), (False, 1)):
        margins = np.zeros((5, 1), np.float32)
        matrix = [[0.4], [0.5], [np.nan], [-np.inf], [np.inf]]
        tree_margins(matrix, **stump, missing_left=[missing_left, 0, 0], margins=margins)
        assert margins[:, 0].tolist() == [-1, 1, expected, -1, 1]


@pytest.mark.parametrize("n_classes", [2, 4])
def test_margins_are_bit_identical_to_xgboost(n_classes):
    xgboost = pytest.importorskip("xgboost")
    matrix = rows(1500, 6)
    labels = np.digitize(np.nan_to_num(matrix).sum(axis=1), [-1.5, 0, 1.5])
    labels = labels if n_classes == 4 else labels // 2
    width = 1 if n_classes == 2 else n_classes
    parameters = {"base_score": 0.5, "max_depth": 4, "nthread": 1, "eta": 0.4}
    parameters |= (
        {"objective": "binary:logistic"}
        if width == 1
        else {"objective": "multi:softprob", "num_class": width}
    )
    train = xgboost.DMatrix(matrix, labels, nthread=1)
    booster = xgboost.train(parameters, train, num_boost_round=20)
    test = rows(3000, 6, seed=9)
    base = np.random.default_rng(3).normal(size=(3000, width)).astype(np.float32)
    wanted = booster.predict(
        xgboost.DMatrix(test, base_margin=base.squeeze(), nthread=1), output_margin=True
    )
    margins = base.copy()
    tree_margins(test, **unpack(booster), margins=margins)
    np.testing.assert_array_equal(margins, wanted.reshape(margins.shape))


def unpack(booster):
    """Read a booster's own JSON into the arrays of one forest."""
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    parts = {name: [] for name in ("features", "thresholds", "left", "right", "missing_left")}
    roots, leaves = [], []
    for tree in model["trees"]:
        base = len(parts["features"])
        roots.append(base)
        for node, child in enumerate(tree["left_children"]):
            is_leaf = child < 0
            value = tree["split_conditions"][node]
            parts["features"].append(-1 if is_leaf else tree["split_indices"][node])
            parts["thresholds"].append(value)
            parts["left"].append(len(leaves) if is_leaf else base + child)
            parts["right"].append(0 if is_leaf else base + tree["right_children"][node])
            parts["missing_left"].append(tree["default_left"][node])
            leaves += [[value]] if is_leaf else []
    return parts | {"roots": roots, "leaf_values": leaves, "outputs": model["tree_info"]}


def test_tree_inputs_of_every_kind_share_one_signature():
    trees, matrix = grow(4, 2, 5, 1), rows(20, 5)
    expected = np.zeros((20, 3), np.float32)
    tree_margins(matrix, **trees, margins=expected)
    locked = matrix.copy()
    locked.flags.writeable = False
    for same in (locked, matrix.astype(np.float64), np.asfortranarray(matrix), matrix.tolist()):
        margins = np.zeros((20, 3), np.float32)
        tree_margins(same, **trees, margins=margins)
        np.testing.assert_array_equal(margins, expected)
    assert len(_predict.tree_margins.signatures) == 1
    assert len(_predict.first_bad_node.signatures) == 1


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("features", (0, 5), "node 0 "),
        ("left", (1, 99), "node 1 "),
        ("right", (1, -1), "node 1 "),
        ("left", (6, 99), "node 6 "),
        ("roots", (0, 99), "roots"),
        ("outputs", (0, 3), "outputs"),
        ("outputs", (0, -1), "outputs"),
    ],
)
def test_indices_outside_are_refused(name, change, message):
    trees = grow(1, 2, 5, 1)
    trees[name] = np.array(trees[name])
    trees[name][change[0]] = change[1]
    with pytest.raises(ValueError, match=message):
        tree_margins(rows(3, 5), **trees, margins=np.zeros((3, 3), np.float32))
    if name != "outputs" and change != (6, 99):  # how many leaves there are is not known
        with pytest.raises(ValueError, match=message):
            tree_leaves(rows(3, 5), **structure(trees))


@pytest.mark.parametrize(
    ("margins", "changes", "message"),
    [
        (np.zeros((3, 3)), {}, "margins"),
        (np.zeros((2, 3), np.float32), {}, "margins"),
        (np.zeros(3, np.float32), {}, "margins"),
        (np.broadcast_to(np.float32(0), (3, 3)), {}, "margins"),
        (np.zeros((3, 3), np.float32), {"leaf_values": np.zeros((4, 2))}, "leaf_values"),
        (np.zeros((3, 3), np.float32), {"left": [0]}, "equally long"),
        (np.zeros((3, 3), np.float32), {"outputs": [0, 1]}, "equally long"),
        (np.zeros((3, 3), np.float32), {"roots": [[0]]}, "roots"),
    ],
)
def test_unusable_shapes_are_refused(margins, changes, message):
    with pytest.raises(ValueError, match=message):
        tree_margins(rows(3, 5), **(grow(1, 2, 5, 1) | changes), margins=margins)


@pytest.mark.parametrize("width", [1, 2, 7, 26])
def test_linear_margins_equal_their_twin_to_the_bit(width):
    rng = np.random.default_rng(4)
    x, w, b = rng.normal(size=(300, 37)), rng.normal(size=(37, width)), rng.normal(size=width)
    result = linear_margins(x, w, b)
    np.testing.assert_array_equal(result, reference.linear_margins(x, w, b))
    np.testing.assert_allclose(result, x @ w + b, rtol=1e-11, atol=1e-12)
    for i in (0, 150, 299):
        np.testing.assert_array_equal(linear_margins(x[i : i + 1], w, b)[0], result[i])


def test_linear_inputs_of_every_kind_share_one_signature():
    x = np.random.default_rng(5).normal(size=(20, 4)).astype(np.float32)
    w, b = np.ones((4, 2)), np.zeros(2)
    expected = linear_margins(x, w, b)
    locked = x.copy()
    locked.flags.writeable = False
    for same in (locked, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x.tolist()):
        np.testing.assert_array_equal(linear_margins(same, w.T.copy().T, b), expected)
    assert len(_predict.linear_margins.signatures) == 1


def test_linear_margins_of_nothing():
    assert linear_margins(np.empty((0, 4)), np.ones((4, 2)), np.zeros(2)).shape == (0, 2)
    assert linear_margins(np.empty((3, 0)), np.ones((0, 2)), np.ones(2)).tolist() == [[1, 1]] * 3


def test_linear_shapes_must_fit():
    with pytest.raises(ValueError, match="coefficients"):
        linear_margins(np.ones((3, 4)), np.ones((3, 2)), np.zeros(2))
