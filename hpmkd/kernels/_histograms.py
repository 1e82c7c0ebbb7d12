"""The compiled loops that grow a tree whose leaves are vectors, on histograms of binned columns.

Self-contained, because numba's cache does not notice an edit in another module. The bins of a
column are 0, 1, … in the order of its values; the last one is of missing cells. A row has 2 K
derivatives: K gradients, then K hessians. Innermost loops run over these, so that they are
vectorised; multiply-adds may be fused: a fit has the same bits on each run of one machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bins = NDArray[np.uint8]
    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Singles = NDArray[np.float32]

_F = TypeVar("_F", bound=Callable[..., Any])

kernel: Callable[[_F], _F] = njit(
    cache=True, nogil=True, fastmath={"contract", "nsz"}, error_model="numpy"
)

#: What the columns of the nodes of a tree are.
FEATURE, BIN, LEFT, RIGHT, MISSING_LEFT = range(5)
LEAF = -1


@kernel
def _fill(
    bins: Bins, derivatives: Singles, rows: Integers, columns: Integers, histogram: Floats
) -> None:
    """Write the sums of the rows' derivatives by column and bin."""
    histogram[:] = 0.0
    for row in rows:
        own, cells = derivatives[row], bins[row]
        for j in range(columns.size):
            sums = histogram[j, cells[columns[j]]]
            for c in range(own.size):
                sums[c] += own[c]


@kernel
def _score(sums: Floats, reg_lambda: float) -> float:
    """Return by how much the best leaf for these sums lowers the loss, twice."""
    n, score = sums.size // 2, 0.0
    for c in range(n):
        score += sums[c] * sums[c] / (sums[n + c] + reg_lambda)
    return score


@kernel
def _split(
    histogram: Floats,
    total: Floats,
    n_bins: Integers,
    allowed: NDArray[np.bool_],
    reg_lambda: float,
    least: float,
) -> tuple[float, int, int, int]:
    """Return the best gain, its column, its last bin on the left, and where missing cells go."""
    n = total.size // 2
    best, column, last, side = 0.0, -1, -1, 0
    before = _score(total, reg_lambda)
    left = np.empty(2 * n)
    for j in range(histogram.shape[0]):
        if not allowed[j]:
            continue
        missing = histogram[j, n_bins[j]]
        for to_left in range(2 if missing[n] > 0.0 else 1):
            for c in range(2 * n):
                left[c] = missing[c] if to_left else 0.0
            for b in range(n_bins[j] - (0 if missing[n] > 0.0 and not to_left else 1)):
                sums = histogram[j, b]
                gain, on_left, on_right = -before, 0.0, 0.0
                for c in range(2 * n):
                    left[c] += sums[c]
                for c in range(n):
                    g, h = left[c], left[n + c]
                    other_g, other_h = total[c] - g, total[n + c] - h
                    gain += g * g / (h + reg_lambda) + other_g * other_g / (other_h + reg_lambda)
                    on_left += h
                    on_right += other_h
                if gain > best and on_left >= n * least and on_right >= n * least:
                    best, column, last, side = gain, j, b, to_left
    return best, column, last, side


@kernel
def _goes_left(cell: int, n_bins: int, node: Integers) -> bool:
    """Return where a cell goes at a node."""
    return bool(node[MISSING_LEFT] == 1) if cell == n_bins else bool(cell <= node[BIN])


