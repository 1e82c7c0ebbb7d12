"""The compiled loops that answer from one packed buffer: a row, or rows in blocks.

Self-contained, because numba's cache does not notice an edit in another module. No fastmath: a
margin is summed in one stated order, so that its bits depend neither on the rows beside it nor
on the processor. The buffer, word by word: :mod:`hpmkd.student.packed.words`.
It is trusted, for only that module makes one, out of a model that has checked itself; what a
caller hands in is checked here: a kernel returns -1 where a size is wrong, and touches nothing.

Indices are unsigned: a signed one costs a test for wrap-around. A cell of a row is turned into
one that needs no test for missing values, once, before all trees: NaN becomes -inf or +inf,
whichever takes its default direction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Index = Any  # a signed or an unsigned integer of 64 bits
    Single = Any  # a float32

_F = TypeVar("_F", bound=Callable[..., Any])

#: Holds the GIL: handing it over and back takes as long as the row.
single: Callable[[_F], _F] = njit(cache=True, error_model="numpy")
kernel: Callable[[_F], _F] = njit(cache=True, nogil=True, error_model="numpy")

BLOCK = 256  # rows that stay in the cache while every tree passes over them
ONE, TWO, THREE, FIVE = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(5)
HALF, LOW_HALF = np.uint64(16), np.uint64(0xFFFF)
INFINITY = np.float32(np.inf)
LARGEST = 1e300  # far beyond any margin, so that an overflowed one does not become inf - inf
CLEAR = 1e-6  # classes whose margins differ by more have different probabilities

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10
EXPONENT_SHIFT = 6755399441055744.0 + 1023.0
MANTISSA = np.uint64(52)


@kernel
def vexp(x: float) -> float:
    """Return e**x by polynomial; at most 1.2 ulp off. Of :mod:`hpmkd.kernels._jit`."""
    x = -709.1 if x < -709.1 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * LOG2_E + EXPONENT_SHIFT
    k = shifted - EXPONENT_SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = 2.5100375832561234e-08 * r + 2.7620075879983367e-07
    p = p * r + 2.7557268480310024e-06
    p = p * r + 2.4801521322368692e-05
    p = p * r + 0.00019841269863040545
    p = p * r + 0.0013888888917196719
    p = p * r + 0.008333333333330065
    p = p * r + 0.041666666666624164
    p = p * r + 0.16666666666666669
    p = p * r + 0.5
    scale = np.uint64(np.float64(shifted).view(np.uint64) << MANTISSA).view(np.float64)
    return ((p * r * r + r) + 1.0) * scale


@kernel
def _sigmoid(z: float) -> tuple[float, float]:
    """Return the probability of the second of two classes, and of the first."""
    z = -LARGEST if z < -LARGEST else z
    z = LARGEST if z > LARGEST else z
    small = vexp(-abs(z))
    likely = 1.0 / (1.0 + small)
    unlikely = small / (1.0 + small)
    return (likely if z >= 0.0 else unlikely), (unlikely if z >= 0.0 else likely)


@kernel
def link_row(margins: Floats, link: Index, out: Floats) -> None:
    """Turn the margins of one row into probabilities; `out` may be `margins`."""
    if link == 0:
        out[1], out[0] = _sigmoid(margins[0])
        return
    total = 0.0
    if link == 1:
        top = -LARGEST
        for c in range(margins.size):
            top = max(top, min(margins[c], LARGEST))
        for c in range(margins.size):
            out[c] = vexp(min(max(margins[c], -LARGEST), LARGEST) - top)
            total += out[c]
    else:
        for c in range(margins.size):
            out[c] = margins[c]
            total += out[c]
    for c in range(margins.size):
        out[c] /= total


@kernel
def link_rows(margins: Floats, link: Index, out: Floats) -> int:
    """Turn margins (n, C) into probabilities (n, K)."""
    width = 2 if link == 0 else margins.shape[1]
    if out.shape != (margins.shape[0], width) or (link == 0 and margins.shape[1] != 1):
        return -1
    for i in range(margins.shape[0]):
        link_row(margins[i], link, out[i])
    return 0


@kernel
def _expand(row: Any, buffer: Words, cells: Singles) -> None:
    """Write the cells that the trees compare: NaN becomes what takes its default direction."""
    columns = np.uint64(buffer[6])
    low, high = np.uint64(buffer[9]), np.uint64(buffer[11])
    # Written as the processor's own minimum and maximum, which need no branch.
    for k in range(low):
        x = np.float32(row[buffer[columns + k]])
        cells[k] = x if x > -INFINITY else -INFINITY
    for k in range(low, high):
        x = np.float32(row[buffer[columns + k]])
        cells[k] = x if x < INFINITY else INFINITY
    for k in range(high, np.uint64(buffer[5])):
        x = row[buffer[columns + k]]
        cells[k] = INFINITY if x == x else -INFINITY


@kernel
def _leaf_2(cells: Singles, buffer: Words, floats: Singles, at: Index) -> Single:
    """Return the leaf of a perfect tree of depth 2: 3 columns, 3 thresholds, 4 leaves."""
    k = ONE if cells[buffer[at]] < floats[at + np.uint64(3)] else TWO
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(3) + k] else TWO)
    return floats[at + np.uint64(3) + k]


@kernel
def _leaf_3(cells: Singles, buffer: Words, floats: Singles, at: Index) -> Single:
    """Return the leaf of a perfect tree of depth 3: 7 columns, 7 thresholds, 8 leaves."""
    k = ONE if cells[buffer[at]] < floats[at + np.uint64(7)] else TWO
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(7) + k] else TWO)
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(7) + k] else TWO)
    return floats[at + np.uint64(7) + k]


@kernel
def _leaf_4(cells: Singles, buffer: Words, floats: Singles, at: Index) -> Single:
    """Return the leaf of a perfect tree of depth 4: 15 columns, 15 thresholds, 16 leaves."""
    k = ONE if cells[buffer[at]] < floats[at + np.uint64(15)] else TWO
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(15) + k] else TWO)
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(15) + k] else TWO)
    k += k + (ONE if cells[buffer[at + k]] < floats[at + np.uint64(15) + k] else TWO)
    return floats[at + np.uint64(15) + k]


@kernel
def _walk(cells: Singles, buffer: Words, floats: Singles, root: Index) -> Index:
    """Return the word behind the leaf in which a row ends; nodes are two words each."""
    at = root
    node = np.uint64(buffer[at])
    while (node & LOW_HALF) != LOW_HALF:
        child = node >> HALF  # in nodes from the root; its sibling comes next
        child += np.uint64(0) if cells[node & LOW_HALF] < floats[at + ONE] else ONE
        at = root + TWO * child
        node = np.uint64(buffer[at])
    return at + ONE


@kernel
def _sum_of_trees(
    cells: Singles, buffer: Words, floats: Singles, form: Index, c: Index, total: Single
) -> Single:
    """Return a margin plus its trees, one by one."""
    first = np.uint64(buffer[7])
    start, stop = np.uint64(buffer[first + c]), np.uint64(buffer[first + c + ONE])
    trees = np.uint64(buffer[8])
    if form == 3:
        for t in range(start, stop):
            total += _leaf_3(cells, buffer, floats, trees + t * np.uint64(22))
    elif form == 4:
        for t in range(start, stop):
            total += _leaf_4(cells, buffer, floats, trees + t * np.uint64(46))
    elif form == 2:
        for t in range(start, stop):
            total += _leaf_2(cells, buffer, floats, trees + t * np.uint64(10))
    else:
        for t in range(start, stop):
            total += floats[_walk(cells, buffer, floats, np.uint64(buffer[trees + t]))]
    return total


@kernel
def _linear(row: Any, buffer: Words, out: Floats) -> None:
    """Write the linear margins of one row, adding the encoded columns from left to right."""
    doubles = buffer.view(np.float64)
    width = np.uint64(out.size)
    intercept = np.uint64(buffer[21])
    for c in range(width):
        out[c] = doubles[intercept + c]
    columns, at = np.uint64(buffer[14]), np.uint64(buffer[15])
    for i in range(np.uint64(buffer[13])):
        x = np.float64(row[buffer[columns + i]])
        x = doubles[at] if x != x else x
        x = doubles[at + ONE] if x < doubles[at + ONE] else x
        x = doubles[at + TWO] if x > doubles[at + TWO] else x
        x = (x + 0.0) / doubles[at + THREE] - doubles[at + THREE + ONE]
        for c in range(width):
            out[c] += x * doubles[at + FIVE + c]
        at += FIVE + width
    columns, at = np.uint64(buffer[17]), np.uint64(buffer[18])
    for i in range(np.uint64(buffer[16])):
        x = np.float64(row[buffer[columns + i]])
        if x != x:
            for c in range(width):
                out[c] += doubles[at + c]
        at += width
    at = np.uint64(buffer[20])
    for _ in range(np.uint64(buffer[19])):
        x = np.float64(row[buffer[at]])
        if x >= 0.0 and x < buffer[at + ONE]:
            table = np.uint64(buffer[at + TWO]) + np.uint64(x) * width
            for c in range(width):
                out[c] += doubles[table + c]
        at += THREE


@kernel
def _start(buffer: Words, floats: Singles, c: Index, linear: float) -> Single:
    """Return where the trees of a margin start: its base, or its clipped linear margin."""
    limits = np.uint64(buffer[12])
    if limits == np.uint64(0):
        return floats[np.uint64(buffer[10]) + c]
    start = np.float32(linear)
    low, high = floats[limits + c], floats[limits + np.uint64(buffer[1]) + c]
    start = low if start < low else start
    return high if start > high else start


@kernel
def _margins(row: Any, buffer: Words, out: Floats) -> None:
    """Write the margins of one row."""
    if buffer[21] > 0:
        _linear(row, buffer, out)
    form = np.int64(buffer[3])
    if form == 0:
        return
    floats = buffer.view(np.float32)
    cells = np.empty(np.int64(buffer[5]), np.float32)
    _expand(row, buffer, cells)
    if form < 6:
        for c in range(np.uint64(out.size)):
            start = _start(buffer, floats, c, out[c])
            out[c] = _sum_of_trees(cells, buffer, floats, form, c, start)
        return
    sums = np.empty(out.size, np.float32)
    for c in range(np.uint64(out.size)):
        sums[c] = _start(buffer, floats, c, out[c])
    trees = np.uint64(buffer[8])
    for t in range(np.uint64(buffer[4])):
        leaf = buffer[_walk(cells, buffer, floats, np.uint64(buffer[trees + t]))]
        for c in range(np.uint64(out.size)):
            sums[c] += floats[np.uint64(leaf) + c]
    for c in range(out.size):
        out[c] = sums[c]


@kernel
def _choose(margins: Floats, link: Index) -> int:
    """Return the most probable class, the first of equally probable ones."""
    if link == 0 and abs(margins[0]) > CLEAR:
        return 1 if margins[0] > 0.0 else 0
    best, top, second = 0, -np.inf, -np.inf
    for c in range(margins.size):
        z = margins[c]
        if z > top:
            best, top, second = c, z, top
        elif z > second:
            second = z
    if link == 1 and top < LARGEST and top - second > CLEAR:
        return best
    # As close as rounding: the probabilities decide.
    out = np.empty(max(2, margins.size))
    link_row(margins, link, out)
    best = 0
    for c in range(1, out.size):
        best = c if out[c] > out[best] else best
    return best


def _code_of(row: Any, buffer: Words) -> int:
    """Return the class code of one row, or -1 if the row is not as long as it must be."""
    if row.size != buffer[0]:
        return -1
    margins = np.empty(np.int64(buffer[1]))
    _margins(row, buffer, margins)
    return _choose(margins, np.int64(buffer[2]))


def _margins_of(row: Any, buffer: Words, out: Floats) -> int:
    """Write the margins (C,) of one row; -1 if a size is wrong."""
    if row.size != buffer[0] or out.size != buffer[1]:
        return -1
    _margins(row, buffer, out)
    return 0


def _probabilities_of(row: Any, buffer: Words, out: Floats) -> int:
    """Write the probabilities (K,) of one row; -1 if a size is wrong."""
    link = np.int64(buffer[2])
    if row.size != buffer[0] or out.size != (2 if link == 0 else buffer[1]):
        return -1
    _margins(row, buffer, out[: np.int64(buffer[1])])
    link_row(out[: np.int64(buffer[1])], link, out)
    return 0


@kernel
def _linear_block(matrix: Any, first: Index, rows: Index, buffer: Words, sums: Floats) -> None:
    """Write the linear margins of a block, margin by margin, each as :func:`_linear` adds it."""
    doubles = buffer.view(np.float64)
    width = np.int64(buffer[1])
    cells, present = np.empty(BLOCK), np.empty(BLOCK)
    for c in range(width):
        sums[c * BLOCK : (c + 1) * BLOCK] = doubles[np.int64(buffer[21]) + c]
    columns, at = np.int64(buffer[14]), np.int64(buffer[15])
    for i in range(np.int64(buffer[13])):
        column = np.int64(buffer[columns + i])
        median, low, high = doubles[at], doubles[at + 1], doubles[at + 2]
        scale, shift = doubles[at + 3], doubles[at + 4]
        source = matrix[first : first + rows, column]
        for r in range(rows):
            x = np.float64(source[r])
            x = median if x != x else x
            x = low if x < low else x
            x = high if x > high else x
            cells[r] = (x + 0.0) / scale - shift
        for c in range(width):
            target, weight = sums[c * BLOCK : (c + 1) * BLOCK], doubles[at + 5 + c]
            for r in range(rows):
                target[r] += cells[r] * weight
        at += 5 + width
    columns, at = np.int64(buffer[17]), np.int64(buffer[18])
    for i in range(np.int64(buffer[16])):
        source = matrix[first : first + rows, np.int64(buffer[columns + i])]
        for r in range(rows):
            x = source[r]
            present[r] = 0.0 if x == x else 1.0
        for c in range(width):
            target, weight = sums[c * BLOCK : (c + 1) * BLOCK], doubles[at + c]
            for r in range(rows):
                target[r] += present[r] * weight
        at += width
    at = np.int64(buffer[20])
    for _ in range(np.int64(buffer[19])):
        source = matrix[first : first + rows, np.int64(buffer[at])]
        levels, table = buffer[at + 1], np.int64(buffer[at + 2])
        for r in range(rows):
            x = np.float64(source[r])
            if x >= 0.0 and x < levels:
                own = table + np.int64(x) * width
                for c in range(width):
                    sums[c * BLOCK + r] += doubles[own + c]
        at += 3


@kernel
def _load_block(matrix: Any, first: Index, rows: Index, buffer: Words, cells: Singles) -> None:
    """Write the cells that the trees compare, those of one column behind each other."""
    columns = np.int64(buffer[6])
    low, high = np.int64(buffer[9]), np.int64(buffer[11])
    for k in range(np.int64(buffer[5])):
        # Slices, so that no index needs a test for wrap-around.
        source = matrix[first : first + rows, np.int64(buffer[columns + k])]
        target = cells[k * BLOCK : k * BLOCK + rows]
        if k < low:
            for r in range(rows):
                x = np.float32(source[r])
                target[r] = x if x > -INFINITY else -INFINITY
        elif k < high:
            for r in range(rows):
                x = np.float32(source[r])
                target[r] = x if x < INFINITY else INFINITY
        else:
            for r in range(rows):
                target[r] = INFINITY if source[r] == source[r] else -INFINITY


@kernel
def _column(cells: Singles, buffer: Words, at: Index) -> Singles:
    """Return the block of the cell that a node compares."""
    start = np.int64(buffer[at]) * BLOCK
    return cells[start : start + BLOCK]


@kernel
def _add_2(cells: Singles, buffer: Words, floats: Singles, at: Index, sums: Singles) -> None:
    """Add a tree of depth 2 to a block: all its tests, and a choice between the leaves."""
    a, b = _column(cells, buffer, at), _column(cells, buffer, at + 1)
    c = _column(cells, buffer, at + 2)
    ta, tb, tc = floats[at + 3], floats[at + 4], floats[at + 5]
    l0, l1, l2, l3 = floats[at + 6], floats[at + 7], floats[at + 8], floats[at + 9]
    for r in range(BLOCK):
        left = l0 if b[r] < tb else l1
        right = l2 if c[r] < tc else l3
        sums[r] += left if a[r] < ta else right


@kernel
def _add_3(cells: Singles, buffer: Words, floats: Singles, at: Index, sums: Singles) -> None:
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
    l0, l1, l2, l3 = floats[at + 14], floats[at + 15], floats[at + 16], floats[at + 17]
    l4, l5, l6, l7 = floats[at + 18], floats[at + 19], floats[at + 20], floats[at + 21]
    for r in range(BLOCK):
        x0 = l0 if d[r] < td else l1
        x1 = l2 if e[r] < te else l3
        x2 = l4 if f[r] < tf else l5
        x3 = l6 if g[r] < tg else l7
        y0 = x0 if b[r] < tb else x1
        y1 = x2 if c[r] < tc else x3
        sums[r] += y0 if a[r] < ta else y1


@kernel
def _add_4(cells: Singles, buffer: Words, floats: Singles, at: Index, sums: Singles) -> None:
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
    l0, l1, l2, l3 = floats[at + 30], floats[at + 31], floats[at + 32], floats[at + 33]
    l4, l5, l6, l7 = floats[at + 34], floats[at + 35], floats[at + 36], floats[at + 37]
    l8, l9, l10, l11 = floats[at + 38], floats[at + 39], floats[at + 40], floats[at + 41]
    l12, l13, l14, l15 = floats[at + 42], floats[at + 43], floats[at + 44], floats[at + 45]
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
def _perfect_block(cells: Singles, buffer: Words, floats: Singles, c: Index, sums: Singles) -> None:
    """Add the perfect trees of a margin to a block, one by one."""
    form, trees, first = np.int64(buffer[3]), np.int64(buffer[8]), np.int64(buffer[7])
    for t in range(np.int64(buffer[first + c]), np.int64(buffer[first + c + 1])):
        if form == 3:
            _add_3(cells, buffer, floats, trees + t * 22, sums)
        elif form == 4:
            _add_4(cells, buffer, floats, trees + t * 46, sums)
        else:
            _add_2(cells, buffer, floats, trees + t * 10, sums)


@kernel
def _walked_block(
    cells: Singles, buffer: Words, floats: Singles, c: Index, rows: Index, sums: Singles
) -> None:
    """Add the walked trees of a margin to a block; of leaves with many values, this one's."""
    width, trees, first = np.int64(buffer[5]), np.uint64(buffer[8]), np.int64(buffer[7])
    by_row = buffer[3] == 6
    start = 0 if by_row else np.int64(buffer[first + c])
    stop = np.int64(buffer[4]) if by_row else np.int64(buffer[first + c + 1])
    for t in range(start, stop):
        root = np.uint64(buffer[trees + np.uint64(t)])
        for r in range(rows):
            leaf = _walk(cells[r * width : (r + 1) * width], buffer, floats, root)
            if by_row:
                sums[r] += floats[np.uint64(buffer[leaf]) + np.uint64(c)]
            else:
                sums[r] += floats[leaf]


