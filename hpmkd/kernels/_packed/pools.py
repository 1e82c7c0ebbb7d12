"""A whole pool, for a row and for tables; `full` is as for its members, in ``students.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import kernel, renamed
from hpmkd.kernels._packed.fusing import (
    begin,
    finish,
    fuse_member,
    memory_of_pools,
    n_numbers,
    read_mix,
)
from hpmkd.kernels._packed.links import link_block, link_row, write_block
from hpmkd.kernels._packed.scalars import BLOCK
from hpmkd.kernels._packed.students import margins_of_block, margins_of_row
from hpmkd.kernels._packed.tree_blocks import memory_of_block

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Mix, Words


@kernel
def _member(buffer: Words, m: Index) -> Words:
    """Return the words of a member of a pool."""
    starts = np.int64(buffer[3])
    return buffer[np.int64(buffer[starts + m]) : np.int64(buffer[starts + m + 1])]


@kernel
def _mix(buffer: Words) -> Mix:
    """Return how a pool fuses."""
    n_classes, n_members, at = np.int64(buffer[1]), np.int64(buffer[2]), np.int64(buffer[4])
    size = n_numbers(n_members, n_classes, buffer[5] > 0)
    return read_mix(buffer.view(np.float64)[at : at + size], n_members, n_classes)


@kernel
def pool_row(row: Any, buffer: Words, out: Floats, full: Any) -> None:
    """Write the probabilities of one row by a pool."""
    n_classes, n_members = np.int64(buffer[1]), np.int64(buffer[2])
    mix, p, state = _mix(buffer), np.empty(n_classes), memory_of_pools(n_classes, 1)
    begin(mix, 1, state)
    for m in range(n_members):
        words = _member(buffer, m)
        margins = p[: np.int64(words[1])]
        margins_of_row(row, words, margins, full)
        link_row(margins, np.int64(words[2]), p)
        fuse_member(p, 1, mix, m, state)
    finish(mix, 1, state)
    for c in range(n_classes):  # `[:] =` compiles for seconds what names wrong shapes
        out[c] = state[0][c]


def _pool_all(matrix: Any, buffer: Words, probable: bool, out: Floats, full: Any) -> int:
    """Write the probabilities (n, K) of all rows by a pool; -1 if a size is wrong."""
    n, n_classes, n_members = matrix.shape[0], np.int64(buffer[1]), np.int64(buffer[2])
    if matrix.shape[1] != buffer[0] or out.shape != (n, n_classes) or not probable:
        return -1
    mix, state = _mix(buffer), memory_of_pools(n_classes * BLOCK, BLOCK)
    cells = walked = values = np.int64(0)
    for m in range(n_members):
        words = _member(buffer, m)
        n_cells, width = np.int64(words[5]), np.int64(words[23])
        cells = n_cells if n_cells > cells else cells
        walked = n_cells if words[3] == 5 and n_cells > walked else walked
        values = width if width > values else values
    work = memory_of_block(cells, walked, values)
    sums, p = np.zeros(n_classes * BLOCK), state[0].copy()
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        begin(mix, BLOCK, state)
        for m in range(n_members):
            words = _member(buffer, m)
            own = sums[: np.int64(words[1]) * BLOCK]
            margins_of_block(matrix, first, rows, words, work, own, full)
            link_block(own, np.int64(words[1]), np.int64(words[2]), p)
            fuse_member(p, BLOCK, mix, m, state)
        finish(mix, BLOCK, state)
        write_block(state[0], out[first : first + rows])
    return 0


@kernel
def pool_code_of_row(row: Any, buffer: Words, full: Any) -> int:
    """Return the class code of one row by a pool."""
    out = np.empty(np.int64(buffer[1]))
    pool_row(row, buffer, out, full)
    best = 0
    for c in range(1, out.size):
        best = c if out[c] > out[best] else best
    return best


all_64, plain_64 = kernel(_pool_all), kernel(renamed(_pool_all, "_pool_plain"))
