"""The packed student: rows of numbers in, answers out, by kernels over one buffer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.models import FittedModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.answers import answer_table, make_asker
from hpmkd.student.packed.content import Words
from hpmkd.student.packed.rows import PackedRows, as_matrix, as_out, as_row
from hpmkd.student.packed.words import n_values, pack_words

Floats = NDArray[np.float64]


class PackedStudent(PackedRows):
    """Encoder and model in one buffer, for those who have rows as arrays.

    A *row* is a 1-D array of d cells in the order of the columns: numbers as they are, a
    category as its code (its position in ``schema.columns[j].categories``), NaN where a cell
    is missing or a category unknown. :meth:`encode_row` makes one of a mapping. Its dtype is
    `dtype`: float32 for trees, which compare nothing finer, and float64 where there is a
    linear part. Contiguous, writeable rows are answered soonest.

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
        scaled = not isinstance(model, TreesModel)
        dtype = np.dtype(np.float64 if scaled else np.float32)
        super().__init__(encoder.schema, dtype, model.n_classes)
        self._parts = (encoder, model)
        self._shape = (self.dtype, self.n_columns)
        self._words = pack_words(encoder, model, np.arange(self.n_columns))
        self.n_margins = int(self._words[1])
        self._n_values = n_values(self._words)

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedStudent, self._parts)

    @property
    def words(self) -> Words:
        """The buffer, uint32 of shape (n_words,), read-only."""
        view = self._words.view()
        view.flags.writeable = False
        return view

    def code(self, row: NDArray[Any]) -> int:
        """Return the class code of one row, 0 … K-1: the first of equally probable ones.

        Parameters
        ----------
        row : ndarray of shape (d,)
            Of `dtype`.

        Raises
        ------
        DataError
            It has another length or dtype.
        """
        code = self._code(row)
        return code if code >= 0 else self._code(as_row(row, *self._shape))

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
            self._margins(as_row(row, *self._shape), as_out(out, self.n_margins))
        return out

    def probabilities(self, row: NDArray[Any], out: Floats | None = None) -> Floats:
        """Return the probabilities of one row.

        Parameters
        ----------
        row : ndarray of shape (d,)
            Of `dtype`.
        out : ndarray of shape (K,), optional
            float64, C-contiguous: where to write them; a new array by default.

        Returns
        -------
        ndarray of shape (K,)
            float64, summing to 1.

        Raises
        ------
        DataError
            A length or dtype is another.
        """
        out = np.empty(self.n_classes) if out is None else out
        if self._probabilities(row, out):
            self._probabilities(as_row(row, *self._shape), as_out(out, self.n_classes))
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
        return answer_table(matrix, self._words, self.n_margins, self._n_values, probable=False)

    def asker(
        self, labels: tuple[Any, ...], general: Callable[[Mapping[str, Any]], Any]
    ) -> Callable[[Mapping[str, Any]], Any]:
        """Return a function from a mapping to a label; threads may share it.

        Parameters
        ----------
        labels : tuple
            By class code.
        general : callable
            Answers for rows that are not plain: of other types, spelt oddly, or incomplete.
        """
        return make_asker(self._reader, self._row_words, labels, general)

    @cached_property
    def _row_words(self) -> Words:
        """The same student for rows as the reader orders them."""
        order = self._reader.order
        in_order = np.array_equal(order, np.arange(self.n_columns))
        return self._words if in_order else pack_words(*self._parts, order)

    @cached_property
    def _code(self) -> Callable[..., int]:
        return self._kernel("code")

    @cached_property
    def _margins(self) -> Callable[..., int]:
        return self._kernel("margins")

    @cached_property
    def _probabilities(self) -> Callable[..., int]:
        return self._kernel("probabilities")

    def _kernel(self, what: str) -> Callable[..., int]:
        from hpmkd.kernels.packed import row_kernel

        return row_kernel(what, self.dtype, self._words)

    def _answer(self, matrix: NDArray[Any], *, as_read: bool) -> Floats:
        words = self._row_words if as_read else self._words
        return answer_table(matrix, words, self.n_classes, self._n_values)
