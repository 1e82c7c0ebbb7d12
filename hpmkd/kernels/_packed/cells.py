"""The cells that trees compare: missing ones become what takes their default direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import BLOCK, INFINITY, TILE

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Index, Singles, Words


@kernel
def expand(row: Any, buffer: Words, cells: Singles) -> None:
    """Write the cells that the trees compare: NaN becomes what takes its default direction."""
    columns, n = np.uint64(buffer[6]), np.uint64(buffer[5])
    doubles, offsets = buffer.view(np.float64), np.uint64(buffer[columns + n])
    low, high = np.uint64(buffer[9]), np.uint64(buffer[11])
    # Written as the processor's own minimum and maximum, which need no branch.
    for k in range(low):
        x = np.float32(row[buffer[columns + k]] - doubles[offsets + k])
        cells[k] = x if x > -INFINITY else -INFINITY
    for k in range(low, high):
        x = np.float32(row[buffer[columns + k]] - doubles[offsets + k])
        cells[k] = x if x < INFINITY else INFINITY
    for k in range(high, n):
        x = row[buffer[columns + k]]
        cells[k] = INFINITY if x == x else -INFINITY


@kernel
def load_block(matrix: Any, first: Index, rows: Index, buffer: Words, cells: Singles) -> None:
    """Write the cells that the trees compare, those of one column behind each other."""
    columns, n = np.int64(buffer[6]), np.int64(buffer[5])
    offsets = buffer.view(np.float64)[np.int64(buffer[columns + n]) :]
    low, high = np.int64(buffer[9]), np.int64(buffer[11])
    for start in range(0, rows, TILE):
        stop = min(start + TILE, rows)
        for k in range(n):
            # Slices, so that no index needs a test for wrap-around.
            source = matrix[first + start : first + stop, np.int64(buffer[columns + k])]
            target = cells[k * BLOCK + start : k * BLOCK + stop]
            offset = offsets[k]
            if k < low:
                for r in range(stop - start):
                    x = np.float32(source[r] - offset)
                    target[r] = x if x > -INFINITY else -INFINITY
            elif k < high:
                for r in range(stop - start):
                    x = np.float32(source[r] - offset)
                    target[r] = x if x < INFINITY else INFINITY
            else:
                for r in range(stop - start):
                    target[r] = INFINITY if source[r] == source[r] else -INFINITY
