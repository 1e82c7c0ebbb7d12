"""Linear margins, of a row and of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import BLOCK, FIVE, ONE, THREE, TWO

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Words


@kernel
def linear_row(row: Any, buffer: Words, out: Floats) -> None:
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
def linear_block(matrix: Any, first: Index, rows: Index, buffer: Words, sums: Floats) -> None:
    """Write the linear margins of a block, margin by margin, each as :func:`linear_row` adds it."""
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