@kernel
def grow(
    bins: Bins,
    n_bins: Integers,
    derivatives: Singles,
    rows: Integers,
    columns: Integers,
    allowed: NDArray[np.bool_],
    max_depth: int,
    eta: float,
    reg_lambda: float,
    least: float,
    histograms: Floats,
    nodes: Integers,
    values: Singles,
) -> int:
    """Write the nodes of one tree and the values of its leaves; return the number of nodes.

    The leaf of the largest gain is split next. A node has a histogram until it is split: the
    larger child takes its place in memory, less what the smaller one has.
    """
    most, n_classes = histograms.shape[0], derivatives.shape[1] // 2
    size = 2 * most - 1
    n_own = n_bins[columns]
    first, end = np.zeros(size, np.int64), np.zeros(size, np.int64)
    depth, slot = np.zeros(size, np.int64), np.zeros(size, np.int64)
    totals, gains = np.zeros((size, 2 * n_classes)), np.zeros(size)
    found = np.zeros((size, 3), np.int64)
    order, moved = rows.copy(), np.empty(rows.size, np.int64)
    end[0] = rows.size
    nodes[:] = 0
    nodes[0, FEATURE] = LEAF
    for row in rows:
        for c in range(2 * n_classes):
            totals[0, c] += derivatives[row, c]
    n_nodes, n_leaves = 1, 1
    if most > 1 and max_depth != 0:
        _fill(bins, derivatives, rows, columns, histograms[0])
        gains[0], found[0, 0], found[0, 1], found[0, 2] = _split(
            histograms[0], totals[0], n_own, allowed[0], reg_lambda, least
        )
    while n_leaves < most:
        node = int(np.argmax(gains[:n_nodes]))
        if not gains[node] > 0.0:
            break
        gains[node] = 0.0
        left, right = n_nodes, n_nodes + 1
        n_nodes, n_leaves = n_nodes + 2, n_leaves + 1
        feature = columns[found[node, 0]]
        nodes[node, FEATURE], nodes[node, BIN] = feature, found[node, 1]
        nodes[node, LEFT], nodes[node, RIGHT] = left, right
        nodes[node, MISSING_LEFT] = found[node, 2]
        nodes[left, FEATURE], nodes[right, FEATURE] = LEAF, LEAF
        at, n_moved = first[node], 0
        for i in range(first[node], end[node]):
            row = order[i]
            if _goes_left(bins[row, feature], n_bins[feature], nodes[node]):
                order[at] = row
                at += 1
            else:
                moved[n_moved] = row
                n_moved += 1
        order[at : at + n_moved] = moved[:n_moved]
        first[left], end[left], first[right], end[right] = first[node], at, at, end[node]
        depth[left] = depth[right] = depth[node] + 1
        small, large = (
            (left, right) if 2 * (at - first[node]) < n_moved + at - first[node] else (right, left)
        )
        for row in order[first[small] : end[small]]:
            for c in range(2 * n_classes):
                totals[small, c] += derivatives[row, c]
        for c in range(2 * n_classes):
            totals[large, c] = totals[node, c] - totals[small, c]
        if n_leaves == most or depth[left] == max_depth:
            continue
        slot[large], slot[small] = slot[node], n_leaves - 1
        part, rest = histograms[slot[small]], histograms[slot[large]]
        _fill(bins, derivatives, order[first[small] : end[small]], columns, part)
        for j in range(columns.size):
            for b in range(n_own[j] + 1):
                for c in range(2 * n_classes):
                    rest[j, b, c] -= part[j, b, c]
        for child in (small, large):
            gains[child], found[child, 0], found[child, 1], found[child, 2] = _split(
                histograms[slot[child]], totals[child], n_own, allowed[child], reg_lambda, least
            )
    for node in range(n_nodes):
        for c in range(n_classes):
            values[node, c] = -eta * totals[node, c] / (totals[node, n_classes + c] + reg_lambda)
    return n_nodes


@kernel
def add(bins: Bins, n_bins: Integers, nodes: Integers, values: Singles, margins: Singles) -> None:
    """Add the leaf of each row to its margins."""
    for row in range(bins.shape[0]):
        node = 0
        while nodes[node, FEATURE] != LEAF:
            feature = nodes[node, FEATURE]
            left = _goes_left(bins[row, feature], n_bins[feature], nodes[node])
            node = nodes[node, LEFT] if left else nodes[node, RIGHT]
        for c in range(values.shape[1]):
            margins[row, c] += values[node, c]
