"""Rows on their way to the kernels: mappings, tables and matrices, and errors for others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.columns.plain_rows import RowReader
from hpmkd.student.columns.schema import Schema
from hpmkd.student.columns.tables import number_block
from hpmkd.student.packed.answers import answer_table, make_asker
from hpmkd.student.packed.content import Words

Floats = NDArray[np.float64]


class PackedRows(ABC):
    """Reads mappings and tables, and hands on matrices.

    Parameters
    ----------
    schema : Schema
        The raw columns.
    dtype : dtype
        Of a row: float32 or float64.
    n_classes : int
        Classes, K.
    """

    #: Whether the buffer is that of a pool.
    pooled: ClassVar[bool] = False
    #: Values that a block of rows holds of each; :meth:`_pack` knows.
    _n_values: int
    #: Whether it takes a kernel for all students; :meth:`_pack` knows.
    _full: bool

    def __init__(self, schema: Schema, dtype: np.dtype[Any], n_classes: int) -> None:
        self.schema = schema
        self.dtype = dtype
        self.n_columns = len(schema.features)
        self.n_classes = n_classes
        self._reader = RowReader(schema)
        self._words = self._pack(np.arange(self.n_columns))

    @abstractmethod
    def _pack(self, order: NDArray[np.intp]) -> Words:
        """Return the buffer for rows whose columns are in some order."""

    @property
    def is_awaited(self) -> bool:
        """Whether the kernel of tables is being compiled, so that they are answered without."""
        from hpmkd.kernels.packed import is_coming

        return is_coming(pooled=self.pooled, full=self._full)

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
        return code if code >= 0 else self._code(as_row(row, self.dtype, self.n_columns))

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
            self._probabilities(
                as_row(row, self.dtype, self.n_columns), as_out(out, self.n_classes)
            )
        return out

    def encode_row(self, row: Mapping[str, Any]) -> NDArray[Any]:
        """Return a mapping as a row.

        Parameters
        ----------
        row : mapping
            Cells by the names of the columns; further ones are ignored.

        Returns
        -------
        ndarray of shape (d,)
            Of `dtype`; numbers beyond float32 are ±inf in it.

        Raises
        ------
        DataError
            It is not a mapping, columns are missing, or a number column holds text.
        """
        matrix = self._reader.read_table([as_mapping(row)])
        if matrix is None:
            return np.asarray(self.schema.matrix([row], self.dtype.type)[0])
        with np.errstate(over="ignore"):
            return np.asarray(matrix[0, self._reader.order], dtype=self.dtype)

    def probabilities_of(self, matrix: NDArray[Any]) -> Floats:
        """Return the probabilities of many rows.

        Parameters
        ----------
        matrix : ndarray of shape (n, d)
            Encoded rows in any layout, float32 or float64; other numbers become float64.

        Returns
        -------
        ndarray of shape (n, K)
            float64, C-ordered, new; each row as it is answered alone.

        Raises
        ------
        DataError
            It is no such array.
        """
        return self._answer(as_matrix(matrix, self.n_columns), as_read=False)

    def predict_proba(self, table: Any) -> Floats:
        """Return probabilities of raw rows; see :meth:`hpmkd.student.Student.predict_proba`."""
        schema = self.schema
        if schema.all_numbers:
            block = number_block(table, schema.names if schema.named else None)
            if block is not None and block.shape[1] == self.n_columns:
                return self.probabilities_of(block)
        matrix = self._reader.read_table(table)
        if matrix is not None:
            return self._answer(matrix, as_read=True)
        return self.probabilities_of(schema.matrix(table, self.dtype.type))

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
        words, pooled = self._row_words, self.pooled
        return make_asker(self._reader, words, labels, general, pooled=pooled, full=self._full)

    @cached_property
    def _row_words(self) -> Words:
        """The same for rows as the reader orders them."""
        order = self._reader.order
        in_order = np.array_equal(order, np.arange(self.n_columns))
        return self._words if in_order else self._pack(order)

    @cached_property
    def _code(self) -> Callable[..., int]:
        return self._kernel("code")

    @cached_property
    def _probabilities(self) -> Callable[..., int]:
        return self._kernel("probabilities")

    def _kernel(self, what: str) -> Callable[..., int]:
        from hpmkd.kernels.packed import row_kernel

        return row_kernel(what, self.dtype, self._words, pooled=self.pooled)

    def _answer(self, matrix: NDArray[Any], *, as_read: bool) -> Floats:
        """Return probabilities of a matrix that was checked.

        With `as_read` its columns are in the order of the reader, else in that of the schema.
        """
        words, width = self._row_words if as_read else self._words, self.n_classes
        if self.pooled:  # its kernel knows no other
            matrix = matrix.astype(np.float64, copy=False)
        return answer_table(
            matrix, words, width, self._n_values, pooled=self.pooled, full=self._full
        )


def as_mapping(row: Any) -> Mapping[str, Any]:
    """Return the row, or raise a DataError if it has no names."""
    if isinstance(row, Mapping):
        return row
    raise DataError(
        f"got a row that is a {type(row).__name__}, expected a mapping of column names to cells, "
        "such as a dict: pass dict(row) for a pandas Series; use predict for arrays, lists and "
        "frames"
    )


def as_matrix(matrix: Any, n_columns: int) -> NDArray[Any]:
    """Return a matrix of rows as the kernels take it, or raise a DataError."""
    usable = isinstance(matrix, np.ndarray) and not isinstance(matrix, np.ma.MaskedArray)
    if not usable or matrix.dtype.kind not in "biuf" or matrix.ndim != 2:
        raise _no_matrix(matrix, n_columns)
    if matrix.shape[1] != n_columns:
        raise _no_matrix(matrix, n_columns)
    if matrix.dtype not in (np.float32, np.float64) or not matrix.dtype.isnative:
        matrix = matrix.astype(np.float64)
    # Of the base class: a row of np.matrix is a matrix again, which no kernel takes.
    return np.require(np.asarray(matrix), requirements="A")


def as_row(row: Any, dtype: np.dtype[Any], n_columns: int) -> NDArray[Any]:
    """Return a row of odd layout as the kernels take it, or raise a DataError."""
    usable = isinstance(row, np.ndarray) and not isinstance(row, np.ma.MaskedArray)
    if not usable or row.shape != (n_columns,) or row.dtype.newbyteorder("=") != dtype:
        raise DataError(
            f"got a row that is {_described(row)}, expected {dtype} of shape ({n_columns},): make "
            "one with packed.encode_row(mapping)"
        )
    return np.array(row, dtype=dtype)


def as_out(out: Any, width: int) -> Floats:
    """Return a place for the answer, or raise a DataError if a kernel cannot write to it."""
    usable = isinstance(out, np.ndarray) and out.dtype == np.float64 and out.shape == (width,)
    if not usable or not (out.flags.carray and out.flags.writeable):
        raise DataError(f"out must be a writeable contiguous float64 array of shape ({width},)")
    return np.asarray(out)


def _no_matrix(matrix: Any, n_columns: int) -> DataError:
    """Return the error for what is not a matrix of rows."""
    return DataError(
        f"got {_described(matrix)}, expected an array of numbers of shape (n, {n_columns}): one "
        "column per feature (schema.features), categories as codes, NaN for what is missing; use "
        "predict_proba for tables as they come"
    )


def _described(value: Any) -> str:
    """Describe what was got, for an error."""
    if isinstance(value, np.ndarray):
        masked = "masked " if isinstance(value, np.ma.MaskedArray) else ""
        return f"{masked}{value.dtype} of shape {value.shape}"
    return type(value).__name__
