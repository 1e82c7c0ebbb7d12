"""Answers from packed words: the label of a mapping, and the probabilities of many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.plain_rows import UNUSUAL, RowReader
from hpmkd.student.packed.content import Words

Floats = NDArray[np.float64]


def make_asker(
    reader: RowReader,
    words: Words,
    labels: tuple[Any, ...],
    general: Callable[[Mapping[str, Any]], Any],
    *,
    pooled: bool,
    full: bool,
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
    pooled, full : bool
        What the words are of, as for :func:`~hpmkd.kernels.packed.dict_kernel`.
    """
    from hpmkd.kernels.packed import dict_kernel, row_kernel

    def read(row: Mapping[str, Any]) -> Any:
        if type(row) is dict:
            try:
                cells = np.array(reader.read_row(row))
                return labels[row_kernel("code", np.float64, words, pooled=pooled)(cells)]
            except UNUSUAL:
                pass
        return general(row)

    if not reader.schema.named:
        return read
    code_of = dict_kernel(words, *reader.plan(), pooled=pooled, full=full)

    def ask(row: Mapping[str, Any]) -> Any:
        code = code_of(row)
        return labels[code] if code >= 0 else read(row)

    def ask_with_moments(row: Mapping[str, Any]) -> Any:
        try:
            code = code_of((row, reader.parts_of(row)))
        except UNUSUAL:
            code = -1
        return labels[code] if code >= 0 else read(row)

    return ask_with_moments if reader.n_parts else ask


#: So few rows are answered one by one: a block of 256 takes as long as ten of them.
FEW_ROWS = 8
#: Rows of so many margins and compared cells are, too: a block holds 2 kB for each.
MANY_VALUES = 2**13


def answer_table(
    matrix: NDArray[Any],
    words: Words,
    width: int,
    n_values: int,
    *,
    probable: bool = True,
    pooled: bool,
    full: bool,
) -> Floats:
    """Answer for many rows, in float64 of shape (n, width); their grouping changes no bit.

    Parameters
    ----------
    matrix : ndarray of shape (n, d)
        float32 or float64 in the order in which `words` was packed, as
        :func:`~hpmkd.student.packed.rows.as_matrix` returns it; of a pool, float64.
    width : int
        Columns of the answer: K, or C for margins.
    n_values : int
        Values that a block holds of each row: margins and cells that trees compare.
    probable : bool
        Probabilities rather than margins.
    pooled, full : bool
        What the words are of, as for :func:`~hpmkd.kernels.packed.table_kernel`.
    """
    from hpmkd.kernels.packed import row_kernel, table_kernel

    out = np.empty((len(matrix), width))
    if len(matrix) > FEW_ROWS and n_values <= MANY_VALUES:
        table = table_kernel(matrix.dtype, pooled=pooled, full=full)
        refused = table(matrix, words, probable, out)
    else:
        what = "probabilities" if probable else "margins"
        answer = row_kernel(what, matrix.dtype, words, pooled=pooled)
        refused = any(answer(np.array(row), to) for row, to in zip(matrix, out, strict=True))
    if refused:  # what was not written is whatever memory held before
        raise AssertionError(f"no kernel takes {matrix.dtype} of shape {matrix.shape}")
    return out
