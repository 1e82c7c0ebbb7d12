"""A dict, read and answered; called by Python itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import carray

from hpmkd.kernels._packed.compiling import kernel, stamped
from hpmkd.kernels._packed.objects import (
    DATA,
    FLOAT_VALUE,
    TYPE,
    as_double,
    clear_error,
    error_of,
    field,
    item_of_dict,
    item_of_tuple,
    new_integer,
    pointer,
    size_of,
    words_at,
)
from hpmkd.kernels._packed.pools import pool_code_of_row
from hpmkd.kernels._packed.students import code_of_row

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Addresses, Floats, Words


@kernel
def _read_number(cell: int, plan: Addresses) -> tuple[float, bool]:
    """Return a cell of a number column, and whether it is a plain number or None."""
    kind = field(cell + TYPE)
    if kind == plan[1]:
        return carray(pointer(cell + FLOAT_VALUE), (1,), np.float64)[0], True
    if kind == plan[2] or kind == plan[3]:
        x = as_double(cell)
        if x == -1.0 and error_of() != 0:  # an integer beyond float64
            clear_error()
            return x, False
        return x, True
    return np.nan, cell == plan[4]


@kernel
def _read_category(cell: int, levels: int, plan: Addresses) -> tuple[float, bool]:
    """Return the code of a cell of a category column, and whether it is text or None."""
    if field(cell + TYPE) != plan[5]:
        return np.nan, cell == plan[4]
    code = item_of_dict(levels, cell)
    if code == 0:
        clear_error()
        return np.nan, True
    return carray(pointer(code + FLOAT_VALUE), (1,), np.float64)[0], True


@kernel
def _read_row(row: int, plan: Addresses, cells: Floats) -> bool:
    """Read the cells of a dict, numbers before categories; False unless all are plain.

    `plan` holds the addresses of dict, float, int, bool, None and str, how many columns hold
    numbers, how many numbers moments are read as, and per other column the addresses of its name
    and, for a category, of the dict of its codes. If there are moments, `row` is a tuple of the
    dict and of their numbers, a tuple again, which stand between numbers and categories.
    """
    n_numbers, n_parts, at = plan[6], plan[7], 8
    if n_parts > 0:
        parts, row = item_of_tuple(row, 1), item_of_tuple(row, 0)
        for i in range(n_parts):
            cells[n_numbers + i], _ = _read_number(item_of_tuple(parts, i), plan)
    if field(row + TYPE) != plan[0]:
        return False
    for i in range(cells.size):
        if n_numbers <= i < n_numbers + n_parts:
            continue
        cell = item_of_dict(row, plan[at])
        if cell == 0:
            clear_error()
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


@stamped
def read_code(bound: int, row: int) -> int:
    """Return the class code of a dict as a new int; -1 if it is not a dict of plain cells.

    `bound` is a tuple of two arrays, the words and the plan of :func:`_read_row`, and of what
    the plan points at.
    """
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return new_integer(-1)
    return new_integer(code_of_row(cells, buffer, True))


@stamped
def read_plain_code(bound: int, row: int) -> int:
    """Return the class code of a dict by a student that is not `full`."""
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return new_integer(-1)
    return new_integer(code_of_row(cells, buffer, None))


@stamped
def pool_read_code(bound: int, row: int) -> int:
    """Return the class code of a dict by a pool."""
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return new_integer(-1)
    return new_integer(pool_code_of_row(cells, buffer, True))


@stamped
def pool_read_plain_code(bound: int, row: int) -> int:
    """Return the class code of a dict by a pool of such students."""
    buffer, cells, plan = _open(bound)
    if not _read_row(row, plan, cells):
        return new_integer(-1)
    return new_integer(pool_code_of_row(cells, buffer, None))


@kernel
def _open(bound: int) -> tuple[Words, Floats, Addresses]:
    """Return the words of a student, room for a row, and how to read it."""
    buffer, plan = words_at(item_of_tuple(bound, 0)), item_of_tuple(bound, 1)
    addresses = carray(pointer(field(plan + DATA)), (size_of(plan),), np.int64)
    return buffer, np.empty(np.int64(buffer[0])), addresses
