"""A single tree as rules: what leads to each leaf, what it predicts, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student.encoders.tree import TreeEncoder
from hpmkd.student.explain.conditions import Cells, plain
from hpmkd.student.models.links import probabilities_of
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.student import Student

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class LeafPath:
    """A node of a tree, as a walk through it meets it.

    Parameters
    ----------
    depth : int
        0 for the root.
    column : int or None
        What its parent looked at; None for the root.
    cells, before : Cells or None
        Of that column: what comes here, and what came to the parent.
    is_right : bool
        Whether its sibling was met before.
    leaf : int or None
        Row of ``leaf_values``; None for an inner node.
    path : mapping of int to Cells
        What comes here, for all columns that were looked at on the way.
    """

    depth: int
    column: int | None
    cells: Cells | None
    before: Cells | None
    is_right: bool
    leaf: int | None
    path: Mapping[int, Cells]


@dataclass(frozen=True, eq=False)
class Support:
    """What the leaves of a tree rest on.

    Parameters
    ----------
    counts : ndarray of shape (L, K)
        Rows of each class that end in each leaf.
    """

    counts: IntArray

    def of(self, leaf: int, predicted: int, labels: list[Any]) -> dict[str, Any]:
        """Return what one leaf rests on; `predicted` is the code of the class that it predicts.

        ``rows``; ``share`` of all rows; ``majority``, their commonest class, and ``purity``, its
        share; ``accuracy``, the share of the predicted class. The last three are None where no row
        ends.
        """
        counts, total = self.counts[leaf], int(self.counts.sum())
        rows = int(counts.sum())
        found: dict[str, Any] = {"rows": rows, "share": rows / total if total else 0.0}
        if not rows:
            return {**found, "majority": None, "purity": None, "accuracy": None}
        # The predicted class, where others are as common.
        common = predicted if counts[predicted] == counts.max() else int(counts.argmax())
        return {
            **found,
            "majority": labels[common],
            "purity": float(counts[common] / rows),
            "accuracy": float(counts[predicted] / rows),
        }


def readable(student: Student) -> bool:
    """Return whether a student is a single tree that looks at raw columns."""
    model = student.model
    return (
        isinstance(student.encoder, TreeEncoder)
        and isinstance(model, TreesModel)
        and model.n_trees == 1
    )


def places(student: Student) -> Iterator[LeafPath]:
    """Walk through a single tree, parents before children, left before right.

    Parameters
    ----------
    student : Student
        A :func:`readable` one.

    Yields
    ------
    Place
        One per node.
    """
    assert isinstance(student.encoder, TreeEncoder), "readable"
    assert isinstance(student.model, TreesModel), "readable"
    model, offsets = student.model, student.encoder.offsets.tolist()
    start = LeafPath(0, None, None, None, is_right=False, leaf=None, path={})
    waiting = [(int(model.roots[0]), start)]
    while waiting:
        node, here = waiting.pop()
        column = int(model.features[node])
        if column < 0:
            leaf = int(model.left[node])
            yield LeafPath(**{**vars(here), "leaf": leaf})
            continue
        yield here
        before = here.path.get(column, Cells(offset=offsets[column]))
        sides = before.split(
            float(model.thresholds[node]), missing_left=bool(model.missing_left[node])
        )
        children = (int(model.left[node]), int(model.right[node]))
        for is_right in (True, False):  # the left one is taken next
            cells = sides[is_right]
            path = {**here.path, column: cells}
            child = LeafPath(here.depth + 1, column, cells, before, is_right, None, path)
            waiting.append((children[is_right], child))


def leaf_probabilities(model: TreesModel) -> FloatArray:
    """Return the probabilities of each leaf of a single tree, of shape (L, K)."""
    margins = np.repeat(model.base_margin[np.newaxis], len(model.leaf_values), axis=0)
    if model.leaf_values.shape[1] == 1:
        margins[:, model.outputs[0]] += model.leaf_values[:, 0]
    else:
        margins += model.leaf_values
    return probabilities_of(margins, model.link)


def rules(student: Student, support: Support | None) -> list[dict[str, Any]]:
    """Return one rule per leaf of a readable tree as plain values, in the order of the walk.

    Parameters
    ----------
    student : Student
        A :func:`readable` one.
    support : Support or None
        What the leaves rest on, if it is known.

    Returns
    -------
    list of dict
        ``leaf``; ``if``, conditions that must all hold (see
        :func:`hpmkd.student.explain.conditions.plain`); ``then``, the predicted label;
        ``probability`` of it; ``probabilities`` of all classes; and the facts of ``support``.
        Exactly one rule holds for a row.
    """
    assert isinstance(student.model, TreesModel), "readable"
    assert isinstance(student.encoder, TreeEncoder), "readable"
    columns, labels = student.encoder.features, student.classes.tolist()
    probabilities = leaf_probabilities(student.model)
    found = []
    for place in places(student):
        if place.leaf is None:
            continue
        conditions = [plain(columns[column], cells) for column, cells in place.path.items()]
        best = int(probabilities[place.leaf].argmax())
        rule = {
            "leaf": place.leaf,
            "if": conditions,
            "then": labels[best],
            "probability": float(probabilities[place.leaf, best]),
            "probabilities": probabilities[place.leaf].tolist(),
        }
        found.append(rule | (support.of(place.leaf, best, labels) if support else {}))
    return found
