"""Growth of a tree whose leaves are vectors, against a twin in NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpmkd.kernels import add_vector_tree, bin_edges, grow_vector_tree, to_bins

ETA, LAMBDA = 0.3, 1.0


def draw(n, d, n_classes, missing, seed):
    """Return rows and derivatives."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, d)).astype(np.float32)
    matrix[rng.random((n, d)) < missing] = np.nan
    gradient = rng.normal(size=(n, n_classes))
    hessian = rng.uniform(0.1, 1.0, size=(n, n_classes))
    return matrix, np.hstack([gradient, hessian]).astype(np.float32)


def grow(matrix, derivatives, leaves, max_depth=-1, least=0.2, most=255, allowed=True):
    """Return the bins, and the tree on all rows and columns."""
    bins, n_bins = to_bins(matrix, bin_edges(matrix, most))
    columns = np.arange(matrix.shape[1])
    shape = (leaves, len(columns), int(n_bins.max()) + 1, derivatives.shape[1])
    nodes, values = grow_vector_tree(
        bins, n_bins, derivatives, np.arange(len(matrix)), columns,
        np.broadcast_to(allowed, (2 * leaves - 1, len(columns))).copy(), np.full(shape, np.nan),
        max_depth=max_depth, eta=ETA, reg_lambda=LAMBDA, min_child_weight=least,
    )  # fmt: skip
    return (bins, n_bins), nodes, values


def score(sums):
    gradient, hessian = np.split(sums, 2)
    return float(np.sum(gradient**2 / (hessian + LAMBDA)))


def best_split(matrix, derivatives, rows, least):
    """Return the gain of the best split of some rows, and who goes left."""
    total = derivatives[rows].sum(axis=0)
    n_classes, best = derivatives.shape[1] // 2, (0.0, None)
    for column in matrix[rows].T:
        for threshold in np.unique(column[~np.isnan(column)]):
            for to_left in (False, True):
                left = np.where(np.isnan(column), to_left, column <= threshold)
                sums = derivatives[rows][left].sum(axis=0)
                weights = [each[n_classes:].mean() for each in (sums, total - sums)]
                gain = score(sums) + score(total - sums) - score(total)
                if left.any() and not left.all() and min(weights) >= least and gain > best[0]:
                    best = gain, left
    return best


def twin(matrix, derivatives, leaves, least):
    """Return the margins that a tree adds, by splitting the leaf of the largest gain."""
    derivatives = derivatives.astype(np.float64)
    parts = [np.arange(len(matrix))]
    while len(parts) < leaves:
        found = [best_split(matrix, derivatives, rows, least) for rows in parts]
        at = int(np.argmax([gain for gain, _ in found]))
        if found[at][1] is None:
            break
        rows, left = parts.pop(at), found[at][1]
        parts += [rows[left], rows[~left]]
    margins = np.zeros((len(matrix), derivatives.shape[1] // 2))
    for rows in parts:
        gradient, hessian = np.split(derivatives[rows].sum(axis=0), 2)
        margins[rows] = -ETA * gradient / (hessian + LAMBDA)
    return margins


@settings(deadline=None, max_examples=40)  # the first call compiles
@given(
    st.integers(2, 40),
    st.integers(1, 4),
    st.integers(3, 5),
    st.sampled_from([0.0, 0.2]),
    st.integers(1, 7),
    st.integers(0, 99),
)
def test_a_tree_is_that_of_the_twin(n, d, n_classes, missing, leaves, seed):
    matrix, derivatives = draw(n, d, n_classes, missing, seed)
    bins, nodes, values = grow(matrix, derivatives, leaves)
    margins = np.zeros((n, n_classes), dtype=np.float32)
    add_vector_tree(*bins, nodes, values, margins)
    np.testing.assert_allclose(margins, twin(matrix, derivatives, leaves, 0.2), atol=1e-5)
    assert (nodes[:, 0] < 0).sum() <= leaves


def test_a_limit_of_depth_holds():
    matrix, derivatives = draw(200, 3, 3, 0.1, 0)
    for depth in (0, 1, 2, 3):
        _, nodes, _ = grow(matrix, derivatives, 16, max_depth=depth, least=0.0)
        assert (nodes[:, 0] < 0).sum() == 2**depth


def test_a_node_splits_on_what_it_may_alone():
    matrix, derivatives = draw(200, 3, 3, 0.0, 0)
    _, nodes, _ = grow(matrix, derivatives, 8, allowed=np.array([False, True, False]))
    assert set(nodes[:, 0]) == {-1, 1}


def test_nothing_to_split_is_one_leaf():
    _, derivatives = draw(9, 1, 3, 0.0, 0)
    for cell in (1.0, np.nan):
        _, nodes, values = grow(np.full((9, 1), cell), derivatives, 4)
        assert len(nodes) == len(values) == 1


@settings(deadline=None)
@given(
    st.lists(st.floats(width=32, allow_nan=True, allow_infinity=False), min_size=1, max_size=60),
    st.integers(2, 255),
)
def test_bins_follow_the_order_of_the_values_and_of_the_edges(cells, most):
    column = np.array(cells, dtype=np.float32)[:, np.newaxis]
    edges = bin_edges(column, most)
    bins, n_bins = to_bins(column, edges)
    known = ~np.isnan(column[:, 0])
    assert n_bins[0] <= most
    assert (bins[~known, 0] == n_bins[0]).all()
    assert (np.diff(bins[known, 0][np.argsort(column[known, 0])].astype(int)) >= 0).all()
    if len(np.unique(column[known])) <= most:
        assert len(np.unique(bins[known])) == len(np.unique(column[known]))
    for b, edge in enumerate(edges[0]):  # as a student decides
        np.testing.assert_array_equal(bins[known, 0] <= b, column[known, 0] < edge)


def test_bad_input_is_refused():
    matrix, derivatives = draw(9, 2, 3, 0.0, 0)
    with pytest.raises(ValueError, match=r"got 1 bins, expected 2 … 255"):
        bin_edges(matrix, 1)
    with pytest.raises(ValueError, match="got 2 columns, expected 1"):
        to_bins(matrix, bin_edges(matrix[:, :1], 9))
    with pytest.raises(ValueError, match="derivatives must be"):
        grow(matrix, derivatives[:5], 2)


def test_bins_hold_about_as_much_weight():
    rng = np.random.default_rng(0)
    column, times = rng.normal(size=(500, 1)).astype(np.float32), rng.integers(1, 9, 500)
    column[::50] = np.nan
    (weighed,) = bin_edges(column, 16, times)
    (repeated,) = bin_edges(column.repeat(times, axis=0), 16)
    np.testing.assert_array_equal(weighed, repeated)
