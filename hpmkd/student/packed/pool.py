"""A packed ensemble: its members and their pool in one buffer, evaluated by one kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.tree import JointEncoder
from hpmkd.student.models.pool import Member, OnScaled, PooledModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.answers import answer_table, make_asker
from hpmkd.student.packed.content import Words
from hpmkd.student.packed.rows import PackedRows, as_out, as_row
from hpmkd.student.packed.student import PackedStudent
from hpmkd.student.packed.words import n_values, pack_pool, pack_words

Floats = NDArray[np.float64]


class PackedPool(PackedRows):
    """Members and their pool in one buffer, for those who have rows as arrays.

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
    Immutable: threads may share it. One call evaluates all members and fuses them.
    """

    def __init__(self, encoder: FittedEncoder, model: PooledModel) -> None:
        super().__init__(encoder.schema, np.dtype(np.float64), model.n_classes)
        self._parts = (encoder, model)
        self._words = self._pack(np.arange(self.n_columns))

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedPool, self._parts)

    def _pack(self, order: NDArray[np.intp]) -> Words:
        encoder, model = self._parts
        members = [pack_words(_part(encoder, each), each, order) for each in model.members]
        self._n_values = self.n_classes + max(map(n_values, members))
        return pack_pool(members, model.pool.numbers(), self.n_columns)

    @property
    def words(self) -> Words:
        """The buffer, uint32 of shape (n_words,), read-only."""
        view = self._words.view()
        view.flags.writeable = False
        return view

    def code(self, row: NDArray[Any]) -> int:
        """Return the class code of one row; see :meth:`PackedStudent.code`."""
        code = self._code(row)
        return code if code >= 0 else self._code(as_row(row, self.dtype, self.n_columns))

    def probabilities(self, row: NDArray[Any], out: Floats | None = None) -> Floats:
        """Return the probabilities of one row; see :meth:`PackedStudent.probabilities`."""
        out = np.empty(self.n_classes) if out is None else out
        if self._probabilities(row, out):
            row = as_row(row, self.dtype, self.n_columns)
            self._probabilities(row, as_out(out, self.n_classes))
        return out

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
        return make_asker(self._reader, self._row_words, labels, general, pooled=True)

    @cached_property
    def _row_words(self) -> Words:
        """The same pool for rows as the reader orders them."""
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

        return row_kernel(what, self.dtype, self._words, pooled=True)

    def _answer(self, matrix: NDArray[Any], *, as_read: bool) -> Floats:
        words = self._row_words if as_read else self._words
        matrix = matrix.astype(np.float64, copy=False)
        return answer_table(matrix, words, self.n_classes, self._n_values, pooled=True)


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
