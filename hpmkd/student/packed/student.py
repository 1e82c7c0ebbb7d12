"""The packed student: rows of numbers in, answers out, by kernels over one buffer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.tree import TreeEncoder
from hpmkd.student.models import FittedModel
from hpmkd.student.packed.answers import answer_table
from hpmkd.student.packed.content import Words
from hpmkd.student.packed.rows import PackedRows, as_matrix, as_out, as_row
from hpmkd.student.packed.words import is_full, n_values, pack_words

Floats = NDArray[np.float64]


class PackedStudent(PackedRows):
    """Encoder and model in one buffer, for rows that are arrays.

    A *row* is a 1-D array of d cells in the order of the features, which are the columns, but
    several of a moment: numbers as they are, a category as its code (its position in
    ``schema.features[j].categories``), NaN where a cell is missing or a category unknown.
    :meth:`encode_row` makes one of a mapping. Its dtype is `dtype`: float32 for trees, which
    compare nothing finer, and float64 where there is a linear part, or trees subtract an offset
    from a column. Contiguous, writeable rows are answered soonest.

    Attributes
    ----------
    schema : Schema
        The raw columns.
    dtype : dtype
        Of rows.
    n_columns, n_margins, n_classes : int
        Cells of a row, d; margins, C (1 for two classes, else K); classes, K.

    Raises
    ------
    NotPackable
        The model is of another kind, or has a tree of more than 65,535 nodes.

    Notes
    -----
    Immutable: threads may share it. The first call of each method compiles its kernel, or
    loads it from numba's cache (see ``hpmkd warm``).

    Examples
    --------
    >>> from hpmkd.student import LinearModel, Schema, Student, fit_encoder
    >>> rows = [{"age": 31, "job": "clerk"}, {"age": 45, "job": "nurse"}]
    >>> encoder = fit_encoder("linear", Schema.fit(rows), rows)
    >>> packed = Student(encoder, LinearModel([[1.0], [0.5], [0.0]], [0.0]), ["no", "yes"]).packed
    >>> row = packed.encode_row({"age": 45, "job": "nurse"})
    >>> row.tolist(), packed.code(row), packed.margins(row).tolist()
    ([45.0, 1.0], 1, [1.0])
    """

    def __init__(self, encoder: FittedEncoder, model: FittedModel) -> None:
        single = isinstance(encoder, TreeEncoder) and not encoder.is_shifted
        dtype = np.dtype(np.float32 if single else np.float64)
        self._parts = (encoder, model)
        super().__init__(encoder.schema, dtype, model.n_classes)
        self.n_margins = int(self._words[1])

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedStudent, self._parts)

    def _pack(self, order: NDArray[np.intp]) -> Words:
        words = pack_words(*self._parts, order)
        self._n_values, self._full = n_values(words), is_full(words)
        return words

    def margins(self, row: NDArray[Any], out: Floats | None = None) -> Floats:
        """Return the margins of one row.

        Parameters
        ----------
        row : ndarray of shape (d,)
            Of `dtype`.
        out : ndarray of shape (C,), optional
            float64, C-contiguous: where to write them; a new array by default.

        Returns
        -------
        ndarray of shape (C,)
            float64; of trees, float32 values, bit-identical to those of XGBoost.

        Raises
        ------
        DataError
            A length or dtype is another.
        """
        out = np.empty(self.n_margins) if out is None else out
        if self._margins(row, out):
            self._margins(as_row(row, self.dtype, self.n_columns), as_out(out, self.n_margins))
        return out

    def margins_of(self, matrix: NDArray[Any]) -> Floats:
        """Return the margins of many rows.

        Parameters
        ----------
        matrix : ndarray of shape (n, d)
            Encoded rows in any layout, float32 or float64; other numbers become float64.

        Returns
        -------
        ndarray of shape (n, C)
            float64, C-ordered, new; each row as :meth:`margins` answers it.

        Raises
        ------
        DataError
            It is no such array.
        """
        matrix = as_matrix(matrix, self.n_columns)
        return answer_table(
            matrix,
            self._words,
            self.n_margins,
            self._n_values,
            probable=False,
            pooled=False,
            full=self._full,
        )

    @cached_property
    def _margins(self) -> Callable[..., int]:
        return self._kernel("margins")
