"""The compiled loops that answer from one packed buffer: a row, or rows in blocks.

Self-contained, because numba's cache does not notice an edit in another module. No fastmath: a
margin is summed in one stated order, so that its bits depend neither on the rows beside it nor
on the processor. The buffer, word by word: :mod:`hpmkd.student.packed.words`.
It is trusted, for only that module makes one, out of a model that has checked itself; what a
caller hands in is checked here: a kernel returns -1 where something is wrong, and touches nothing.

The kernels of a single row are functions of Python's C interface, which take objects by address:
handing an array to a numba dispatcher takes .1 us each, to these .01 us. They look the array up
in NumPy's own structure, which its C interface lays down, and the row in CPython's dict.

Indices are unsigned: a signed one costs a test for wrap-around. A cell of a row is turned into
one that needs no test for missing values, once, before all trees: NaN becomes -inf or +inf,
whichever takes its default direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint32]
    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Addresses = NDArray[np.int64]
    Work = tuple[Singles, Singles, Singles, Words]
    Fused = tuple[Floats, Floats, Floats, Floats]
    Index = Any  # a signed or an unsigned integer of 64 bits
    Single = Any  # a float32

_F = TypeVar("_F", bound=Callable[..., Any])

kernel: Callable[[_F], _F] = njit(cache=True, nogil=True, error_model="numpy")

TOGETHER = 16  # trees whose leaves are added to a row together
TILE = 32  # rows of a table whose cells stay in the cache while they are sorted by column
BLOCK = 256  # rows that stay in the cache while every tree passes over them
ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
FIVE, EIGHT = np.uint64(5), np.uint64(8)
HALF, LOW_HALF = np.uint64(16), np.uint64(0xFFFF)
INFINITY = np.float32(np.inf)
SINGLE_ZERO, SINGLE_ONE, SINGLE_THREE = np.float32(0.0), np.float32(1.0), np.float32(3.0)
LARGEST_INPUT = 1e4  # of a network
ROWS_AT_ONCE = 16  # of a network, so that their units stay in the first cache
LARGEST = 1e300  # far beyond any margin, so that an overflowed one does not become inf - inf
CLEAR = 1e-6  # classes whose margins differ by more have different probabilities

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10
EXPONENT_SHIFT = 6755399441055744.0 + 1023.0
MANTISSA = np.uint64(52)
BIAS = np.uint64(1023 << 52)
EXPONENT = np.uint64(0xFFF << 52)
BIAS_AND_HALF = np.uint64((1023 << 52) + (1 << 51))
TWO_52 = np.uint64(0x433 << 52)
LOG_SHIFT = 4503599627370496.0 + 1023.0
TINY = 2.2250738585072014e-308  # smallest normal float64
SMALLEST = 1e-15  # probability of a member of a pool


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
def vlog(x: float) -> float:
    """Return ln x of a normal positive finite x; of :mod:`hpmkd.kernels._jit`."""
    bits = np.float64(x).view(np.uint64)
    rounded = np.uint64((bits + BIAS_AND_HALF) - BIAS)
    e = np.uint64((rounded >> MANTISSA) | TWO_52).view(np.float64) - LOG_SHIFT
    scaled = np.uint64((bits + BIAS) - (rounded & EXPONENT)).view(np.float64)
    f = (scaled - 1.0) / (scaled + 1.0)
    s = f * f
    p = 0.075568404467656 * s + 0.07642116328550316
    p = p * s + 0.09092294301902219
    p = p * s + 0.11111091590340633
    p = p * s + 0.14285714416339865
    p = p * s + 0.19999999999672824
    p = p * s + 0.33333333333333465
    return e * LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * LN2_LOW))


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


# The leaves of a perfect tree are values, and `leaves` is `floats`; or where the values of each
# begin, and `leaves` is `buffer`: each is a variant of the same code.


@kernel
def _leaf_2(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 2: 3 columns, 3 thresholds, 4 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(3)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(3) + k])
    return leaves[at + np.uint64(3) + k]


@kernel
def _leaf_3(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 3: 7 columns, 7 thresholds, 8 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(7)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(7) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(7) + k])
    return leaves[at + np.uint64(7) + k]


@kernel
def _leaf_4(cells: Singles, buffer: Words, floats: Singles, at: Index, leaves: Any) -> Any:
    """Return the leaf of a perfect tree of depth 4: 15 columns, 15 thresholds, 16 leaves."""
    k = TWO - np.uint64(cells[buffer[at]] < floats[at + np.uint64(15)])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    k += k + TWO - np.uint64(cells[buffer[at + k]] < floats[at + np.uint64(15) + k])
    return leaves[at + np.uint64(15) + k]


@kernel
def _walk(cells: Singles, buffer: Words, floats: Singles, root: Index) -> Index:
    """Return the word behind the leaf in which a row ends; nodes are two words each."""
    at = root
    node = np.uint64(buffer[at])
    while (node & LOW_HALF) != LOW_HALF:
        child = node >> HALF  # in nodes from the root; its sibling comes next
        child += ONE - np.uint64(cells[node & LOW_HALF] < floats[at + ONE])
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
            total += _leaf_3(cells, buffer, floats, trees + t * np.uint64(22), floats)
    elif form == 4:
        for t in range(start, stop):
            total += _leaf_4(cells, buffer, floats, trees + t * np.uint64(46), floats)
    elif form == 2:
        for t in range(start, stop):
            total += _leaf_2(cells, buffer, floats, trees + t * np.uint64(10), floats)
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
def _encode(row: Any, buffer: Words, values: Singles) -> None:
    """Write the columns that a network reads of one row, squashed, as ``_predict.squash`` does."""
    doubles = buffer.view(np.float64)
    columns, at, n_numbers = np.uint64(buffer[14]), np.uint64(buffer[15]), np.uint64(buffer[13])
    for i in range(n_numbers):
        x = np.float64(row[buffer[columns + i]])
        x = doubles[at] if x != x else x
        x = doubles[at + ONE] if x < doubles[at + ONE] else x
        x = doubles[at + TWO] if x > doubles[at + TWO] else x
        x = (x + 0.0) / doubles[at + THREE] - doubles[at + THREE + ONE]
        low = x if x > -LARGEST_INPUT else -LARGEST_INPUT
        values[i] = low if low < LARGEST_INPUT else LARGEST_INPUT
        at += FIVE
    columns, start = np.uint64(buffer[17]), n_numbers
    for i in range(np.uint64(buffer[16])):
        x = np.float64(row[buffer[columns + i]])
        values[start + i] = 0.0 if x == x else 1.0
    at, start = np.uint64(buffer[20]), start + np.uint64(buffer[16])
    for _ in range(np.uint64(buffer[19])):
        x = np.float64(row[buffer[at]])
        levels = np.uint64(buffer[at + ONE])
        for k in range(levels):
            values[start + k] = 0.0
        if x >= 0.0 and x < levels:
            values[start + np.uint64(x)] = 1.0
        start += levels
        at += THREE
    for i in range(start):
        third = values[i] / SINGLE_THREE
        values[i] = values[i] / math.sqrt(SINGLE_ONE + third * third)


@kernel
def _widest(buffer: Words) -> Index:
    """Return the columns or units of the widest layer of a network."""
    at, widest = np.int64(buffer[22]), np.int64(1)
    for k in range(np.int64(buffer[at]) + 1):
        size = np.int64(buffer[at + 1 + k])
        widest = size if size > widest else widest
    return widest


@kernel
def _layers(buffer: Words, n_rows: Index, values: Singles, sums: Singles) -> None:
    """Turn what a network reads of some rows (n, d), flat, into its margins (n, C).

    Added in the order of ``_predict.add_layer``. Both arrays hold as many values a row as the
    widest layer; the inputs are spent.
    """
    floats, at = buffer.view(np.float32), np.uint64(buffer[22])
    n_layers = np.uint64(buffer[at])
    place = at + n_layers + TWO
    for layer in range(n_layers):
        a, b = np.uint64(buffer[at + layer + ONE]), np.uint64(buffer[at + layer + TWO])
        biases = place + a * b
        for r in range(np.uint64(n_rows)):
            below = values[np.int64(r * a) : np.int64(r * a + a)]
            above = sums[np.int64(r * b) : np.int64(r * b + b)]
            for j in range(b):
                above[j] = floats[biases + j]
            i, w0 = np.uint64(0), place
            while i + FOUR <= a:
                x0, x1, x2, x3 = below[i], below[i + ONE], below[i + TWO], below[i + THREE]
                w1, w2, w3 = w0 + b, w0 + TWO * b, w0 + THREE * b
                for j in range(b):
                    above[j] += (x0 * floats[w0 + j] + x1 * floats[w1 + j]) + (
                        x2 * floats[w2 + j] + x3 * floats[w3 + j]
                    )
                i += FOUR
                w0 += FOUR * b
            while i < a:
                x0 = below[i]
                for j in range(b):
                    above[j] += x0 * floats[w0 + j]
                i += ONE
                w0 += b
        place = biases + b
        if layer + ONE < n_layers:
            for j in range(np.uint64(n_rows) * b):
                values[j] = sums[j] if sums[j] > SINGLE_ZERO else SINGLE_ZERO


@kernel
def _network(row: Any, buffer: Words, out: Floats) -> None:
    """Write the margins of a network of one row."""
    widest = _widest(buffer)
    values, sums = np.empty(widest, np.float32), np.empty(widest, np.float32)
    _encode(row, buffer, values)
    _layers(buffer, 1, values, sums)
    for c in range(out.size):
        out[c] = sums[c]


@kernel
def _network_block(matrix: Any, first: Index, rows: Index, buffer: Words, out: Floats) -> None:
    """Write the margins of a network of a block, a few rows at a time."""
    widest, n_columns = _widest(buffer), np.int64(buffer[np.int64(buffer[22]) + 1])
    values = np.empty(ROWS_AT_ONCE * widest, np.float32)
    sums = np.empty(ROWS_AT_ONCE * widest, np.float32)
    for start in range(0, rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, rows - start)
        for r in range(count):
            own = values[r * n_columns : (r + 1) * n_columns]
            _encode(matrix[first + start + r], buffer, own)
        _layers(buffer, count, values, sums)
        for r in range(count):
            for c in range(np.int64(buffer[1])):
                out[c * BLOCK + start + r] = sums[r * np.int64(buffer[1]) + c]


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
def _find_leaves(cells: Singles, buffer: Words, floats: Singles, leaves: Words) -> None:
    """Write where the values of the leaf begin in which a row ends, tree by tree."""
    form, trees, stop = np.int64(buffer[3]), np.uint64(buffer[8]), np.uint64(leaves.size)
    if form == 3:
        for t in range(stop):
            leaves[t] = _leaf_3(cells, buffer, floats, trees + t * np.uint64(22), buffer)
    elif form == 4:
        for t in range(stop):
            leaves[t] = _leaf_4(cells, buffer, floats, trees + t * np.uint64(46), buffer)
    elif form == 2:
        for t in range(stop):
            leaves[t] = _leaf_2(cells, buffer, floats, trees + t * np.uint64(10), buffer)
    else:
        for t in range(stop):
            leaves[t] = buffer[_walk(cells, buffer, floats, np.uint64(buffer[trees + t]))]


def _lanes(context: Any, builder: Any, array: Any, index: Any, count: int) -> Any:
    """Return a pointer to some neighbours in an array of float32, as one vector of LLVM."""
    data = context.make_array(array[0])(context, builder, array[1]).data
    vector = ir.VectorType(ir.FloatType(), count)
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _summing(count: int) -> Any:
    """Return the function that adds the values of some leaves to sums, one after another.

    So many neighbours at a time: those of `sums` from `target` on, and those of `floats` from
    `at` behind where each of `number` leaves begins, which are `step` apart in `leaves`. They
    stay in a register meanwhile.
    """

    def declare(
        context: Any, sums: Any, target: Any, floats: Any, at: Any, leaves: Any, first: Any,
        step: Any, number: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds = signature.args
            given = list(zip(kinds, arguments, strict=True))
            places = context.make_array(kinds[4])(context, builder, arguments[4]).data
            result = _lanes(context, builder, given[0], arguments[1], count)
            total = cgutils.alloca_once_value(builder, builder.load(result, align=4))
            with cgutils.for_range(builder, arguments[7]) as loop:
                place = builder.add(arguments[5], builder.mul(loop.index, arguments[6]))
                leaf = builder.load(builder.gep(places, [place]))
                start = builder.add(builder.zext(leaf, ir.IntType(64)), arguments[3])
                values = builder.load(_lanes(context, builder, given[2], start, count), align=4)
                builder.store(builder.fadd(builder.load(total), values), total)
            builder.store(builder.load(total), result, align=4)
            return context.get_dummy_value()

        place = types.uint64
        return types.void(sums, place, floats, place, leaves, place, place, place), generate

    return intrinsic(declare)


# Written for LLVM, for numba does not make vectors of what stands beside each other.
_sum_4, _sum_8 = _summing(4), _summing(8)


@kernel
def _add_leaves(
    sums: Singles, target: Index, floats: Singles, width: Index, leaves: Words, first: Index,
    step: Index, number: Index,
) -> None:  # fmt: skip
    """Add the values of some leaves to those of a row, leaf by leaf."""
    at = np.uint64(0)
    while at + EIGHT <= width:
        _sum_8(sums, target + at, floats, at, leaves, first, step, number)
        at += EIGHT
    if at < width:
        _sum_4(sums, target + at, floats, at, leaves, first, step, number)


@kernel
def _add_vectors(cells: Singles, buffer: Words, floats: Singles, out: Floats) -> None:
    """Add trees whose leaves hold a value per margin, one by one, eight margins at a time."""
    leaves, sums = (
        np.empty(np.int64(buffer[4]), np.uint32),
        np.empty(np.int64(buffer[23]), np.float32),
    )
    _find_leaves(cells, buffer, floats, leaves)
    for c in range(np.uint64(out.size)):
        sums[c] = _start(buffer, floats, c, out[c])
    zero, number = np.uint64(0), np.uint64(leaves.size)
    _add_leaves(sums, zero, floats, np.uint64(buffer[23]), leaves, zero, ONE, number)
    for c in range(np.uint64(out.size)):
        out[c] = sums[c]


@kernel
def _margins(row: Any, buffer: Words, out: Floats) -> None:
    """Write the margins of one row."""
    if buffer[21] > 0:
        _linear(row, buffer, out)
    if buffer[22] > 0:
        _network(row, buffer, out)
    form = np.int64(buffer[3])
    if form == 0:
        return
    floats = buffer.view(np.float32)
    cells = np.empty(np.int64(buffer[5]), np.float32)
    _expand(row, buffer, cells)
    if buffer[23] > 0:
        _add_vectors(cells, buffer, floats, out)
        return
    for c in range(np.uint64(out.size)):
        start = _start(buffer, floats, c, out[c])
        out[c] = _sum_of_trees(cells, buffer, floats, form, c, start)


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
    for start in range(0, rows, TILE):
        stop = min(start + TILE, rows)
        for k in range(np.int64(buffer[5])):
            # Slices, so that no index needs a test for wrap-around.
            source = matrix[first + start : first + stop, np.int64(buffer[columns + k])]
            target = cells[k * BLOCK + start : k * BLOCK + stop]
            if k < low:
                for r in range(stop - start):
                    x = np.float32(source[r])
                    target[r] = x if x > -INFINITY else -INFINITY
            elif k < high:
                for r in range(stop - start):
                    x = np.float32(source[r])
                    target[r] = x if x < INFINITY else INFINITY
            else:
                for r in range(stop - start):
                    target[r] = INFINITY if source[r] == source[r] else -INFINITY


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
def _add_perfect(
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
def _trees_block(buffer: Words, rows: Index, work: Work, sums: Floats) -> None:
    """Put the trees of all margins, those of one margin after another, on top of a block."""
    cells, walked, total = work[0], work[1], work[2][:BLOCK]
    floats, width = buffer.view(np.float32), np.int64(buffer[5])
    first, trees = np.int64(buffer[7]), np.uint64(buffer[8])
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            total[r] = _start(buffer, floats, np.uint64(c), own[r])
        for t in range(np.int64(buffer[first + c]), np.int64(buffer[first + c + 1])):
            if buffer[3] < 5:
                _add_perfect(cells, buffer, floats, t, floats, total)
                continue
            root = np.uint64(buffer[trees + np.uint64(t)])
            for r in range(rows):
                own_cells = walked[r * width : (r + 1) * width]
                total[r] += floats[_walk(own_cells, buffer, floats, root)]
        for r in range(BLOCK):
            own[r] = total[r]


@kernel
def _vectors_block(buffer: Words, rows: Index, work: Work, sums: Floats) -> None:
    """Put trees whose leaves hold a value per margin on top of a block, each evaluated once."""
    cells, walked, total, leaves = work
    floats, width = buffer.view(np.float32), np.int64(buffer[23])
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            total[r * width + c] = _start(buffer, floats, np.uint64(c), own[r])
    n_trees = np.int64(buffer[4])
    for first in range(0, n_trees, TOGETHER):
        number = TOGETHER if first + TOGETHER <= n_trees else n_trees - first
        for t in range(number):
            own_leaves = leaves[t * BLOCK : (t + 1) * BLOCK]
            _leaves_block(cells, walked, buffer, floats, first + t, rows, own_leaves)
        for r in range(np.uint64(rows)):
            _add_leaves(
                total, r * np.uint64(width), floats, np.uint64(width), leaves, r,
                np.uint64(BLOCK), np.uint64(number),
            )  # fmt: skip
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(rows):
            own[r] = total[r * width + c]


@kernel
def _leaves_block(
    cells: Singles, walked: Singles, buffer: Words, floats: Singles, t: Index, rows: Index,
    leaves: Words,
) -> None:  # fmt: skip
    """Write where the values of the leaves begin in which a block ends in one tree."""
    if buffer[3] < 5:
        leaves[:] = 0
        _add_perfect(cells, buffer, floats, t, buffer, leaves)
        return
    width = np.int64(buffer[5])
    root = np.uint64(buffer[np.uint64(buffer[8]) + np.uint64(t)])
    for r in range(rows):
        leaves[r] = buffer[_walk(walked[r * width : (r + 1) * width], buffer, floats, root)]


@kernel
def _work(cells: Index, walked: Index, values: Index) -> Work:
    """Return memory for a block: cells by column and by row, sums of trees, leaves."""
    # Rows that the last block lacks are zeros, so that all loops are equally long.
    return (
        np.zeros(cells * BLOCK, np.float32),
        np.zeros(walked * BLOCK, np.float32),
        np.zeros(max(values, 1) * BLOCK, np.float32),
        np.zeros(TOGETHER * BLOCK if values > 0 else 0, np.uint32),
    )


@kernel
def _margins_block(
    matrix: Any, first: Index, rows: Index, buffer: Words, work: Work, sums: Floats
) -> None:
    """Write the margins of a block, those of one margin behind each other."""
    if buffer[21] > 0:
        _linear_block(matrix, first, rows, buffer, sums)
    if buffer[22] > 0:
        _network_block(matrix, first, rows, buffer, sums)
    if buffer[3] == 0:
        return
    cells, walked, width = work[0], work[1], np.int64(buffer[5])
    _load_block(matrix, first, rows, buffer, cells)
    if buffer[3] == 5:  # a walk needs the cells of one row
        for r in range(rows):
            for k in range(width):
                walked[r * width + k] = cells[k * BLOCK + r]
    if buffer[23] > 0:
        _vectors_block(buffer, rows, work, sums)
    else:
        _trees_block(buffer, rows, work, sums)


@kernel
def _link_block(sums: Floats, n_margins: Index, link: Index, out: Floats) -> None:
    """Turn the margins of a block into probabilities, as :func:`link_row` does, class by class."""
    if link == 0:
        for r in range(BLOCK):
            out[BLOCK + r], out[r] = _sigmoid(sums[r])
        return
    top, total = np.empty(BLOCK), np.zeros(BLOCK)
    if link == 1:
        top[:] = -LARGEST
        for c in range(n_margins):
            own = sums[c * BLOCK : (c + 1) * BLOCK]
            for r in range(BLOCK):
                z = own[r] if own[r] < LARGEST else LARGEST
                top[r] = z if z > top[r] else top[r]
    for c in range(n_margins):
        own, target = sums[c * BLOCK : (c + 1) * BLOCK], out[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            if link == 1:
                z = own[r] if own[r] > -LARGEST else -LARGEST
                z = z if z < LARGEST else LARGEST
                target[r] = vexp(z - top[r])
            else:
                target[r] = own[r]
        for r in range(BLOCK):
            total[r] += target[r]
    for c in range(n_margins):
        target = out[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            target[r] /= total[r]


@kernel
def _write_block(block: Floats, out: Floats) -> None:
    """Write the answers of a block row by row."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = block[c * BLOCK + r]


