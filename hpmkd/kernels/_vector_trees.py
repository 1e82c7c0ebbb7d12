"""Public functions that grow a tree whose leaves are vectors, on columns in bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import _histograms
from hpmkd.kernels._checks import as_input, as_row_weights, check_buffer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Bins = NDArray[np.uint8]
    Singles = NDArray[np.float32]
    Integers = NDArray[np.int64]

#: Bins of numbers at most: the codes of a byte but one, which is that of missing cells.
MOST_BINS = 255


def bin_edges(matrix: ArrayLike, most: int, weights: ArrayLike | None = None) -> list[Singles]:
    """Return where the bins of each column begin, but the first: midway between its values.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Numbers, read as float32, or NaN.
    most : int
        Bins at most, 2 … 255: with more distinct values, each holds about as many rows.
    weights : array-like of shape (n,), optional
        As how many rows each counts: finite and not negative; as one if not given.

    Returns
    -------
    list of d ndarrays, float32, ascending

    Raises
    ------
    ValueError
        The matrix is not a table, or the number is out of its range.
    """
    table = as_input("matrix", matrix, np.float32, 2)
    if not 2 <= most <= MOST_BINS:
        raise ValueError(f"got {most} bins, expected 2 … {MOST_BINS}")
    row_weights = None if weights is None else as_row_weights(weights, len(table))
    return [_edges(column, most, row_weights) for column in table.T]


def _edges(column: Singles, most: int, weights: NDArray[np.float64] | None) -> Singles:
    known = ~np.isnan(column)
    cells = column[known]
    values, counts = np.unique(cells, return_counts=True)
    if weights is not None:
        counts = np.bincount(np.searchsorted(values, cells), weights=weights[known])
    if len(values) > most:
        # The values at which another share of the rows is complete.
        done = np.cumsum(counts)
        last = np.unique(np.searchsorted(done, done[-1] * np.arange(1, most) / most))
    else:
        last = np.arange(len(values) - 1)
    last = last[last < len(values) - 1]
    below, above = values[last], values[last + 1]
    with np.errstate(over="ignore", invalid="ignore"):  # the value above will do
        middle = below + (above - below) / 2
    # A row is left of an edge if it is less: the edge may be the value above, never that below.
    edges: Singles = np.where((middle > below) & (middle <= above), middle, above)
    return edges


def to_bins(matrix: ArrayLike, edges: list[Singles]) -> tuple[Bins, Integers]:
    """Return the bins of all cells, and of each column the bin of missing cells.

    Parameters
    ----------
    matrix : array-like of shape (n, d)
        Numbers, read as float32, or NaN.
    edges : list of d arrays
        As :func:`bin_edges` returns them.

    Returns
    -------
    bins : ndarray of shape (n, d), uint8
    n_bins : ndarray of shape (d,), int64
        Bins of numbers, which is the code of missing cells.
    """
    table = as_input("matrix", matrix, np.float32, 2)
    if table.shape[1] != len(edges):
        raise ValueError(f"got {table.shape[1]} columns, expected {len(edges)}")
    n_bins = np.array([len(each) + 1 for each in edges], dtype=np.int64)
    bins = np.empty(table.shape, dtype=np.uint8)
    for j, (cells, own) in enumerate(zip(table.T, edges, strict=True)):
        bins[:, j] = np.where(np.isnan(cells), n_bins[j], np.searchsorted(own, cells, "right"))
    return bins, n_bins


def grow_vector_tree(
    bins: Bins,
    n_bins: Integers,
    derivatives: Singles,
    rows: Integers,
    columns: Integers,
    allowed: NDArray[np.bool_],
    histograms: NDArray[np.float64],
    *,
    max_depth: int,
    eta: float,
    reg_lambda: float,
    min_child_weight: float,
) -> tuple[Integers, Singles]:
    """Grow one tree, best leaf first, and return its nodes and their values.

    A leaf of some rows is ``-eta G / (H + reg_lambda)`` in each margin, of the sums of their
    gradients and hessians (Chen and Guestrin 2016, equation 5); the gain of a split is that of all
    margins together (equation 7).

    Parameters
    ----------
    bins, n_bins : ndarrays of shape (n, d), (d,)
        As :func:`to_bins` returns them.
    derivatives : ndarray of shape (n, 2 K)
        K gradients of a row, then K hessians, float32.
    rows, columns : ndarrays of shape (m,), (c,)
        Numbers of the rows that the tree grows on and of the columns that it may split on.
    allowed : ndarray of shape (2 L - 1, c)
        Whether a node may split on a column.
    histograms : ndarray of shape (L, c, B, 2 K)
        Where sums are kept, L the leaves at most, B larger than any of `n_bins`.
    max_depth : int
        Splits on the way to a leaf at most; negative for no limit.
    min_child_weight : float
        Least mean over the margins of the hessians in a leaf, summed.

    Returns
    -------
    nodes : ndarray of shape (N, 5), int64
        Column (-1 for a leaf), last bin on the left, left and right child, and whether missing
        cells go left.
    values : ndarray of shape (N, K), float32

    Raises
    ------
    ValueError
        The shapes do not fit.
    """
    leaves, width = len(histograms), derivatives.shape[1]
    largest = int(n_bins[columns].max(initial=0)) + 1
    if histograms.shape != (leaves, len(columns), histograms.shape[2], width) or (
        histograms.shape[2] < largest
    ):
        raise ValueError(
            f"got histograms of shape {histograms.shape}, expected (L, {len(columns)}, "
            f"{largest} or more, {width})"
        )
    if allowed.shape != (2 * leaves - 1, len(columns)):
        raise ValueError(
            f"got allowed of shape {allowed.shape}, expected ({2 * leaves - 1}, {len(columns)})"
        )
    check_buffer("derivatives", derivatives, np.float32, (len(bins), width))
    nodes = np.empty((2 * leaves - 1, 5), dtype=np.int64)
    values = np.empty((2 * leaves - 1, width // 2), dtype=np.float32)
    n_nodes = _histograms.grow(
        bins, n_bins, derivatives, rows, columns, allowed, max_depth, float(eta),
        float(reg_lambda), float(min_child_weight), histograms, nodes, values,
    )  # fmt: skip
    return nodes[:n_nodes], values[:n_nodes]


def add_vector_tree(
    bins: Bins, n_bins: Integers, nodes: Integers, values: Singles, margins: NDArray[Any]
) -> None:
    """Add a tree to margins of shape (n, K), float32, in place."""
    check_buffer("margins", margins, np.float32, (len(bins), values.shape[1]))
    _histograms.add(bins, n_bins, nodes, values, margins)
