"""A block of rows in trees with one value in a leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import BLOCK, FOUR, ONE, THREE, TOGETHER, TWO
from hpmkd.kernels._packed.trees import start_of, walk_rows

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Singles, Words, Work


@kernel
def _column(cells: Singles, buffer: Words, at: Index) -> Singles:
    """Return the block of the cell that a node compares."""
    start = np.int64(buffer[at]) * BLOCK
    return cells[start : start + BLOCK]


@kernel
def _add_2(
    cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any, sums: Any
) -> None:
    """Add a tree of depth 2 to a block: all its tests, and a choice between the leaves."""
    a, b = _column(cells, buffer, at), _column(cells, buffer, at + 1)
    c = _column(cells, buffer, at + 2)
    ta, tb, tc = floats[at + 3], floats[at + 4], floats[at + 5]
    l0, l1, l2, l3 = leaves[at + 6], leaves[at + 7], leaves[at + 8], leaves[at + 9]
    for r in range(BLOCK):
        left = l0 if b[r] < tb else l1
        right = l2 if c[r] < tc else l3
        sums[r] += left if a[r] < ta else right


@kernel
def _add_3(
    cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any, sums: Any
) -> None:
    """Add a tree of depth 3 to a block."""
    a, b, c = (
        _column(cells, buffer, at),
        _column(cells, buffer, at + 1),
        _column(cells, buffer, at + 2),
    )
    d, e = _column(cells, buffer, at + 3), _column(cells, buffer, at + 4)
    f, g = _column(cells, buffer, at + 5), _column(cells, buffer, at + 6)
    ta, tb, tc = floats[at + 7], floats[at + 8], floats[at + 9]
    td, te, tf, tg = floats[at + 10], floats[at + 11], floats[at + 12], floats[at + 13]
    l0, l1, l2, l3 = leaves[at + 14], leaves[at + 15], leaves[at + 16], leaves[at + 17]
    l4, l5, l6, l7 = leaves[at + 18], leaves[at + 19], leaves[at + 20], leaves[at + 21]
    for r in range(BLOCK):
        x0 = l0 if d[r] < td else l1
        x1 = l2 if e[r] < te else l3
        x2 = l4 if f[r] < tf else l5
        x3 = l6 if g[r] < tg else l7
        y0 = x0 if b[r] < tb else x1
        y1 = x2 if c[r] < tc else x3
        sums[r] += y0 if a[r] < ta else y1


@kernel
def _add_4(
    cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any, sums: Any
) -> None:
    """Add a tree of depth 4 to a block."""
    a, b = _column(cells, buffer, at), _column(cells, buffer, at + 1)
    c, d = _column(cells, buffer, at + 2), _column(cells, buffer, at + 3)
    e, f = _column(cells, buffer, at + 4), _column(cells, buffer, at + 5)
    g, h = _column(cells, buffer, at + 6), _column(cells, buffer, at + 7)
    i, j = _column(cells, buffer, at + 8), _column(cells, buffer, at + 9)
    k, m = _column(cells, buffer, at + 10), _column(cells, buffer, at + 11)
    n, o = _column(cells, buffer, at + 12), _column(cells, buffer, at + 13)
    p = _column(cells, buffer, at + 14)
    ta, tb, tc, td = floats[at + 15], floats[at + 16], floats[at + 17], floats[at + 18]
    te, tf, tg, th = floats[at + 19], floats[at + 20], floats[at + 21], floats[at + 22]
    ti, tj, tk, tm = floats[at + 23], floats[at + 24], floats[at + 25], floats[at + 26]
    tn, to, tp = floats[at + 27], floats[at + 28], floats[at + 29]
    l0, l1, l2, l3 = leaves[at + 30], leaves[at + 31], leaves[at + 32], leaves[at + 33]
    l4, l5, l6, l7 = leaves[at + 34], leaves[at + 35], leaves[at + 36], leaves[at + 37]
    l8, l9, l10, l11 = leaves[at + 38], leaves[at + 39], leaves[at + 40], leaves[at + 41]
    l12, l13, l14, l15 = leaves[at + 42], leaves[at + 43], leaves[at + 44], leaves[at + 45]
    for r in range(BLOCK):
        x0 = l0 if h[r] < th else l1
        x1 = l2 if i[r] < ti else l3
        y0 = x0 if d[r] < td else x1
        x2 = l4 if j[r] < tj else l5
        x3 = l6 if k[r] < tk else l7
        y1 = x2 if e[r] < te else x3
        z0 = y0 if b[r] < tb else y1
        x4 = l8 if m[r] < tm else l9
        x5 = l10 if n[r] < tn else l11
        y2 = x4 if f[r] < tf else x5
        x6 = l12 if o[r] < to else l13
        x7 = l14 if p[r] < tp else l15
        y3 = x6 if g[r] < tg else x7
        z1 = y2 if c[r] < tc else y3
        sums[r] += z0 if a[r] < ta else z1


@kernel
def add_perfect(
    cells: Singles, buffer: Words, floats: Singles, t: Index, leaves: Any, sums: Any
) -> None:
    """Add a perfect tree to a block."""
    form, trees = np.int64(buffer[3]), np.int64(buffer[8])
    if form == 3:
        _add_3(cells, buffer, floats, trees + t * 22, leaves, sums)
    elif form == 4:
        _add_4(cells, buffer, floats, trees + t * 46, leaves, sums)
    else:
        _add_2(cells, buffer, floats, trees + t * 10, leaves, sums)


@kernel
def trees_block(buffer: Words, work: Work, sums: Floats) -> None:
    """Put the trees of all margins, those of one margin after another, on top of a block."""
    cells, walked, total = work[0], work[1], work[2][:BLOCK]
    floats, width = buffer.view(np.float32), np.int64(buffer[5])
    first, trees = np.int64(buffer[7]), np.uint64(buffer[8])
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            total[r] = start_of(buffer, floats, np.uint64(c), own[r])
        for t in range(np.int64(buffer[first + c]), np.int64(buffer[first + c + 1])):
            if buffer[3] < 5:
                add_perfect(cells, buffer, floats, t, floats, total)
                continue
            root = np.uint64(buffer[trees + np.uint64(t)])
            for q in range(np.uint64(BLOCK // 4)):
                row = FOUR * q
                i, j, k, m = walk_rows(walked, row, np.uint64(width), buffer, floats, root)
                total[row] += floats[i]
                total[row + ONE] += floats[j]
                total[row + TWO] += floats[k]
                total[row + THREE] += floats[m]
        for r in range(BLOCK):
            own[r] = total[r]


@kernel
def memory_of_block(cells: Index, walked: Index, values: Index) -> Work:
    """Return memory for a block: cells by column and by row, sums of trees, leaves."""
    # Rows that the last block lacks are zeros, so that all loops are equally long.
    return (
        np.zeros(cells * BLOCK, np.float32),
        np.zeros(walked * BLOCK, np.float32),
        np.zeros(max(values, 1) * BLOCK, np.float32),
        np.zeros(TOGETHER * BLOCK if values > 0 else 0, np.uint32),
    )