def _answer_all(matrix: Any, buffer: Words, probable: bool, out: Floats) -> int:
    """Write the probabilities (n, K) or the margins (n, C) of all rows; -1 if a size is wrong."""
    n, n_margins, link = matrix.shape[0], np.int64(buffer[1]), np.int64(buffer[2])
    width = 2 if probable and link == 0 else n_margins
    if matrix.shape[1] != buffer[0] or out.shape != (n, width):
        return -1
    sums, block = np.zeros(n_margins * BLOCK), np.empty(width * BLOCK)
    n_cells = np.int64(buffer[5])
    work = _work(n_cells, n_cells if buffer[3] == 5 else 0, np.int64(buffer[23]))
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        _margins_block(matrix, first, rows, buffer, work, sums)
        if probable:
            _link_block(sums, n_margins, link, block)
            _write_block(block, out[first : first + rows])
        else:
            _write_block(sums, out[first : first + rows])
    return 0


@kernel
def _fuse_member(
    p: Floats, n_rows: Index, settings: Floats, share: bool, product: bool, state: Fused
) -> None:
    """Add a member to the two pools of some rows; `p` holds class after class, and is spent.

    As :class:`hpmkd.student.models.pool.Pool` says; `settings` are 1 / temperature, weight and
    exponent of the member.
    """
    mean, logits, top, total = state
    inverse, weight, exponent = settings[0], settings[1], settings[2]
    n_classes = p.size // n_rows
    for j in range(p.size):
        p[j] = p[j] if p[j] > SMALLEST else SMALLEST
    for r in range(n_rows):
        top[r], total[r] = 0.0, 0.0
    if inverse != 1.0:
        for j in range(p.size):
            p[j] = vlog(p[j]) * inverse
        _lower(p, n_rows, top)
        for j in range(p.size):
            p[j] = vexp(p[j])
    for c in range(n_classes):
        for r in range(n_rows):
            total[r] += p[c * n_rows + r]
    for r in range(n_rows):
        total[r] = 1.0 / total[r]
    for c in range(n_classes):
        own = p[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] *= total[r]
    if share:
        for j in range(p.size):
            mean[j] += weight * p[j]
    if product:
        for j in range(p.size):
            p[j] = p[j] if p[j] > SMALLEST else SMALLEST
        for j in range(p.size):
            logits[j] += exponent * vlog(p[j])


