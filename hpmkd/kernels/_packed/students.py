"""A whole student, for a row and for tables.

`full` is True, or None for students of two classes without a network and without vectors in
their leaves: a kernel for these alone is compiled in half the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.cells import expand, load_block
from hpmkd.kernels._packed.compiling import kernel, renamed
from hpmkd.kernels._packed.linear import linear_block, linear_row
from hpmkd.kernels._packed.links import choose, link_block, link_row, write_block
from hpmkd.kernels._packed.network import network_block, network_row
from hpmkd.kernels._packed.scalars import BLOCK, TWO
from hpmkd.kernels._packed.tree_blocks import memory_of_block, trees_block
from hpmkd.kernels._packed.trees import start_of, sum_of_trees
from hpmkd.kernels._packed.vectors import add_vectors, vectors_block

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Words, Work


@kernel
def margins_of_row(row: Any, buffer: Words, out: Floats, full: Any) -> None:
    """Write the margins of one row."""
    if buffer[21] > 0:
        linear_row(row, buffer, out)
    if full is not None and buffer[22] > 0:
        network_row(row, buffer, out)
    form = np.int64(buffer[3])
    if form == 0:
        return
    floats = buffer.view(np.float32)
    cells = np.empty(np.int64(buffer[5]), np.float32)
    expand(row, buffer, cells)
    if full is not None and buffer[23] > 0:
        add_vectors(cells, buffer, floats, out)
        return
    for c in range(np.uint64(out.size)):
        start = start_of(buffer, floats, c, out[c])
        out[c] = sum_of_trees(cells, buffer, floats, form, c, start)


@kernel
def margins_of_block(
    matrix: Any, first: Index, rows: Index, buffer: Words, work: Work, sums: Floats, full: Any
) -> None:
    """Write the margins of a block, those of one margin behind each other."""
    if buffer[21] > 0:
        linear_block(matrix, first, rows, buffer, sums)
    if full is not None and buffer[22] > 0:
        network_block(matrix, first, rows, buffer, sums)
    if buffer[3] == 0:
        return
    cells, walked, width = work[0], work[1], np.int64(buffer[5])
    load_block(matrix, first, rows, buffer, cells)
    if buffer[3] == 5:  # a walk needs the cells of one row
        for r in range(rows):
            for k in range(width):
                walked[r * width + k] = cells[k * BLOCK + r]
    if full is not None and buffer[23] > 0:
        vectors_block(buffer, rows, work, sums)
        return
    trees_block(buffer, work, sums)


def _answer_all(matrix: Any, buffer: Words, probable: bool, out: Floats, full: Any) -> int:
    """Write the probabilities (n, K) or the margins (n, C) of all rows; -1 if a size is wrong."""
    n, n_margins, link = matrix.shape[0], np.int64(buffer[1]), np.int64(buffer[2])
    width = 2 if probable and link == 0 else n_margins
    if matrix.shape[1] != buffer[0] or out.shape != (n, width):
        return -1
    sums, block = np.zeros(n_margins * BLOCK), np.empty(width * BLOCK)
    n_cells = np.int64(buffer[5])
    work = memory_of_block(n_cells, n_cells if buffer[3] == 5 else 0, np.int64(buffer[23]))
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        margins_of_block(matrix, first, rows, buffer, work, sums, full)
        if probable:
            link_block(sums, n_margins, link, block)
            write_block(block, out[first : first + rows])
        else:
            write_block(sums, out[first : first + rows])
    return 0


@kernel
def code_of_row(row: Any, buffer: Words, full: Any) -> int:
    """Return the class code of one row."""
    margins = np.empty(np.int64(buffer[1]))
    margins_of_row(row, buffer, margins, full)
    return choose(margins, np.int64(buffer[2]))


@kernel
def probabilities_of_row(row: Any, buffer: Words, out: Floats) -> None:
    """Write the probabilities of one row."""
    margins, link = out[: np.int64(buffer[1])], np.int64(buffer[2])
    margins_of_row(row, buffer, margins, True)
    link_row(margins, link, out)


@kernel
def n_classes_of(buffer: Words) -> Index:
    return TWO if buffer[2] == 0 else np.uint64(buffer[1])


# One dispatcher per signature, so that another is refused by the call.
all_32, all_64 = kernel(_answer_all), kernel(_answer_all)
_PLAIN = renamed(_answer_all, "_answer_plain")
plain_32, plain_64 = kernel(_PLAIN), kernel(_PLAIN)
