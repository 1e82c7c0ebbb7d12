"""Which columns change the prediction of a typical row, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student import Student


def importance(
    student: Student, row: dict[str, Any], probes: Sequence[Sequence[Any]]
) -> NDArray[np.float64]:
    """Return by how much a probability changes at most if one cell of a row is another.

    Parameters
    ----------
    student : Student
    row : dict
        The cells of all d columns by name.
    probes : sequence of d sequences
        Other cells for each column.

    Returns
    -------
    ndarray of shape (d,)
        In [0, 1].
    """
    schema, packed = student.encoder.schema, student.packed
    start = schema.matrix([row])
    before = packed.probabilities_of(start)
    found, at = np.zeros(len(schema.columns)), 0
    for j, (column, cells) in enumerate(zip(schema.columns, probes, strict=True)):
        # Only the cells of this column are read: all columns of all probes would take minutes
        # where there are thousands.
        read = column.read(np.array([*cells], dtype=object))
        matrix = np.repeat(start, len(cells), axis=0)
        matrix[:, at : at + len(read)] = np.transpose(read)
        found[j] = np.abs(packed.probabilities_of(matrix) - before).max(initial=0.0)
        at += len(read)
    return found
