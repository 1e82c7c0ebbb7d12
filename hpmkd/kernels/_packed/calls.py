"""Functions that Python itself calls, with the addresses of a buffer and of rows."""

from __future__ import annotations

from numba import types

from hpmkd.kernels._packed.compiling import stamped
from hpmkd.kernels._packed.objects import (
    ALIGNED,
    FLOAT_32,
    FLOAT_64,
    doubles_at,
    field,
    fits,
    new_integer,
    singles_at,
    two_fit,
    words_at,
)
from hpmkd.kernels._packed.pools import pool_code_of_row, pool_row
from hpmkd.kernels._packed.students import (
    code_of_row,
    margins_of_row,
    n_classes_of,
    probabilities_of_row,
)

# What follows is called by Python itself, with the addresses of objects: `words` is the array of
# the buffer, to which a function is bound. The GIL is held.


@stamped
def code_32(words: int, row: int) -> int:
    """Return the class code of a row of float32, as a new int; -1 if it is no such row."""
    buffer = words_at(words)
    if not fits(row, words, buffer[0], FLOAT_32, ALIGNED):
        return new_integer(-1)
    return new_integer(code_of_row(singles_at(row), buffer, True))


@stamped
def code_64(words: int, row: int) -> int:
    """Return the class code of a row of float64."""
    buffer = words_at(words)
    if not fits(row, words, buffer[0], FLOAT_64, ALIGNED):
        return new_integer(-1)
    return new_integer(code_of_row(doubles_at(row), buffer, True))


@stamped
def pool_code_64(words: int, row: int) -> int:
    """Return the class code of a row of float64 by a pool."""
    buffer = words_at(words)
    if not fits(row, words, buffer[0], FLOAT_64, ALIGNED):
        return new_integer(-1)
    return new_integer(pool_code_of_row(doubles_at(row), buffer, True))


@stamped
def margins_32(words: int, given: int, count: int) -> int:
    """Write the margins of a row of float32; return 0 as an int, -1 if an object does not fit."""
    buffer = words_at(words)
    if not two_fit(words, given, count, buffer[1], FLOAT_32):
        return new_integer(-1)
    margins_of_row(singles_at(field(given)), buffer, doubles_at(field(given + 8)), True)
    return new_integer(0)


@stamped
def margins_64(words: int, given: int, count: int) -> int:
    """Write the margins of a row of float64."""
    buffer = words_at(words)
    if not two_fit(words, given, count, buffer[1], FLOAT_64):
        return new_integer(-1)
    margins_of_row(doubles_at(field(given)), buffer, doubles_at(field(given + 8)), True)
    return new_integer(0)


@stamped
def probabilities_32(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float32."""
    buffer = words_at(words)
    if not two_fit(words, given, count, n_classes_of(buffer), FLOAT_32):
        return new_integer(-1)
    probabilities_of_row(singles_at(field(given)), buffer, doubles_at(field(given + 8)))
    return new_integer(0)


@stamped
def probabilities_64(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float64."""
    buffer = words_at(words)
    if not two_fit(words, given, count, n_classes_of(buffer), FLOAT_64):
        return new_integer(-1)
    probabilities_of_row(doubles_at(field(given)), buffer, doubles_at(field(given + 8)))
    return new_integer(0)


@stamped
def pool_probabilities_64(words: int, given: int, count: int) -> int:
    """Write the probabilities of a row of float64 by a pool."""
    buffer = words_at(words)
    if not two_fit(words, given, count, buffer[1], FLOAT_64):
        return new_integer(-1)
    pool_row(doubles_at(field(given)), buffer, doubles_at(field(given + 8)), True)
    return new_integer(0)


#: What a function above takes as an object of Python, by its name: itself one, or any number.
TAKES_ONE, TAKES_MANY = (
    types.int64(types.int64, types.int64),
    types.int64(types.int64, types.int64, types.int64),
)
