"""Answers from packed words: the label of a mapping, and the probabilities of many rows."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import partial
from operator import getitem
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.plain_rows import UNUSUAL, RowReader
from hpmkd.student.packed.words import Words

Floats = NDArray[np.float64]


def _new_slot(n_columns: int) -> tuple[bytearray, Floats]:
    """Return memory for one row, as bytes and as an array."""
    memory = bytearray(8 * n_columns)
    return memory, np.frombuffer(memory, dtype=np.float64)


def make_asker(
    reader: RowReader,
    words: Words,
    labels: tuple[Any, ...],
    general: Callable[[Mapping[str, Any]], Any],
) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function from a mapping to a label; threads may share it.

    Parameters
    ----------
    words : ndarray of shape (n_words,)
        Packed in the order in which `reader` reads.
    labels : tuple
        By class code.
    general : callable
        Answers for rows that are not plain: of other types, spelt oddly, or incomplete.
    """
    from hpmkd.kernels.packed import row_kernel

    n_columns = len(reader.schema.columns)
    code_of, pack_into = row_kernel("code", np.float64), struct.Struct(f"{n_columns}d").pack_into
    numbers_of, categories_of = reader.numbers_of, reader.categories_of
    levels, read_row = reader.levels, reader.read_row
    # A caller takes a slot and puts it back; both are atomic, so that threads may share.
    new_slot = partial(_new_slot, n_columns)
    slots = [new_slot()]
    take, give = slots.pop, slots.append

    def ask(row: Mapping[str, Any]) -> Any:
        if type(row) is dict:
            try:
                numbers = numbers_of(row)
                # The sum is a float only if all are, or integers; else each is looked at.
                if type(sum(numbers, 0.0)) is float:
                    slot = take() if slots else new_slot()
                    pack_into(slot[0], 0, *numbers, *map(getitem, levels, categories_of(row)))
                    code = code_of(slot[1], words)
                    give(slot)
                    return labels[code]
            except UNUSUAL:
                pass
            try:
                return labels[code_of(np.array(read_row(row)), words)]
            except UNUSUAL:
                pass
        return general(row)

    return ask


#: So few rows are answered one by one: a block of 256 takes as long as ten of them.
FEW_ROWS = 8
#: Rows of so many margins and compared cells are, too: a block holds 2 kB for each.
MANY_VALUES = 2**13


def answer_table(matrix: NDArray[Any], words: Words, width: int, *, probable: bool) -> Floats:
    """Answer for many rows, in float64 of shape (n, width); their grouping changes no bit.

    Parameters
    ----------
    matrix : ndarray of shape (n, d)
        float32 or float64 in the order in which `words` was packed, as
        :func:`~hpmkd.student.packed.rows.as_matrix` returns it.
    width : int
        Columns of the answer: K, or C for margins.
    probable : bool
        Probabilities rather than margins.
    """
    from hpmkd.kernels.packed import row_kernel, table_kernel

    out = np.empty((len(matrix), width))
    margins, cells = int(words[1]), int(words[5])
    if len(matrix) > FEW_ROWS and margins + cells <= MANY_VALUES:
        table_kernel(matrix.dtype)(matrix, words, probable, out)
        return out
    answer = row_kernel("probabilities" if probable else "margins", matrix.dtype)
    for row, target in zip(matrix, out, strict=True):
        answer(np.array(row), words, target)
    return out
