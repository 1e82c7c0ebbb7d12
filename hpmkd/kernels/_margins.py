"""Public functions by which students answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels._checks import as_input, check_buffer

try:
    from hpmkd.kernels import _predict
except ImportError:  # without numba: the same bits by NumPy
    from hpmkd.kernels import _predict_numpy as _predict  # type: ignore[no-redef]

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int32]
    #: Features, thresholds, left, right, missing_left.
    Nodes = tuple[Integers, NDArray[np.float32], Integers, Integers, NDArray[np.uint8]]


def tree_margins(
    matrix: ArrayLike,
    roots: ArrayLike,
    features: ArrayLike,
    thresholds: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    missing_left: ArrayLike,
    leaf_values: ArrayLike,
    outputs: ArrayLike,
    margins: NDArray[np.float32],
) -> None:
    """Add the leaves of some trees to the margins, in place.

    Trees are added in order and in float32, the order and precision of XGBoost, so that
    margins are bit-identical to its own. A split goes left if ``x < threshold``; a missing
    value (NaN) goes left if `missing_left` is 1.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Encoded rows, read as float32.
    roots : array-like of shape (T,)
        Node at which each of the T trees begins.
    features : array-like of shape (N,)
        Column that each of the N nodes of all trees looks at; negative for a leaf.
    thresholds : array-like of shape (N,)
        Read as float32.
    left, right : array-like of shape (N,)
        Children of a split. Of a leaf, `left` is its row of `leaf_values`. A path from a
        root must end in a leaf (not checked).
    missing_left : array-like of shape (N,)
        Whether NaN goes left.
    leaf_values : array-like of shape (L, V)
        V = 1: one value, for the margin that `outputs` names. V = C: a whole row.
    outputs : array-like of shape (T,)
        Margin that each tree adds to, 0 … C-1; not used where V = C > 1.
    margins : ndarray of shape (n, C), float32, C order
        Changed in place; holds the base margins on entry.

    Raises
    ------
    ValueError
        If shapes do not fit, or an index points outside.
    """
    rows = as_input("matrix", matrix, np.float32, 2)
    targets = as_input("outputs", outputs, np.int32, 1)
    values = as_input("leaf_values", leaf_values, np.float32, 2)
    width = margins.shape[1] if margins.ndim == 2 else 0
    check_buffer("margins", margins, np.float32, (len(rows), max(1, width)))
    if values.shape[1] not in (1, width):
        raise ValueError(f"leaf_values must have 1 or {width} columns, got {values.shape[1]}")
    parts = (roots, features, thresholds, left, right, missing_left)
    starts, nodes = _as_trees(*parts, n_columns=rows.shape[1], n_leaves=len(values))
    if len(starts) != len(targets):
        raise ValueError("roots and outputs must be equally long")
    _check_range("outputs", targets, width)
    _predict.tree_margins(rows, starts, *nodes, values, targets, margins)


def tree_leaves(
    matrix: ArrayLike,
    roots: ArrayLike,
    features: ArrayLike,
    thresholds: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    missing_left: ArrayLike,
) -> NDArray[np.int32]:
    """Return the leaf in which each row ends in each tree.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Encoded rows, read as float32.
    roots, features, thresholds, left, right, missing_left : array-like
        T trees of N nodes, as for :func:`tree_margins`.

    Returns
    -------
    ndarray of shape (n, T), int32
        `left` of the leaf: its row of ``leaf_values``, counted over all trees.

    Raises
    ------
    ValueError
        If shapes do not fit, or an index points outside.
    """
    rows = as_input("matrix", matrix, np.float32, 2)
    parts = (roots, features, thresholds, left, right, missing_left)
    # The number of leaves is not needed: they are only named here.
    starts, nodes = _as_trees(*parts, n_columns=rows.shape[1], n_leaves=2**31 - 1)
    out = np.empty((len(rows), len(starts)), dtype=np.int32)
    _predict.tree_leaves(rows, starts, *nodes, out)
    return out


def _as_trees(
    roots: ArrayLike,
    features: ArrayLike,
    thresholds: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    missing_left: ArrayLike,
    n_columns: int,
    n_leaves: int,
) -> tuple[Integers, Nodes]:
    """Return the arrays of some trees as the kernels read them, every index inside."""
    starts = as_input("roots", roots, np.int32, 1)
    columns = as_input("features", features, np.int32, 1)
    nodes = (
        columns,
        as_input("thresholds", thresholds, np.float32, 1),
        as_input("left", left, np.int32, 1),
        as_input("right", right, np.int32, 1),
        as_input("missing_left", missing_left, np.uint8, 1),
    )
    if len({len(part) for part in nodes}) > 1:
        raise ValueError("all arrays of nodes must be equally long")
    _check_range("roots", starts, len(columns))
    bad = _predict.first_bad_node(columns, nodes[2], nodes[3], n_columns, n_leaves)
    if bad >= 0:
        raise ValueError(
            f"node {bad} points outside: matrix has {n_columns} columns, there are "
            f"{len(columns)} nodes and {n_leaves} leaves"
        )
    return starts, nodes


def _check_range(name: str, indices: Integers, limit: int) -> None:
    """Raise ValueError unless all indices are in 0 … limit - 1."""
    if len(indices) and not (indices.min() >= 0 and indices.max() < limit):
        raise ValueError(f"{name} must be in 0 … {limit - 1}")


def linear_margins(matrix: ArrayLike, coefficients: ArrayLike, intercept: ArrayLike) -> Floats:
    """Return intercept + matrix @ coefficients, to the same bits for every batch.

    Each margin adds its columns from left to right, without fused multiply-adds, so its
    bits depend neither on the rows beside it nor on a BLAS library and its threads.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Encoded rows, read as float64.
    coefficients : array-like of shape (d, C)
        One column of weights per margin.
    intercept : array-like of shape (C,)
        Where each margin begins.

    Returns
    -------
    ndarray of shape (n, C), float64
        A new array.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    rows = as_input("matrix", matrix, np.float64, 2)
    weights = as_input("coefficients", coefficients, np.float64, 2)
    start = as_input("intercept", intercept, np.float64, 1)
    if weights.shape != (rows.shape[1], len(start)):
        raise ValueError(
            f"coefficients must have shape {(rows.shape[1], len(start))}, got {weights.shape}"
        )
    out = np.empty((len(rows), len(start)))
    _predict.linear_margins(rows, weights, start, out)
    return out