@kernel
def _lower(values: Floats, n_rows: Index, top: Floats) -> None:
    """Take the largest value of each row off it."""
    n_classes = values.size // n_rows
    top[:n_rows] = values[:n_rows]
    for c in range(1, n_classes):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            top[r] = own[r] if own[r] > top[r] else top[r]
    for c in range(n_classes):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] -= top[r]


@kernel
def _normalise(values: Floats, n_rows: Index, factor: float, total: Floats) -> None:
    """Make the values of each row sum to a factor."""
    for r in range(n_rows):
        total[r] = 0.0
    for c in range(values.size // n_rows):
        for r in range(n_rows):
            total[r] += values[c * n_rows + r]
    for r in range(n_rows):
        total[r] = factor / total[r]
    for c in range(values.size // n_rows):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] *= total[r]


@kernel
def _begin(numbers: Floats, n_members: Index, n_rows: Index, state: Fused) -> None:
    """Begin both pools: the linear one is a sum, the log-linear one starts from its offsets."""
    mean, logits = state[0], state[1]
    mean[:] = 0.0
    for c in range(mean.size // n_rows):
        logits[c * n_rows : (c + 1) * n_rows] = numbers[3 * n_members + c]


@kernel
def _finish(numbers: Floats, n_rows: Index, state: Fused) -> None:
    """Mix both pools, and sharpen or soften the mix, in place of the linear one."""
    mean, logits, top, total = state
    rest, inverse = numbers[numbers.size - 2], numbers[numbers.size - 1]
    if rest > 0.0:
        _lower(logits, n_rows, top)
        for j in range(logits.size):
            logits[j] = vexp(logits[j])
        _normalise(logits, n_rows, rest, total)
        for j in range(mean.size):
            mean[j] += logits[j]
    if inverse != 1.0:
        for j in range(mean.size):
            x = mean[j]
            power = vlog(x if x > TINY else TINY) * inverse
            mean[j] = power if x > TINY else -LARGEST
        _lower(mean, n_rows, top)
        for j in range(mean.size):
            mean[j] = vexp(mean[j])
    _normalise(mean, n_rows, 1.0, total)


@kernel
def _fusing(size: Index, n_rows: Index) -> Fused:
    """Return memory in which members are fused."""
    return np.empty(size), np.empty(size), np.empty(n_rows), np.empty(n_rows)


@kernel
def fuse_rows(predicted: Floats, numbers: Floats, out: Floats) -> int:
    """Fuse probabilities (M, n, K) into (n, K); -1 if a size is wrong.

    `numbers` are three of each member, as :func:`_fuse_member` takes them, the K offsets, the
    share of the log-linear pool and 1 / the final temperature.
    """
    n_members, n, n_classes = predicted.shape
    if out.shape != (n, n_classes) or numbers.size != 3 * n_members + n_classes + 2:
        return -1
    share, product = _is_linear(numbers, n_members), numbers[numbers.size - 2] > 0.0
    p, state = np.empty(n_classes * BLOCK), _fusing(n_classes * BLOCK, BLOCK)
    p[:] = 1.0
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        _begin(numbers, n_members, BLOCK, state)
        for m in range(n_members):
            for r in range(rows):
                for c in range(n_classes):
                    p[c * BLOCK + r] = predicted[m, first + r, c]
            _fuse_member(p, BLOCK, numbers[3 * m : 3 * m + 3], share, product, state)
        _finish(numbers, BLOCK, state)
        _write_block(state[0], out[first : first + rows])
    return 0


@kernel
def _is_linear(numbers: Floats, n_members: Index) -> bool:
    """Return whether any member has a weight in the linear pool."""
    weight = 0.0
    for m in range(n_members):
        weight += numbers[3 * m + 1]
    return weight > 0.0


@kernel
def _member(buffer: Words, m: Index) -> Words:
    """Return the words of a member of a pool."""
    starts = np.int64(buffer[3])
    return buffer[np.int64(buffer[starts + m]) : np.int64(buffer[starts + m + 1])]


@kernel
def _numbers(buffer: Words) -> Floats:
    """Return the numbers of a pool, as :func:`fuse_rows` takes them."""
    at = np.int64(buffer[4])
    size = 3 * np.int64(buffer[2]) + np.int64(buffer[1]) + 2
    return buffer.view(np.float64)[at : at + size]


@kernel
def _pool(row: Any, buffer: Words, out: Floats) -> None:
    """Write the probabilities of one row by a pool."""
    n_classes, n_members = np.int64(buffer[1]), np.int64(buffer[2])
    numbers, p, state = _numbers(buffer), np.empty(n_classes), _fusing(n_classes, 1)
    share, product = _is_linear(numbers, n_members), numbers[numbers.size - 2] > 0.0
    _begin(numbers, n_members, 1, state)
    for m in range(n_members):
        words = _member(buffer, m)
        margins = p[: np.int64(words[1])]
        _margins(row, words, margins)
        link_row(margins, np.int64(words[2]), p)
        _fuse_member(p, 1, numbers[3 * m : 3 * m + 3], share, product, state)
    _finish(numbers, 1, state)
    out[:] = state[0]


def _pool_all(matrix: Any, buffer: Words, probable: bool, out: Floats) -> int:
    """Write the probabilities (n, K) of all rows by a pool; -1 if a size is wrong."""
    n, n_classes, n_members = matrix.shape[0], np.int64(buffer[1]), np.int64(buffer[2])
    if matrix.shape[1] != buffer[0] or out.shape != (n, n_classes) or not probable:
        return -1
    numbers, state = _numbers(buffer), _fusing(n_classes * BLOCK, BLOCK)
    share, product = _is_linear(numbers, n_members), numbers[numbers.size - 2] > 0.0
    cells = walked = values = np.int64(0)
    for m in range(n_members):
        words = _member(buffer, m)
        n_cells, width = np.int64(words[5]), np.int64(words[23])
        cells = n_cells if n_cells > cells else cells
        walked = n_cells if words[3] == 5 and n_cells > walked else walked
        values = width if width > values else values
    work, sums, p = _work(cells, walked, values), np.zeros(n_classes * BLOCK), state[0].copy()
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        _begin(numbers, n_members, BLOCK, state)
        for m in range(n_members):
            words = _member(buffer, m)
            own = sums[: np.int64(words[1]) * BLOCK]
            _margins_block(matrix, first, rows, words, work, own)
            _link_block(own, np.int64(words[1]), np.int64(words[2]), p)
            _fuse_member(p, BLOCK, numbers[3 * m : 3 * m + 3], share, product, state)
        _finish(numbers, BLOCK, state)
        _write_block(state[0], out[first : first + rows])
    return 0


# What stands where in an object of CPython and in an array of NumPy, in bytes: the C interface
# of both. Types and flags that a row must have, NumPy's numbers for them.
HEAD = object.__basicsize__
TYPE, FLOAT_VALUE = HEAD - 8, HEAD
DATA, NDIM, SHAPE, STRIDES, DTYPE, FLAGS = (
    HEAD,
    HEAD + 8,
    HEAD + 16,
    HEAD + 24,
    HEAD + 40,
    HEAD + 48,
)
BYTE_ORDER, TYPE_NUMBER = HEAD + 10, HEAD + 12
NATIVE, FLOAT_32, FLOAT_64 = ord("="), 11, 12
ALIGNED, WRITEABLE = 0x100, 0x400

_int, _double, _no = types.int64, types.float64, types.void
_new_integer: Callable[[Index], int] = types.ExternalFunction("PyLong_FromLongLong", _int(_int))
_item_of_dict: Callable[[int, int], int] = types.ExternalFunction(
    "PyDict_GetItemWithError", _int(_int, _int)
)
_item_of_tuple: Callable[[int, int], int] = types.ExternalFunction(
    "PyTuple_GetItem", _int(_int, _int)
)
_as_double: Callable[[int], float] = types.ExternalFunction("PyLong_AsDouble", _double(_int))
_error: Callable[[], int] = types.ExternalFunction("PyErr_Occurred", _int())
_clear_error: Callable[[], None] = types.ExternalFunction("PyErr_Clear", _no())


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(context: Any, address: Any) -> Any:
    """Return an address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


@kernel
def _field(address: int) -> int:
    """Return the eight bytes at an address."""
    value: int = carray(_pointer(address), (1,), np.int64)[0]
    return value


@kernel
def _short_field(address: int) -> int:
    """Return the four bytes at an address."""
    value: int = carray(_pointer(address), (1,), np.int32)[0]
    return value


@kernel
def _size(array: int) -> int:
    """Return the length of an array of one dimension."""
    return _field(_field(array + SHAPE))


@kernel
def _fits(array: int, like: int, size: Index, kind: int, flags: int) -> bool:
    """Return whether an object is an array that a kernel can read: of one type, size, layout."""
    if _field(array + TYPE) != _field(like + TYPE) or _short_field(array + NDIM) != 1:
        return False
    step = _field(_field(array + STRIDES))
    if _size(array) != np.int64(size) or (size != 1 and step != (4 if kind == FLOAT_32 else 8)):
        return False
    dtype = _field(array + DTYPE)
    order = carray(_pointer(dtype + BYTE_ORDER), (1,), np.uint8)[0]
    typed = _short_field(dtype + TYPE_NUMBER) == kind and order == NATIVE
    return typed and (_short_field(array + FLAGS) & flags) == flags


@kernel
def _words_at(array: int) -> Words:
    """Return a packed buffer."""
    values: Words = carray(_pointer(_field(array + DATA)), (_size(array),), np.uint32)
    return values


@kernel
def _singles_at(array: int) -> Singles:
    """Return an array of float32."""
    values: Singles = carray(_pointer(_field(array + DATA)), (_size(array),), np.float32)
    return values


@kernel
def _doubles_at(array: int) -> Floats:
    """Return an array of float64."""
    values: Floats = carray(_pointer(_field(array + DATA)), (_size(array),), np.float64)
    return values


@kernel
def _code(row: Any, buffer: Words) -> int:
    """Return the class code of one row."""
    margins = np.empty(np.int64(buffer[1]))
    _margins(row, buffer, margins)
    return _choose(margins, np.int64(buffer[2]))


@kernel
def _pool_code(row: Any, buffer: Words) -> int:
    """Return the class code of one row by a pool."""
    out = np.empty(np.int64(buffer[1]))
    _pool(row, buffer, out)
    best = 0
    for c in range(1, out.size):
        best = c if out[c] > out[best] else best
    return best


@kernel
def _probabilities(row: Any, buffer: Words, out: Floats) -> None:
    """Write the probabilities of one row."""
    margins, link = out[: np.int64(buffer[1])], np.int64(buffer[2])
    _margins(row, buffer, margins)
    link_row(margins, link, out)


# What follows is called by Python itself, with the addresses of objects: `words` is the array of
# the buffer, to which a function is bound. The GIL is held.


def code_32(words: int, row: int) -> int:
    """Return the class code of a row of float32, as a new int; -1 if it is no such row."""
    buffer = _words_at(words)
    if not _fits(row, words, buffer[0], FLOAT_32, ALIGNED):
        return _new_integer(-1)
    return _new_integer(_code(_singles_at(row), buffer))


def code_64(words: int, row: int) -> int:
    """Return the class code of a row of float64."""
    buffer = _words_at(words)
    if not _fits(row, words, buffer[0], FLOAT_64, ALIGNED):
        return _new_integer(-1)
    return _new_integer(_code(_doubles_at(row), buffer))


def pool_code_64(words: int, row: int) -> int:
    """Return the class code of a row of float64 by a pool."""
    buffer = _words_at(words)
    if not _fits(row, words, buffer[0], FLOAT_64, ALIGNED):
        return _new_integer(-1)
    return _new_integer(_pool_code(_doubles_at(row), buffer))


@kernel
def _two_fit(words: int, given: int, count: int, width: Index, kind: int) -> bool:
    """Return whether a call's objects are a row and a place for so many float64."""
    if count != 2:
        return False
    row, out = _field(given), _field(given + 8)
    return _fits(row, words, _words_at(words)[0], kind, ALIGNED) and _fits(
        out, words, width, FLOAT_64, ALIGNED | WRITEABLE
    )


@kernel
def _n_classes(buffer: Words) -> Index:
    return TWO if buffer[2] == 0 else np.uint64(buffer[1])


def margins_32(words: int, given: int, count: int) -> int:
    """Write the margins of a row of float32; return 0 as an int, -1 if an object does not fit."""
    buffer = _words_at(words)
    if not _two_fit(words, given, count, buffer[1], FLOAT_32):
        return _new_integer(-1)
    _margins(_singles_at(_field(given)), buffer, _doubles_at(_field(given + 8)))
    return _new_integer(0)


def margins_64(words: int, given: int, count: int) -> int:
    """Write the margins of a row of float64."""
    buffer = _words_at(words)
    if not _two_fit(words, given, count, buffer[1], FLOAT_64):
        return _new_integer(-1)
    _margins(_doubles_at(_field(given)), buffer, _doubles_at(_field(given + 8)))
    return _new_integer(0)


def probabilities_32(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float32."""
    buffer = _words_at(words)
    if not _two_fit(words, given, count, _n_classes(buffer), FLOAT_32):
        return _new_integer(-1)
    _probabilities(_singles_at(_field(given)), buffer, _doubles_at(_field(given + 8)))
    return _new_integer(0)


def probabilities_64(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float64."""
    buffer = _words_at(words)
    if not _two_fit(words, given, count, _n_classes(buffer), FLOAT_64):
        return _new_integer(-1)
    _probabilities(_doubles_at(_field(given)), buffer, _doubles_at(_field(given + 8)))
    return _new_integer(0)


def pool_probabilities_64(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float64 by a pool."""
    buffer = _words_at(words)
    if not _two_fit(words, given, count, buffer[1], FLOAT_64):
        return _new_integer(-1)
    _pool(_doubles_at(_field(given)), buffer, _doubles_at(_field(given + 8)))
    return _new_integer(0)


@kernel
def _read_number(cell: int, plan: Addresses) -> tuple[float, bool]:
    """Return a cell of a number column, and whether it is a plain number or None."""
    kind = _field(cell + TYPE)
    if kind == plan[1]:
        return carray(_pointer(cell + FLOAT_VALUE), (1,), np.float64)[0], True
    if kind == plan[2] or kind == plan[3]:
        x = _as_double(cell)
        if x == -1.0 and _error() != 0:  # an integer beyond float64
            _clear_error()
            return x, False
        return x, True
    return np.nan, cell == plan[4]


@kernel
def _read_category(cell: int, levels: int, plan: Addresses) -> tuple[float, bool]:
    """Return the code of a cell of a category column, and whether it is text or None."""
    if _field(cell + TYPE) != plan[5]:
        return np.nan, cell == plan[4]
    code = _item_of_dict(levels, cell)
    if code == 0:
        _clear_error()
        return np.nan, True
    return carray(_pointer(code + FLOAT_VALUE), (1,), np.float64)[0], True


@kernel
def _read_row(row: int, plan: Addresses, cells: Floats) -> bool:
    """Read the cells of a dict, numbers before categories; False unless all are plain.

    `plan` holds the addresses of dict, float, int, bool, None and str, how many columns hold
    numbers, and per column those of its name and, for a category, of the dict of its codes.
    """
    if _field(row + TYPE) != plan[0]:
        return False
    n_numbers, at = plan[6], 7
    for i in range(cells.size):
        cell = _item_of_dict(row, plan[at])
        if cell == 0:
            _clear_error()
            return False
        if i < n_numbers:
            cells[i], plain = _read_number(cell, plan)
            at += 1
        else:
            cells[i], plain = _read_category(cell, plan[at + 1], plan)
            at += 2
        if not plain:
            return False
    return True


def read_code(bound: int, row: int) -> int:
    """Return the class code of a dict as a new int; -1 if it is no dict of plain cells.

    `bound` is a tuple of two arrays, the words and the plan of :func:`_read_row`, and of what
    the plan points at.
    """
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return _new_integer(-1)
    return _new_integer(_code(cells, buffer))


def pool_read_code(bound: int, row: int) -> int:
    """Return the class code of a dict by a pool."""
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return _new_integer(-1)
    return _new_integer(_pool_code(cells, buffer))


@kernel
def _open(bound: int) -> tuple[Words, Floats, Addresses]:
    """Return the words of a student, room for a row, and how to read it."""
    buffer, plan = _words_at(_item_of_tuple(bound, 0)), _item_of_tuple(bound, 1)
    addresses = carray(_pointer(_field(plan + DATA)), (_size(plan),), np.int64)
    return buffer, np.empty(np.int64(buffer[0])), addresses


#: What a function above takes as an object of Python, by its name: itself one, or any number.
TAKES_ONE, TAKES_MANY = (
    types.int64(types.int64, types.int64),
    types.int64(types.int64, types.int64, types.int64),
)
# One dispatcher per dtype: each has a single signature, so that another is refused by the call.
all_32, all_64, pool_all_64 = kernel(_answer_all), kernel(_answer_all), kernel(_pool_all)
