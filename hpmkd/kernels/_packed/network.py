"""Margins of a small network, of a row and of a block."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import (
    BLOCK,
    FIVE,
    FOUR,
    LARGEST_INPUT,
    ONE,
    ROWS_AT_ONCE,
    SINGLE_ONE,
    SINGLE_THREE,
    SINGLE_ZERO,
    THREE,
    TWO,
)

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Singles, Words


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
def network_row(row: Any, buffer: Words, out: Floats) -> None:
    """Write the margins of a network of one row."""
    widest = _widest(buffer)
    values, sums = np.empty(widest, np.float32), np.empty(widest, np.float32)
    _encode(row, buffer, values)
    _layers(buffer, 1, values, sums)
    for c in range(out.size):
        out[c] = sums[c]


@kernel
def network_block(matrix: Any, first: Index, rows: Index, buffer: Words, out: Floats) -> None:
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
