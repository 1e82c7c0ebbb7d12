"""An ensemble, packed: a row is read once, and each member answers by its own buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.additive_model import AdditiveModel
from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.joint_encoder import JointEncoder
from hpmkd.student.packed import PackedStudent
from hpmkd.student.packed_rows import RowReader
from hpmkd.student.pooled_model import Member, PooledModel


class PackedPool:
    """Encoder and pooled model, for raw rows.

    Parameters
    ----------
    encoder : TreeEncoder, LinearEncoder or JointEncoder
    model : PooledModel

    Raises
    ------
    NotPackable
        A member cannot be packed.

    Notes
    -----
    Immutable: threads may share it.
    """

    def __init__(self, encoder: FittedEncoder, model: PooledModel) -> None:
        self._schema = encoder.schema
        self._reader = RowReader(encoder.schema)
        self._members = [PackedStudent(_own(encoder, each), each) for each in model.members]
        self._pool = model.pool

    def predict_proba(self, table: Any) -> NDArray[np.float64]:
        """Return probabilities of raw rows; see :meth:`hpmkd.student.Student.predict_proba`."""
        matrix = self._reader.read_table(table)
        if matrix is None:
            matrix = self._schema.matrix(table)
        else:
            matrix = np.ascontiguousarray(matrix[:, self._reader.order])
        said = np.stack([member.probabilities_of(matrix) for member in self._members])
        return self._pool.fuse(said)


def _own(encoder: FittedEncoder, member: Member) -> FittedEncoder:
    """Return the encoder of the columns that a member reads."""
    if not isinstance(encoder, JointEncoder) or isinstance(member, AdditiveModel):
        return encoder
    return encoder.linear if member.kind == "linear" else encoder.tree