def network_inputs(matrix: ArrayLike) -> NDArray[np.float32]:
    """Return what a network reads of encoded rows: u / sqrt(1 + (u / 3)²), in (-3, 3).

    What is far out in a column of a heavy tail would else drown all others (the smooth clipping
    of Holzmüller et al. 2024, Better by default, section 3).

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Encoded rows, read as float64; NaN counts as the least value.

    Returns
    -------
    ndarray of shape (n, d), float32
        A new array.
    """
    rows = as_input("matrix", matrix, np.float64, 2)
    values = np.empty(rows.shape, dtype=np.float32)
    _predict.squash(rows.reshape(-1), values.reshape(-1))
    return values


def network_margins(
    matrix: ArrayLike, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> NDArray[np.float32]:
    """Return the margins of a network whose hidden layers end in ReLU, the same for every batch.

    It reads :func:`network_inputs`. In float32, without fused multiply-adds, in the order that
    ``_predict.add_layer`` states.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Encoded rows.
    weights : sequence of array-like of shapes (d, h1), …, (h, C)
        Of each layer.
    biases : sequence of array-like of shapes (h1,), …, (C,)
        Of each layer.

    Returns
    -------
    ndarray of shape (n, C), float32
        A new array.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    values = network_inputs(matrix)
    for at, (layer, bias) in enumerate(zip(weights, biases, strict=True)):
        if at:
            _predict.rectify(values.reshape(-1))
        table = as_input(f"weights[{at}]", layer, np.float32, 2)
        start = as_input(f"biases[{at}]", bias, np.float32, 1)
        if table.shape != (values.shape[1], len(start)):
            expected = (values.shape[1], len(start))
            raise ValueError(f"weights[{at}] must have shape {expected}, got {table.shape}")
        sums = np.repeat(start[np.newaxis], len(values), axis=0)
        _predict.add_layer(as_input("values", values, np.float32, 2), table, sums)
        values = sums
    return values
