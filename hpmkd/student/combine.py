"""One student of several parts: trees on top of a linear student, or an ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import JointEncoder, TreeEncoder
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.convert import joined
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.pool import Pool, PooledModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.student import Student


def add(
    start: Student, trees: TreesModel, encoder: TreeEncoder, low: ArrayLike, high: ArrayLike
) -> Student:
    """Put trees on top of a linear student.

    Parameters
    ----------
    start : Student
        With a linear encoder and a linear model of C margins.
    trees : TreesModel
        Fitted with the clipped margins of `start` as base margin; its own is 0.
    encoder : TreeEncoder
        What `trees` reads; of the same schema as `start`.
    low, high : array-like of shape (C,)
        Range of the margins of `start` on the rows that the trees were fitted on.

    Returns
    -------
    Student
        With the classes and the facts of `start`.

    Raises
    ------
    ValueError
        `start` is not linear, or the parts do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from hpmkd.student import Schema, fit_encoder
    >>> rows = [{"age": 31}, {"age": 47}]
    >>> schema = Schema.fit(rows)
    >>> linear = LinearModel([[1.0]], [0.0])
    >>> start = Student(fit_encoder("linear", schema, rows), linear, ["no", "yes"])
    >>> stump = TreesModel(
    ...     roots=[0], features=[0, -1, -1], thresholds=[40, 0, 0], left=[1, 0, 1],
    ...     right=[2, 0, 0], missing_left=[1, 0, 0], leaf_values=[[-0.5], [0.5]],
    ...     outputs=[0], base_margin=[0.0], link="sigmoid",
    ... )
    >>> student = add(start, stump, fit_encoder("tree", schema, rows), [-1.0], [1.0])
    >>> student.model.margins(student.encoder.transform(rows)).tolist()
    [[-1.5], [1.5]]
    """
    if not isinstance(start.encoder, LinearEncoder) or not isinstance(start.model, LinearModel):
        raise ValueError("trees can be added only to a student with a linear encoder and model")
    model = AdditiveModel(start.model, low, high, trees)  # type: ignore[arg-type]
    return Student(JointEncoder(start.encoder, encoder), model, start.classes, start.facts)


def join_trees(models: Sequence[TreesModel]) -> TreesModel:
    """Put the trees of several models behind each other; their margins add up.

    Parameters
    ----------
    models : sequence of TreesModel
        At least one, all of C margins and one link, with leaves of one width.

    Returns
    -------
    TreesModel
        With the base margin of the first; those of the others must be 0.

    Raises
    ------
    ValueError
        The models do not match.
    """
    first, others = models[0], models[1:]
    for other in others:
        if other.link != first.link or len(other.base_margin) != len(first.base_margin):
            raise ValueError("trees of other margins or another link cannot be joined")
        if other.base_margin.any():
            raise ValueError("only the first of several models may have a base margin")
    outputs = np.concatenate([model.outputs for model in models])
    arrays = joined([vars(model) for model in models])
    return TreesModel(**arrays, outputs=outputs, base_margin=first.base_margin, link=first.link)


def pool_students(
    students: Sequence[Student], pool: Pool, facts: Mapping[str, Any] | None = None
) -> Student:
    """Make one student of several; they share the schema and the encoder.

    Parameters
    ----------
    students : sequence of M Student
        Fitted on the same rows: with equal schemas, scalings and classes.
    pool : Pool
        Fuses their probabilities.
    facts : mapping, optional
        Facts of the file; those of the members are left out.

    Returns
    -------
    Student
        Its probabilities are ``pool.fuse`` of those of the students.

    Raises
    ------
    ValueError
        The students cannot be combined; the message gives the reason.

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
    trees = [
        each.tree if isinstance(each, JointEncoder) else each
        for each in encoders
        if not isinstance(each, LinearEncoder)
    ]
    if any(encoder.schema != encoders[0].schema for encoder in encoders):
        raise ValueError("the students read different columns")
    if any(not _same(each, linear[0]) for each in linear):
        raise ValueError("the students scale their columns differently")
    if any(not np.array_equal(each.offsets, trees[0].offsets) for each in trees):
        raise ValueError("the students subtract different offsets from their columns")
    if not trees:
        return linear[0]
    return JointEncoder(linear[0], trees[0]) if linear else trees[0]


def _same(one: LinearEncoder, two: LinearEncoder) -> bool:
    """Return whether two encoders of one schema write the same bits."""
    arrays, others = one.arrays(), two.arrays()
    same = (np.array_equal(array, others[name]) for name, array in arrays.items())
    return one.max_levels == two.max_levels and all(same)
