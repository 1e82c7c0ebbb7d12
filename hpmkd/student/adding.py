"""From a linear student and trees fitted on top of it to one student."""

from __future__ import annotations

from numpy.typing import ArrayLike

from hpmkd.student.additive_model import AdditiveModel
from hpmkd.student.fitted import Student
from hpmkd.student.joint_encoder import JointEncoder
from hpmkd.student.linear_encoder import LinearEncoder
from hpmkd.student.linear_model import LinearModel
from hpmkd.student.tree_encoder import TreeEncoder
from hpmkd.student.trees_model import TreesModel


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
        `start` is not linear, or the parts do not go together.

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
