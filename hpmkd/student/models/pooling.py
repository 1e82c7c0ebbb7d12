"""One student of several: what an ensemble says, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.joint import JointEncoder
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import TreeEncoder
from hpmkd.student.models.pool import Pool
from hpmkd.student.models.pooled import PooledModel
from hpmkd.student.student import Student


def pool_students(
    students: Sequence[Student], pool: Pool, facts: Mapping[str, Any] | None = None
) -> Student:
    """Make one student of several; they share the schema and the encoder.

    Parameters
    ----------
    students : sequence of M Student
        Fitted on the same rows: with equal schemas, scalings and classes.
    pool : Pool
        Makes one answer of theirs.
    facts : mapping, optional
        What the file should tell; those of the members are left out.

    Returns
    -------
    Student
        Its probabilities are ``pool.fuse`` of those of the students.

    Raises
    ------
    ValueError
        The students do not go together; the message says why.

    Examples
    --------
    >>> from hpmkd.student import LinearModel, Pool, Schema, Student, fit_encoder, pool_students
    >>> rows = [{"age": 31}, {"age": 47}]
    >>> encoder = fit_encoder("linear", Schema.fit(rows), rows)
    >>> one, two = (Student(encoder, LinearModel([[w]], [0.0]), ["n", "y"]) for w in (1.0, 3.0))
    >>> both = pool_students([one, two], Pool.mean(2, 2))
    >>> both.predict_proba(rows).round(3).tolist()
    [[0.842, 0.158], [0.158, 0.842]]
    """
    first = students[0]
    for student in students[1:]:
        same_type = student.classes.dtype.kind == first.classes.dtype.kind
        if not same_type or student.classes.tolist() != first.classes.tolist():
            raise ValueError("the students have different classes")
    encoder = _joined([student.encoder for student in students])
    members = tuple(student.model for student in students)
    model = PooledModel(members, pool)  # type: ignore[arg-type]
    return Student(encoder, model, first.classes, facts or {})


def _joined(encoders: Sequence[FittedEncoder]) -> FittedEncoder:
    """Return the one encoder that writes what each of several does."""
    linear = [
        each.linear if isinstance(each, JointEncoder) else each
        for each in encoders
        if not isinstance(each, TreeEncoder)
    ]
    if any(encoder.schema != encoders[0].schema for encoder in encoders):
        raise ValueError("the students read different columns")
    if any(not _same(each, linear[0]) for each in linear):
        raise ValueError("the students scale their columns differently")
    if len(linear) == len(encoders) and not any(isinstance(e, JointEncoder) for e in encoders):
        return linear[0]
    tree = TreeEncoder(encoders[0].schema)
    return JointEncoder(linear[0], tree) if linear else tree


def _same(one: LinearEncoder, two: LinearEncoder) -> bool:
    """Return whether two encoders of one schema write the same bits."""
    arrays, others = one.arrays(), two.arrays()
    same = (np.array_equal(array, others[name]) for name, array in arrays.items())
    return one.max_levels == two.max_levels and all(same)
