"""A packed ensemble: its members and their pool in one buffer, evaluated by one kernel."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.tree import JointEncoder
from hpmkd.student.models.pool import Member, OnScaled, PooledModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.content import Words
from hpmkd.student.packed.rows import PackedRows
from hpmkd.student.packed.student import PackedStudent
from hpmkd.student.packed.words import is_full, n_values, pack_pool, pack_words

Floats = NDArray[np.float64]


class PackedPool(PackedRows):
    """Members and their pool in one buffer, for rows that are arrays.

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

    pooled: ClassVar[bool] = True

    def __init__(self, encoder: FittedEncoder, model: PooledModel) -> None:
        self._parts = (encoder, model)
        super().__init__(encoder.schema, np.dtype(np.float64), model.n_classes)

    def __reduce__(self) -> tuple[Any, ...]:
        return (PackedPool, self._parts)

    def _pack(self, order: NDArray[np.intp]) -> Words:
        encoder, model = self._parts
        members = member_words(encoder, model, order)
        self._full = any(map(is_full, members))
        self._n_values = self.n_classes + max(map(n_values, members))
        return pack_pool(members, model.pool, self.n_columns)

    def margins(self, row: NDArray[Any]) -> Floats:
        """Refuse: members have margins, a pool of probabilities has none."""
        raise DataError("an ensemble has no margins: use packed.probabilities(row)")

    def margins_of(self, matrix: NDArray[Any]) -> Floats:
        """Refuse, as :meth:`margins` does."""
        raise DataError("an ensemble has no margins: use packed.probabilities_of(matrix)")


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


def member_words(
    encoder: FittedEncoder, model: PooledModel, order: NDArray[np.intp], *, sort: bool = False
) -> list[Words]:
    """Pack each member; parameters and errors are those of :func:`pack_words`."""
    return [pack_words(_part(encoder, each), each, order, sort=sort) for each in model.members]


def _part(encoder: FittedEncoder, member: Member) -> FittedEncoder:
    """Return the encoder of what a member of a pool reads."""
    if not isinstance(encoder, JointEncoder):
        return encoder
    if isinstance(member, OnScaled):
        return encoder.linear
    return encoder.tree if isinstance(member, TreesModel) else encoder
