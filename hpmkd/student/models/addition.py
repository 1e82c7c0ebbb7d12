"""One student of several parts: trees behind other trees, trees on top of a linear margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpmkd.student.encoders.joint import JointEncoder
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import TreeEncoder
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
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
        The models do not go together.
    """
    first, others = models[0], models[1:]
    for other in others:
        if other.link != first.link or len(other.base_margin) != len(first.base_margin):
            raise ValueError("trees of other margins or another link cannot be joined")
        if other.base_margin.any():
            raise ValueError("only the first of several models may have a base margin")
    nodes = np.cumsum([0, *(len(model.features) for model in models)])[:-1]
    leaves = np.cumsum([0, *(len(model.leaf_values) for model in models)])[:-1]
    is_leaf = [model.features < 0 for model in models]

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(model, name) for model in models])

    return TreesModel(
        roots=np.concatenate([m.roots + node for m, node in zip(models, nodes, strict=True)]),
        features=joined("features"),
        thresholds=joined("thresholds"),
        left=np.concatenate(
            [
                model.left + np.where(leaf, before, node)
                for model, leaf, before, node in zip(models, is_leaf, leaves, nodes, strict=True)
            ]
        ),
        right=np.concatenate(
            [
                np.where(leaf, 0, model.right + node)
                for model, leaf, node in zip(models, is_leaf, nodes, strict=True)
            ]
        ),
        missing_left=joined("missing_left"),
        leaf_values=joined("leaf_values"),
        outputs=joined("outputs"),
        base_margin=first.base_margin,
        link=first.link,
    )
