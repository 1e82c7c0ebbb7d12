"""A packed ensemble: its members packed, each asked by its kernels, and their pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.joint_encoder import JointEncoder
from hpmkd.student.linear_model import LinearModel
from hpmkd.student.packed import PackedStudent
from hpmkd.student.packed_rows import UNUSUAL, RowReader
from hpmkd.student.pooled_model import Member, PooledModel
from hpmkd.student.tables import number_block
from hpmkd.student.trees_model import TreesModel

Floats = NDArray[np.float64]


class PackedPool:
    """Members in a buffer each, for those who have rows as arrays.

    Rows are those of :class:`~hpmkd.student.packed.PackedStudent`, always float64.

    Parameters
    ----------
    encoder : TreeEncoder, LinearEncoder or JointEncoder
    model : PooledModel

    Attributes
    ----------
    schema : Schema
        The raw columns.
    dtype : dtype
        Of rows: float64.
    n_columns, n_classes : int
        Cells of a row, d; classes, K.

    Raises
    ------
    NotPackable
        A member cannot be packed.

    Notes
    -----
    Immutable: threads may share it. Reading is done once, but each member costs a call and the
    pool some tens of microseconds: an ensemble is for tables rather than for single rows.
    """

    def __init__(self, encoder: FittedEncoder, model: PooledModel) -> None:
        self._parts = (encoder, model)
        self.schema = encoder.schema
        self.dtype: np.dtype[Any] = np.dtype(np.float64)
        self.n_columns = len(self.schema.columns)
        self.n_classes = model.n_classes
        self._reader = RowReader(self.schema)
        self._pool = model.pool
        self._members = [PackedStudent(_part(encoder, each), each) for each in model.members]

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedPool, self._parts)

    def code(self, row: NDArray[Any]) -> int:
        """Return the class code of one row; see :meth:`PackedStudent.code`."""
        return int(self.probabilities(row).argmax())

    def probabilities(self, row: NDArray[Any]) -> Floats:
        """Return the probabilities of one row, of shape (K,).

        Parameters
        ----------
        row : ndarray of shape (d,)
            Of `dtype`.

        Raises
        ------
        DataError
            It has another length or dtype.
        """
        if not isinstance(row, np.ndarray) or (row.dtype, row.shape) != (
            self.dtype,
            (self.n_columns,),
        ):
            raise DataError(
                f"expected a row of {self.dtype} and shape ({self.n_columns},): make one with "
                "packed.encode_row(mapping)"
            )
        return np.asarray(self.probabilities_of(row[np.newaxis])[0])

    def encode_row(self, row: Mapping[str, Any]) -> Floats:
        """Return a mapping as a row; see :meth:`PackedStudent.encode_row`."""
        matrix = self._reader.read_table([row])
        if matrix is None:
            return np.asarray(self.schema.matrix([row])[0])
        return np.asarray(matrix[0, self._reader.order])

    def probabilities_of(self, matrix: NDArray[Any]) -> Floats:
        """Return the probabilities of many rows, of shape (n, K).

        Parameters
        ----------
        matrix : ndarray of shape (n, d)
            Encoded rows in any layout, float32 or float64; other numbers become float64.

        Raises
        ------
        DataError
            It has another number of columns.
        """
        return self._pool.fuse(np.stack([each.probabilities_of(matrix) for each in self._members]))

    def predict_proba(self, table: Any) -> Floats:
        """Return probabilities of raw rows; see :meth:`hpmkd.student.Student.predict_proba`."""
        schema = self.schema
        if schema.all_numbers:
            block = number_block(table, schema.names if schema.named else None)
            if block is not None and block.shape[1] == self.n_columns:
                return self.probabilities_of(block)
        matrix = self._reader.read_table(table)
        if matrix is None:
            return self.probabilities_of(schema.matrix(table))
        return self.probabilities_of(matrix[:, self._reader.order])

    def asker(
        self, labels: tuple[Any, ...], general: Callable[[Mapping[str, Any]], Any]
    ) -> Callable[[Mapping[str, Any]], Any]:
        """Return a function from a mapping to a label; see :meth:`PackedStudent.asker`."""
        reader = self._reader

        def ask(row: Mapping[str, Any]) -> Any:
            if type(row) is not dict:
                return general(row)
            try:
                cells = np.array(reader.read_row(row))
            except UNUSUAL:
                return general(row)
            return labels[self.probabilities_of(cells[np.newaxis, reader.order])[0].argmax()]

        return ask


def pack(encoder: FittedEncoder, model: Any) -> PackedStudent | PackedPool:
    """Pack a student of any kind.

    Raises
    ------
    NotPackable
        It does not fit the format.
    """
    if isinstance(model, PooledModel):
        return PackedPool(encoder, model)
    return PackedStudent(encoder, model)


def _part(encoder: FittedEncoder, member: Member) -> FittedEncoder:
    """Return the encoder of what a member reads."""
    if not isinstance(encoder, JointEncoder):
        return encoder
    if isinstance(member, LinearModel):
        return encoder.linear
    return encoder.tree if isinstance(member, TreesModel) else encoder
