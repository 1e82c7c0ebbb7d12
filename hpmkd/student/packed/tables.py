"""Many rows answered from packed words: in blocks, or one by one where that is cheaper."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.packed.content import Words

Floats = NDArray[np.float64]

#: So few rows are answered one by one: a block of 256 takes as long as ten of them.
FEW_ROWS = 8
#: Rows of so many margins and compared cells are, too: a block holds 2 kB for each.
MANY_VALUES = 2**13


def answer_table(matrix: NDArray[Any], words: Words, width: int, *, probable: bool) -> Floats:
    """Answer for many rows.

    Parameters
    ----------
    matrix : ndarray of shape (n, d)
        float32 or float64 in the order in which `words` was packed, as
        :func:`~hpmkd.student.packed.checks.as_matrix` returns it.
    words : ndarray of shape (n_words,)
        As :func:`~hpmkd.student.packed.words.pack_words` makes it.
    width : int
        Columns of the answer: K, or C for margins.
    probable : bool
        Probabilities rather than margins.

    Returns
    -------
    ndarray of shape (n, width)
        float64, C-ordered, new. How the rows are grouped does not change a bit.
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
