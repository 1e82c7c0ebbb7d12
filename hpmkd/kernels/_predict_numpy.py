"""The loops of :mod:`hpmkd.kernels._predict` in NumPy alone, to the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed_numpy import network
from hpmkd.kernels._packed_numpy.sums import add_in_order, parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int32]
    Singles = NDArray[np.float32]
    Floats = NDArray[np.float64]

#: Values that a step of a walk needs of a row in a tree.
_VALUES_OF_A_STEP = 8


def first_bad_node(
    features: Integers, left: Integers, right: Integers, n_columns: int, n_leaves: int
) -> int:
    """Return the first node that points outside the matrix, nodes or leaves, or -1."""
    n = len(features)
    good_leaf = (left >= 0) & (left < n_leaves)
    inside = (left >= 0) & (left < n) & (right >= 0) & (right < n)
    good = np.where(features < 0, good_leaf, (features < n_columns) & inside)
    return -1 if good.all() else int(good.argmin())


def tree_margins(
    matrix: Singles,
    roots: Integers,
    features: Integers,
    thresholds: Singles,
    left: Integers,
    right: Integers,
    missing_left: NDArray[np.uint8],
    leaf_values: Singles,
    outputs: Integers,
    margins: Singles,
) -> None:
    """Add every tree's leaf to the margins in place, tree by tree, in float32."""
    nodes = (features, thresholds, left, right, missing_left)
    with np.errstate(all="ignore"):
        for trees in parts(len(roots), _VALUES_OF_A_STEP * len(matrix)):
            leaves = _leaves(matrix, roots[trees], *nodes)
            for leaf, output in zip(leaves, outputs[trees], strict=True):
                if leaf_values.shape[1] == 1:
                    margins[:, output] += leaf_values[leaf, 0]
                else:
                    margins += leaf_values[leaf]


def tree_leaves(
    matrix: Singles,
    roots: Integers,
    features: Integers,
    thresholds: Singles,
    left: Integers,
    right: Integers,
    missing_left: NDArray[np.uint8],
    out: Integers,
) -> None:
    """Write the leaf of every row in every tree."""
    nodes = (features, thresholds, left, right, missing_left)
    for trees in parts(len(roots), _VALUES_OF_A_STEP * len(matrix)):
        out[:, trees] = _leaves(matrix, roots[trees], *nodes).T


def _leaves(
    matrix: Singles,
    roots: Integers,
    features: Integers,
    thresholds: Singles,
    left: Integers,
    right: Integers,
    missing_left: NDArray[np.uint8],
) -> NDArray[Any]:
    """Return the leaves (T, n) in which rows end."""
    n, rows = len(matrix), np.arange(len(matrix))
    at = np.repeat(roots[:, np.newaxis], n, axis=1)
    while True:
        columns = features[at]
        walking = columns >= 0
        if not walking.any():
            return left[at]
        x = matrix[rows, np.where(walking, columns, 0)]
        goes_left = (x < thresholds[at]) | (np.isnan(x) & (missing_left[at] != 0))
        at = np.where(walking, np.where(goes_left, left[at], right[at]), at)


def linear_margins(matrix: Floats, coefficients: Floats, intercept: Floats, out: Floats) -> None:
    """Write intercept + matrix @ coefficients, adding the columns from left to right."""
    with np.errstate(all="ignore"):
        out[:] = intercept
        for columns in parts(len(coefficients), out.size):
            terms = matrix.T[columns, :, np.newaxis] * coefficients[columns, np.newaxis]
            out[:] = add_in_order(out, terms)


def squash(values: Floats, out: Singles) -> None:
    """Write u / sqrt(1 + (u / 3)²) of flat values, in float32; of NaN that of the least u."""
    out[:] = network.squash(values)


def rectify(values: Singles) -> None:
    """Turn what is below 0 of flat values into 0."""
    values[~(values > 0)] = 0


def add_layer(inputs: Singles, weights: Singles, out: Singles) -> None:
    """Add inputs (n, a) times weights (a, b) to out (n, b), four inputs at a time."""
    out[:] = network.add_layer(inputs.T, weights, out)
