"""Trees whose leaves hold a value per margin, for a row and for a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import BLOCK, EIGHT, FOUR, ONE, THREE, TOGETHER, TWO
from hpmkd.kernels._packed.tree_blocks import add_perfect
from hpmkd.kernels._packed.trees import (
    leaf_2,
    leaf_3,
    leaf_4,
    start_of,
    walk,
    walk_rows,
    walk_trees,
)

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Singles, Words, Work


@kernel
def _find_leaves(cells: Singles, buffer: Words, floats: Singles, leaves: Words) -> None:
    """Write where the values of the leaf begin in which a row ends, tree by tree."""
    form, trees, stop = np.int64(buffer[3]), np.uint64(buffer[8]), np.uint64(leaves.size)
    if form == 3:
        for t in range(stop):
            leaves[t] = leaf_3(cells, buffer, floats, trees + t * np.uint64(22), buffer)
    elif form == 4:
        for t in range(stop):
            leaves[t] = leaf_4(cells, buffer, floats, trees + t * np.uint64(46), buffer)
    elif form == 2:
        for t in range(stop):
            leaves[t] = leaf_2(cells, buffer, floats, trees + t * np.uint64(10), buffer)
    else:
        at = np.uint64(0)
        while at + FOUR <= stop:
            a, b, c, d = walk_trees(cells, buffer, floats, trees + at)
            leaves[at], leaves[at + ONE] = buffer[a], buffer[b]
            leaves[at + TWO], leaves[at + THREE] = buffer[c], buffer[d]
            at += FOUR
        while at < stop:
            leaves[at] = buffer[walk(cells, buffer, floats, np.uint64(buffer[trees + at]))]
            at += ONE


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
def add_vectors(cells: Singles, buffer: Words, floats: Singles, out: Floats) -> None:
    """Add trees whose leaves hold a value per margin, one by one, eight margins at a time."""
    leaves, sums = (
        np.empty(np.int64(buffer[4]), np.uint32),
        np.empty(np.int64(buffer[23]), np.float32),
    )
    _find_leaves(cells, buffer, floats, leaves)
    for c in range(np.uint64(out.size)):
        sums[c] = start_of(buffer, floats, c, out[c])
    zero, number = np.uint64(0), np.uint64(leaves.size)
    _add_leaves(sums, zero, floats, np.uint64(buffer[23]), leaves, zero, ONE, number)
    for c in range(np.uint64(out.size)):
        out[c] = sums[c]


@kernel
def vectors_block(buffer: Words, rows: Index, work: Work, sums: Floats) -> None:
    """Put trees whose leaves hold a value per margin on top of a block, each evaluated once."""
    cells, walked, total, leaves = work
    floats, width = buffer.view(np.float32), np.int64(buffer[23])
    for c in range(np.int64(buffer[1])):
        own = sums[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            total[r * width + c] = start_of(buffer, floats, np.uint64(c), own[r])
    n_trees = np.int64(buffer[4])
    for first in range(0, n_trees, TOGETHER):
        number = TOGETHER if first + TOGETHER <= n_trees else n_trees - first
        for t in range(number):
            own_leaves = leaves[t * BLOCK : (t + 1) * BLOCK]
            _leaves_block(cells, walked, buffer, floats, first + t, own_leaves)
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
    cells: Singles, walked: Singles, buffer: Words, floats: Singles, t: Index,
    leaves: Words,
) -> None:  # fmt: skip
    """Write where the values of the leaves begin in which a block ends in one tree."""
    if buffer[3] < 5:
        leaves[:] = 0
        add_perfect(cells, buffer, floats, t, buffer, leaves)
        return
    width = np.uint64(buffer[5])
    root = np.uint64(buffer[np.uint64(buffer[8]) + np.uint64(t)])
    for q in range(np.uint64(BLOCK // 4)):
        r = FOUR * q
        i, j, k, m = walk_rows(walked, r, width, buffer, floats, root)
        leaves[r], leaves[r + ONE] = buffer[i], buffer[j]
        leaves[r + TWO], leaves[r + THREE] = buffer[k], buffer[m]