@kernel
def _trees_block(
    matrix: Any, first: Index, rows: Index, buffer: Words, work: tuple[Singles, ...], sums: Floats
) -> None:
    """Put the trees of all margins on top of where a block starts."""
    cells, walked, total = work
    floats = buffer.view(np.float32)
    perfect = buffer[3] < 5
    width = np.int64(buffer[5])
    _load_block(matrix, first, rows, buffer, cells)
    if not perfect:  # a walk needs the cells of one row
        for r in range(rows):
            for k in range(width):
                walked[r * width + k] = cells[k * BLOCK + r]
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            total[r] = _start(buffer, floats, np.uint64(c), own[r])
        if perfect:
            _perfect_block(cells, buffer, floats, c, total)
        else:
            _walked_block(walked, buffer, floats, c, rows, total)
        for r in range(BLOCK):
            own[r] = total[r]


@kernel
def _write_block(sums: Floats, link: Index, row: Floats, out: Floats) -> None:
    """Write the answers of a block: probabilities; or, for link -1, margins."""
    if link == 0:  # apart, so that it vectorises
        low, high = np.empty(BLOCK), np.empty(BLOCK)
        for r in range(BLOCK):
            high[r], low[r] = _sigmoid(sums[r])
        for r in range(out.shape[0]):
            out[r, 0] = low[r]
            out[r, 1] = high[r]
        return
    for r in range(out.shape[0]):
        for c in range(row.size):
            row[c] = sums[c * BLOCK + r]
        if link < 0:
            out[r, :] = row
        else:
            link_row(row, link, out[r])


