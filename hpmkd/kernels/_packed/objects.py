"""What CPython and NumPy keep of an object, read by its address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from hpmkd.kernels._packed.compiling import kernel

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index, Singles, Words

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
new_integer: Callable[[Index], int] = types.ExternalFunction("PyLong_FromLongLong", _int(_int))
item_of_dict: Callable[[int, int], int] = types.ExternalFunction(
    "PyDict_GetItemWithError", _int(_int, _int)
)
item_of_tuple: Callable[[int, int], int] = types.ExternalFunction(
    "PyTuple_GetItem", _int(_int, _int)
)
as_double: Callable[[int], float] = types.ExternalFunction("PyLong_AsDouble", _double(_int))
error_of: Callable[[], int] = types.ExternalFunction("PyErr_Occurred", _int())
clear_error: Callable[[], None] = types.ExternalFunction("PyErr_Clear", _no())


@intrinsic  # type: ignore[untyped-decorator]
def pointer(context: Any, address: Any) -> Any:
    """Return an address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


@kernel
def field(address: int) -> int:
    """Return the eight bytes at an address."""
    value: int = carray(pointer(address), (1,), np.int64)[0]
    return value


@kernel
def _short_field(address: int) -> int:
    """Return the four bytes at an address."""
    value: int = carray(pointer(address), (1,), np.int32)[0]
    return value


@kernel
def size_of(array: int) -> int:
    """Return the length of an array of one dimension."""
    return field(field(array + SHAPE))


@kernel
def fits(array: int, like: int, size: Index, kind: int, flags: int) -> bool:
    """Return whether an object is an array that a kernel can read: of one type, size, layout."""
    if field(array + TYPE) != field(like + TYPE) or _short_field(array + NDIM) != 1:
        return False
    step = field(field(array + STRIDES))
    if size_of(array) != np.int64(size) or (size != 1 and step != (4 if kind == FLOAT_32 else 8)):
        return False
    dtype = field(array + DTYPE)
    order = carray(pointer(dtype + BYTE_ORDER), (1,), np.uint8)[0]
    typed = _short_field(dtype + TYPE_NUMBER) == kind and order == NATIVE
    return typed and (_short_field(array + FLAGS) & flags) == flags


@kernel
def words_at(array: int) -> Words:
    """Return a packed buffer."""
    values: Words = carray(pointer(field(array + DATA)), (size_of(array),), np.uint32)
    return values


@kernel
def singles_at(array: int) -> Singles:
    """Return an array of float32."""
    values: Singles = carray(pointer(field(array + DATA)), (size_of(array),), np.float32)
    return values


@kernel
def doubles_at(array: int) -> Floats:
    """Return an array of float64."""
    values: Floats = carray(pointer(field(array + DATA)), (size_of(array),), np.float64)
    return values


@kernel
def two_fit(words: int, given: int, count: int, width: Index, kind: int) -> bool:
    """Return whether a call's objects are a row and, apart, a place for so many float64."""
    if count != 2:
        return False
    row, out = field(given), field(given + 8)
    if not fits(row, words, words_at(words)[0], kind, ALIGNED):
        return False
    if not fits(out, words, width, FLOAT_64, ALIGNED | WRITEABLE):
        return False
    # Margins are written while the row is read.
    first, second = field(row + DATA), field(out + DATA)
    cell = 4 if kind == FLOAT_32 else 8
    return second + 8 * size_of(out) <= first or first + cell * size_of(row) <= second
