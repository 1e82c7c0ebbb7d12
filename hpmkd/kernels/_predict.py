"""The compiled loops by which students answer: trees, linear margins and networks.

Self-contained, because numba's cache does not notice an edit in another module. No
fastmath: every margin is summed in one stated order without fused multiply-adds, so its
bits depend neither on the batch it came in, nor on threads, nor on the processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_F = TypeVar("_F", bound=Callable[..., Any])

kernel: Callable[[_F], _F] = njit(cache=True, nogil=True, error_model="numpy")

#: Beyond it a network reads any cell as this, so that no square overflows.
LARGEST_INPUT = 1e4
ONE, THREE = np.float32(1.0), np.float32(3.0)

BLOCK = 256  # rows that stay in the cache while every tree passes over them


@kernel
def first_bad_node(
    features: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    n_columns: int,
    n_leaves: int,
) -> int:
    """Return the first node that points outside the matrix, nodes or leaves, or -1."""
    n = features.size
    for node in range(n):
        if features[node] < 0:
            good = 0 <= left[node] < n_leaves
        else:
            inside = 0 <= left[node] < n and 0 <= right[node] < n
            good = features[node] < n_columns and inside
        if not good:
            return node
    return -1


@kernel
def leaf_of(
    row: NDArray[np.float32],
    root: int,
    features: NDArray[np.int32],
    thresholds: NDArray[np.float32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    missing_left: NDArray[np.uint8],
) -> int:
    """Return the leaf in which one row ends in one tree."""
    node = root
    while features[node] >= 0:
        x = row[features[node]]
        if x < thresholds[node] or (np.isnan(x) and missing_left[node] != 0):
            node = left[node]
        else:
            node = right[node]
    return int(left[node])


@kernel
def tree_margins(
    matrix: NDArray[np.float32],
    roots: NDArray[np.int32],
    features: NDArray[np.int32],
    thresholds: NDArray[np.float32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    missing_left: NDArray[np.uint8],
    leaf_values: NDArray[np.float32],
    outputs: NDArray[np.int32],
    margins: NDArray[np.float32],
) -> None:
    """Add every tree's leaf to the margins in place, tree by tree, in float32."""
    width = leaf_values.shape[1]
    for start in range(0, matrix.shape[0], BLOCK):
        stop = min(start + BLOCK, matrix.shape[0])
        for tree in range(roots.size):
            for i in range(start, stop):
                leaf = leaf_of(
                    matrix[i], roots[tree], features, thresholds, left, right, missing_left
                )
                if width == 1:
                    margins[i, outputs[tree]] += leaf_values[leaf, 0]
                else:
                    for c in range(width):
                        margins[i, c] += leaf_values[leaf, c]


@kernel
def tree_leaves(
    matrix: NDArray[np.float32],
    roots: NDArray[np.int32],
    features: NDArray[np.int32],
    thresholds: NDArray[np.float32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    missing_left: NDArray[np.uint8],
    out: NDArray[np.int32],
) -> None:
    """Write the leaf of every row in every tree."""
    for start in range(0, matrix.shape[0], BLOCK):
        stop = min(start + BLOCK, matrix.shape[0])
        for tree in range(roots.size):
            for i in range(start, stop):
                out[i, tree] = leaf_of(
                    matrix[i], roots[tree], features, thresholds, left, right, missing_left
                )


@kernel
def linear_margins(
    matrix: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    intercept: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write intercept + matrix @ coefficients, adding the columns from left to right."""
    n_columns, width = coefficients.shape
    for i in range(matrix.shape[0]):
        row, target = matrix[i], out[i]
        if width == 1:  # in a register instead of through memory
            total = intercept[0]
            for j in range(n_columns):
                total += row[j] * coefficients[j, 0]
            target[0] = total
        else:
            for c in range(width):  # `[:] =` compiles for seconds what names wrong shapes
                target[c] = intercept[c]
            for j in range(n_columns):
                x, weights = row[j], coefficients[j]
                for c in range(width):
                    target[c] += x * weights[c]


@kernel
def squash(values: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Write u / sqrt(1 + (u / 3)²) of flat values, in float32; of NaN that of the least u."""
    for i in range(values.size):
        x = values[i]
        x = x if x > -LARGEST_INPUT else -LARGEST_INPUT
        u = np.float32(x if x < LARGEST_INPUT else LARGEST_INPUT)
        third = u / THREE
        out[i] = u / math.sqrt(ONE + third * third)


@kernel
def rectify(values: NDArray[np.float32]) -> None:
    """Turn what is below 0 of flat values into 0."""
    for i in range(values.size):
        values[i] = values[i] if values[i] > 0.0 else np.float32(0.0)


@kernel
def add_layer(
    inputs: NDArray[np.float32], weights: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Add inputs (n, a) times weights (a, b) to out (n, b), four inputs at a time.

    Each sum grows by ``(x0 w0 + x1 w1) + (x2 w2 + x3 w3)``, and by what is left one by one.
    """
    whole = inputs.shape[1] - inputs.shape[1] % 4
    for r in range(inputs.shape[0]):
        row, sums = inputs[r], out[r]
        for i in range(0, whole, 4):
            x0, x1, x2, x3 = row[i], row[i + 1], row[i + 2], row[i + 3]
            w0, w1, w2, w3 = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
            for j in range(sums.size):
                sums[j] += (x0 * w0[j] + x1 * w1[j]) + (x2 * w2[j] + x3 * w3[j])
        for i in range(whole, row.size):
            x0, w0 = row[i], weights[i]
            for j in range(sums.size):
                sums[j] += x0 * w0[j]