def _answer_all(matrix: Any, buffer: Words, probable: bool, out: Floats) -> int:
    """Write the probabilities (n, K) or the margins (n, C) of all rows; -1 if a size is wrong."""
    n, n_margins, link = matrix.shape[0], np.int64(buffer[1]), np.int64(buffer[2])
    width = 2 if probable and link == 0 else n_margins
    if matrix.shape[1] != buffer[0] or out.shape != (n, width):
        return -1
    sums = np.zeros(n_margins * BLOCK)
    # Rows that the last block lacks are zeros, so that all loops are equally long.
    n_cells = np.int64(buffer[5]) * BLOCK
    n_walked = n_cells if buffer[3] > 4 else 0
    work = (
        np.zeros(n_cells, np.float32),
        np.zeros(n_walked, np.float32),
        np.zeros(BLOCK, np.float32),
    )
    row = np.empty(n_margins)
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        if buffer[21] > 0:
            _linear_block(matrix, first, rows, buffer, sums)
        if buffer[3] > 0:
            _trees_block(matrix, first, rows, buffer, work, sums)
        _write_block(sums, link if probable else -1, row, out[first : first + rows])
    return 0


# One dispatcher per dtype of a row: each has a single signature, so that handing in another
# dtype or layout is refused by the call itself instead of by a slower test before it.
code_32, code_64 = single(_code_of), single(_code_of)
margins_32, margins_64 = single(_margins_of), single(_margins_of)
probabilities_32, probabilities_64 = single(_probabilities_of), single(_probabilities_of)
all_32, all_64 = kernel(_answer_all), kernel(_answer_all)
