"""A packed ensemble: its members packed, each evaluated by its kernels, and their pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.columns.plain_rows import UNUSUAL
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.tree import JointEncoder
from hpmkd.student.models.pool import Member, OnScaled, PooledModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.answers import answer_table
from hpmkd.student.packed.rows import PackedRows, as_row
from hpmkd.student.packed.student import PackedStudent
from hpmkd.student.packed.words import pack_words

Floats = NDArray[np.float64]

#: Probabilities of members in memory at once, 8 bytes each, three or four times over.
AT_ONCE = 2**20


class PackedPool(PackedRows):
    """Members in a buffer each, for those who have rows as arrays.

    Rows are those of :class:`~hpmkd.student.packed.student.PackedStudent`, always float64.

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
        super().__init__(encoder.schema, np.dtype(np.float64), model.n_classes)
        self._parts = (encoder, model)
        self._pool = model.pool
        columns = np.arange(self.n_columns)
        self._words = [pack_words(_part(encoder, each), each, columns) for each in model.members]

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedPool, self._parts)

    def code(self, row: NDArray[Any]) -> int:
        """Return the class code of one row; see :meth:`PackedStudent.code`."""
        return int(self.probabilities(row).argmax())

    def probabilities(self, row: NDArray[Any]) -> Floats:
        """Return the probabilities of one row of `dtype`, of shape (K,)."""
        row = as_row(row, self.dtype, self.n_columns)
        return np.asarray(self._answer(row[np.newaxis], as_read=False)[0])

    def margins(self, row: NDArray[Any]) -> Floats:
        """Refuse: members have margins, a pool of probabilities has none."""
        raise DataError("an ensemble has no margins: use packed.probabilities(row)")

    def margins_of(self, matrix: NDArray[Any]) -> Floats:
        """Refuse, as :meth:`margins` does."""
        raise DataError("an ensemble has no margins: use packed.probabilities_of(matrix)")

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
            return labels[self._answer(cells[np.newaxis], as_read=True)[0].argmax()]

        return ask

    def _answer(self, matrix: NDArray[Any], *, as_read: bool) -> Floats:
        matrix = matrix[:, self._reader.order] if as_read else matrix
        out = np.empty((len(matrix), self.n_classes))
        step = max(1, AT_ONCE // (len(self._words) * self.n_classes))
        for first in range(0, len(matrix), step):
            rows = matrix[first : first + step]
            predicted = [
                answer_table(rows, words, self.n_classes, probable=True) for words in self._words
            ]
            out[first : first + step] = self._pool.fuse(np.stack(predicted))
        return out


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
    if isinstance(member, OnScaled):
        return encoder.linear
    return encoder.tree if isinstance(member, TreesModel) else encoder
