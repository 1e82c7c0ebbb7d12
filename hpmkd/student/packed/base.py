"""What packed students and packed ensembles share: how rows reach the kernels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.plain_rows import RowReader
from hpmkd.student.columns.schema import Schema
from hpmkd.student.columns.tables import number_block
from hpmkd.student.packed.checks import as_mapping, as_matrix

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

    def __init__(self, schema: Schema, dtype: np.dtype[Any], n_classes: int) -> None:
        self.schema = schema
        self.dtype = dtype
        self.n_columns = len(schema.columns)
        self.n_classes = n_classes
        self._reader = RowReader(schema)

    @abstractmethod
    def _answer(self, matrix: NDArray[Any], *, as_read: bool) -> Floats:
        """Return probabilities of a matrix that was checked.

        With `as_read` its columns are in the order of the reader, else in that of the schema.
        """

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
            It is no mapping, columns are missing, or a number column holds text.
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
