"""Public functions of a joint leaf refit: margins of known leaves, and their gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import _refit
from hpmkd.kernels._checks import as_input

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Ids = NDArray[np.uint8] | NDArray[np.uint16]


def leaf_margins(
    leaf_ids: ArrayLike,
    n_leaves: ArrayLike,
    outputs: ArrayLike,
    values: ArrayLike,
    start: ArrayLike,
) -> Floats:
    """Return the margins of rows whose leaves are known: start + the leaf of every tree.

    Trees are added in order, in float64, so that a row has the same bits in any batch.

    Parameters
    ----------
    leaf_ids : array-like of shape (T, n)
        Leaf in which each row lies, counted from 0 in each of the T trees. C-ordered uint8
        and uint16 are read without a copy; other integers are turned into uint16.
    n_leaves : array-like of shape (T,)
        Leaves of each tree, ≥ 1.
    outputs : array-like of shape (T,)
        Margin that each tree adds to, 0 … C-1.
    values : array-like of shape (L,)
        The leaves of all trees under each other, L = Σ `n_leaves`.
    start : array-like of shape (n, C)
        Where each margin begins.

    Returns
    -------
    ndarray of shape (n, C), float64
        A new array.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a leaf or an output does not exist.
    """
    margins = np.array(start, dtype=np.float64, order="C")
    ids, firsts, targets = _as_trees(leaf_ids, n_leaves, outputs, "start", margins)
    table = as_input("values", values, np.float64, 1)
    if len(table) != firsts[-1]:
        raise ValueError(f"values must have one value for {firsts[-1]} leaves, got {len(table)}")
    _refuse(_refit.leaf_margins(ids, firsts, targets, table, margins), firsts)
    return margins


def leaf_gradient(
    leaf_ids: ArrayLike, n_leaves: ArrayLike, outputs: ArrayLike, slopes: ArrayLike
) -> Floats:
    """Return the slope of a loss in each leaf: the sum of the slopes of the rows in it.

    The transpose of :func:`leaf_margins`. Rows are added in order, in float64.

    Parameters
    ----------
    leaf_ids, n_leaves, outputs : array-like
        As in :func:`leaf_margins`.
    slopes : array-like of shape (n, C)
        Slope of the loss in each margin of each row.

    Returns
    -------
    ndarray of shape (L,), float64
        In the order of `values`.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a leaf or an output does not exist.
    """
    table = as_input("slopes", slopes, np.float64, 2)
    ids, firsts, targets = _as_trees(leaf_ids, n_leaves, outputs, "slopes", table)
    gradient = np.zeros(firsts[-1])
    _refuse(_refit.leaf_gradient(ids, firsts, targets, table, gradient), firsts)
    return gradient


def _as_trees(
    leaf_ids: ArrayLike, n_leaves: ArrayLike, outputs: ArrayLike, name: str, rows: Floats
) -> tuple[Ids, Integers, Integers]:
    """Return ids, where each tree's leaves begin (and the last end), and outputs."""
    ids = _as_ids(leaf_ids)
    counts = as_input("n_leaves", n_leaves, np.int64, 1)
    targets = as_input("outputs", outputs, np.int64, 1)
    if rows.ndim != 2 or len(ids) != len(counts) or len(ids) != len(targets):
        raise ValueError(
            f"leaf_ids, n_leaves and outputs must have one entry per tree and {name} shape "
            f"(n, C), got shapes {ids.shape}, {counts.shape}, {targets.shape} and {rows.shape}"
        )
    n, width = rows.shape
    if ids.shape[1] != n:
        raise ValueError(f"leaf_ids and {name} must have the same rows, got {ids.shape[1]} and {n}")
    if len(counts) and counts.min() < 1:
        raise ValueError(f"n_leaves must be at least 1, got {counts.min()}")
    if len(targets) and not (targets.min() >= 0 and targets.max() < width):
        raise ValueError(f"outputs must be in 0 … {width - 1}")
    firsts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=firsts[1:])
    return ids, firsts, targets


def _as_ids(leaf_ids: ArrayLike) -> Ids:
    """Return uint8 or uint16: the two widths for which there are kernels."""
    given = np.asarray(leaf_ids)
    if given.dtype.kind not in "iu":
        raise ValueError(f"leaf_ids must be integers, got {given.dtype}")
    if given.dtype != np.uint8:
        if given.dtype != np.uint16 and given.size and not 0 <= given.min() <= given.max() < 2**16:
            raise ValueError(f"leaf_ids must be in 0 … 65535, got {given.min()} … {given.max()}")
        return as_input("leaf_ids", given, np.uint16, 2)
    return as_input("leaf_ids", given, np.uint8, 2)


def _refuse(bad: int, firsts: Integers) -> None:
    """Raise ValueError for the tree that a kernel could not use, if there is one."""
    if bad >= 0:
        count = firsts[bad + 1] - firsts[bad]
        raise ValueError(f"leaf_ids of tree {bad} must be below its {count} leaves")
