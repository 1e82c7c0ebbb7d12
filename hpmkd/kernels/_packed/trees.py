"""A row in trees with one value in a leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import inlined, kernel
from hpmkd.kernels._packed.scalars import FOUR, HALF, LOW_HALF, ONE, THREE, TWO

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Four, Index, Single, Singles, Words


# The leaves of a perfect tree are values, and `leaves` is `floats`; or where the values of each
# begin, and `leaves` is `buffer`: each is a variant of the same code.


@kernel
def leaf_2(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 2: 3 columns, 3 thresholds, 4 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(3)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(3) + k])
    return leaves[at + np.uint64(3) + k]


@kernel
def leaf_3(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 3: 7 columns, 7 thresholds, 8 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(7)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(7) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(7) + k])
    return leaves[at + np.uint64(7) + k]


@kernel
def leaf_4(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 4: 15 columns, 15 thresholds, 16 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(15)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    return leaves[at + np.uint64(15) + k]


@inlined
def _step(
    cells: Singles, first: Index, buffer: Words, floats: Singles, root: Index, at: Index
) -> Index:
    """Return the next node of a walk; behind a leaf comes that leaf again."""
    node = np.uint64(buffer[at])
    child = node >> HALF  # the left one, or the right one that comes next
    child += ONE - np.uint64(cells[first + (node & LOW_HALF)] < floats[at + ONE])
    return root + THREE * child


@inlined
def walk(cells: Singles, buffer: Words, floats: Singles, root: Index) -> Index:
    """Return the word of the leaf in which a row ends.

    Nodes are three words each, and counted from `root`, the place before the first.
    """
    at = root + THREE
    while True:
        to = _step(cells, np.uint64(0), buffer, floats, root, at)
        if to == at:
            return at + TWO
        at = to


@inlined
def _walk_4(cells: Singles, firsts: Four, buffer: Words, floats: Singles, roots: Four) -> Four:
    """Walk four trees, or four rows, at a time: a processor waits for none of them alone.

    `firsts` are where the cells of each begin.
    """
    i, j, k, m = firsts
    a, b, c, d = roots[0] + THREE, roots[1] + THREE, roots[2] + THREE, roots[3] + THREE
    while True:
        to_a = _step(cells, i, buffer, floats, roots[0], a)
        to_b = _step(cells, j, buffer, floats, roots[1], b)
        to_c = _step(cells, k, buffer, floats, roots[2], c)
        to_d = _step(cells, m, buffer, floats, roots[3], d)
        if ((a ^ to_a) | (b ^ to_b)) | ((c ^ to_c) | (d ^ to_d)) == np.uint64(0):
            return a + TWO, b + TWO, c + TWO, d + TWO
        a, b, c, d = to_a, to_b, to_c, to_d


@inlined
def walk_trees(cells: Singles, buffer: Words, floats: Singles, at: Index) -> Four:
    """Walk four trees that stand behind each other."""
    zero = np.uint64(0)
    roots = (
        np.uint64(buffer[at]),
        np.uint64(buffer[at + ONE]),
        np.uint64(buffer[at + TWO]),
        np.uint64(buffer[at + THREE]),
    )
    return _walk_4(cells, (zero, zero, zero, zero), buffer, floats, roots)


@inlined
def walk_rows(
    cells: Singles, r: Index, width: Index, buffer: Words, floats: Singles, root: Index
) -> Four:
    """Walk four rows that stand behind each other."""
    i = r * width
    firsts = (i, i + width, i + TWO * width, i + THREE * width)
    return _walk_4(cells, firsts, buffer, floats, (root, root, root, root))


@kernel
def sum_of_trees(
    cells: Singles, buffer: Words, floats: Singles, form: Index, c: Index, total: Single
) -> Single:
    """Return a margin plus its trees, one by one."""
    first = np.uint64(buffer[7])
    start, stop = np.uint64(buffer[first + c]), np.uint64(buffer[first + c + ONE])
    trees = np.uint64(buffer[8])
    if form == 3:
        for t in range(start, stop):
            total += leaf_3(cells, buffer, floats, trees + t * np.uint64(22), floats)
    elif form == 4:
        for t in range(start, stop):
            total += leaf_4(cells, buffer, floats, trees + t * np.uint64(46), floats)
    elif form == 2:
        for t in range(start, stop):
            total += leaf_2(cells, buffer, floats, trees + t * np.uint64(10), floats)
    else:
        at = start
        while at + FOUR <= stop:
            a, b, c, d = walk_trees(cells, buffer, floats, trees + at)
            total += floats[a]
            total += floats[b]
            total += floats[c]
            total += floats[d]
            at += FOUR
        while at < stop:
            total += floats[walk(cells, buffer, floats, np.uint64(buffer[trees + at]))]
            at += ONE
    return total


@kernel
def start_of(buffer: Words, floats: Singles, c: Index, linear: float) -> Single:
    """Return where the trees of a margin start: its base, or its clipped linear margin."""
    limits = np.uint64(buffer[12])
    if limits == np.uint64(0):
        return floats[np.uint64(buffer[10]) + c]
    start = np.float32(linear)
    low, high = floats[limits + c], floats[limits + np.uint64(buffer[1]) + c]
    start = low if start < low else start
    return high if start > high else start
