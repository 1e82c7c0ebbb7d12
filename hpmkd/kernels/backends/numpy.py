"""NumPy alone: nothing compiled, to the bits of the other two, some ten times slower."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels._packed_numpy.dicts import reader
from hpmkd.kernels._packed_numpy.fusing import fuse_rows as fuse_rows
from hpmkd.kernels._packed_numpy.links import link_rows as link_rows
from hpmkd.kernels._packed_numpy.pools import UnpackedPool, read_pool
from hpmkd.kernels._packed_numpy.students import UnpackedStudent, read_student
from hpmkd.kernels._packed_numpy.sums import parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

COMPILES = False
#: Rows of a table that are answered together, by about as many values as one needs.
_VALUES_OF_A_ROW = 128


def row_kernel(what: str, dtype: Any, words: Words, *, pooled: bool) -> Callable[..., int]:
    """Return what answers for a row, the words read once."""
    known, read = np.dtype(dtype), _read(words, pooled)
    width = _width(read, what)

    def is_row(given: Any) -> bool:
        return _is_array(given, known, read.n_columns)

    def code(row: Any) -> int:
        return _code(read, row) if is_row(row) else -1

    def answer(*given: Any) -> int:
        if len(given) != 2 or not is_row(given[0]) or not _is_place(given[1], width):
            return -1
        row, out = given
        if np.may_share_memory(row, out):
            return -1
        with np.errstate(all="ignore"):  # what overflows is infinite, as in compiled loops
            out[:] = getattr(read, what)(row[np.newaxis])[0]
        return 0

    return code if what == "code" else answer


def dict_kernel(
    words: Words,
    numbers: Sequence[str],
    n_parts: int,
    categories: Sequence[tuple[str, Mapping[str, float]]],
    *,
    pooled: bool,
    full: bool,
) -> Callable[[Any], int]:
    """Return what reads a dict, and answers for it."""
    read, cells_of = _read(words, pooled), reader(numbers, n_parts, categories)

    def code(row: Any) -> int:
        cells = cells_of(row)
        return -1 if cells is None else _code(read, np.array(cells))

    return code


def table_kernel(dtype: Any, *, pooled: bool, full: bool) -> Callable[..., int]:
    """Return what answers for a table, some hundred rows at a time."""

    def answer(matrix: NDArray[Any], words: Words, probable: bool, out: Floats) -> int:
        read = _read(words, pooled)
        what = "probabilities" if probable else "margins"
        if matrix.shape[1] != read.n_columns or out.shape != (len(matrix), _width(read, what)):
            return -1
        with np.errstate(all="ignore"):
            for rows in parts(len(matrix), _VALUES_OF_A_ROW):
                out[rows] = getattr(read, what)(matrix[rows])
        return 0

    return answer


def _read(words: Words, pooled: bool) -> UnpackedStudent | UnpackedPool:
    return read_pool(words) if pooled else read_student(words)


def _width(read: UnpackedStudent | UnpackedPool, what: str) -> int:
    return read.n_margins if what == "margins" else read.n_classes


def _code(read: UnpackedStudent | UnpackedPool, row: NDArray[Any]) -> int:
    """Return the class code of a row, the first of equally probable ones."""
    with np.errstate(all="ignore"):
        return int(read.probabilities(row[np.newaxis])[0].argmax())


def _is_array(given: Any, dtype: np.dtype[Any], size: int) -> bool:
    """Return whether an object is an array that a kernel can read, as the compiled ones see it."""
    if type(given) is not np.ndarray or given.shape != (size,) or given.dtype != dtype:
        return False
    return given.dtype.isnative and given.flags.c_contiguous and given.flags.aligned


def _is_place(given: Any, size: int) -> bool:
    return _is_array(given, np.dtype(np.float64), size) and given.flags.writeable
