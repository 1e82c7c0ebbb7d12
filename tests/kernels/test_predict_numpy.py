"""The loops by which models answer, in NumPy: the bits of numba's."""

from itertools import pairwise

import numpy as np
import pytest

from hpmkd.kernels import (
    _margins,
    _predict,
    _predict_numpy,
    linear_margins,
    network_margins,
    tree_leaves,
    tree_margins,
)  # fmt: skip
from tests.kernels.test_predict_kernels import grow, rows, structure


@pytest.fixture
def both(monkeypatch):
    """Return what calls a function by numba's loops, then by NumPy's."""

    def call(function):
        found = []
        for loops in (_predict, _predict_numpy):
            monkeypatch.setattr(_margins, "_predict", loops)
            found.append(function())
        return found

    return call


def same(found):
    return found[0].dtype == found[1].dtype and found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 257])
@pytest.mark.parametrize("n_trees", [0, 1, 70])
def test_trees(both, n_trees, n, width):
    trees, matrix = grow(n_trees, 5, 5, width), rows(n, 5)
    if not n_trees:
        trees["leaf_values"] = np.zeros((1, width))

    def margins():
        out = np.full((n, 3), 0.1, np.float32)
        tree_margins(matrix, **trees, margins=out)
        return out

    assert same(both(margins))
    assert same(both(lambda: tree_leaves(matrix, **structure(trees))))


@pytest.mark.parametrize("name", ["features", "left", "right"])
@pytest.mark.parametrize("value", [-5, 4, 13, 10**6])
def test_bad_nodes_are_found_alike(both, name, value):
    trees = structure(grow(3, 2, 5, 1))
    trees[name] = trees[name].copy()
    trees[name][8] = value

    def message():
        try:
            tree_leaves(rows(3, 5), **trees)
        except ValueError as error:
            return str(error)
        return ""

    # A leaf in place of a split leads nowhere else: not all that is put in is refused.
    first, second = both(message)
    assert first == second


def test_the_first_bad_node_is_named():
    features, left, right = np.array([[0, 9, -1], [1, 2, 7], [2, 2, 0]], np.int32)
    found = _predict_numpy.first_bad_node
    assert found(features, left, right, 1, 9) == 1
    assert found(features, left, right, 10, 9) == -1
    assert found(features, left, right, 10, 7) == 2


@pytest.mark.parametrize("shape", [(1, 1), (30, 4), (3000, 2)])
@pytest.mark.parametrize("n", [0, 1, 300])
def test_linear_margins(both, n, shape):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, shape[0])) * 10.0 ** rng.integers(-300, 300, shape[0])
    weights, start = rng.normal(size=shape), rng.normal(size=shape[1])
    assert same(both(lambda: linear_margins(matrix, weights, start)))


@pytest.mark.parametrize("sizes", [(1, 1, 1), (6, 9, 3), (101, 80, 7, 4)])
@pytest.mark.parametrize("n", [0, 1, 300])
def test_networks(both, n, sizes):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, sizes[0])) * 10.0 ** rng.integers(-9, 9, sizes[0])
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    weights = [rng.normal(size=shape) for shape in pairwise(sizes)]
    biases = [rng.normal(size=size) for size in sizes[1:]]
    assert same(both(lambda: network_margins(matrix, weights, biases)))
