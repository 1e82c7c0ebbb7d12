"""What must hold of flat trees before a kernel may walk them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.student.file.arrays import finite

if TYPE_CHECKING:
    from hpmkd.student.models.trees import TreesModel


def check_trees(model: TreesModel) -> None:
    """Refuse trees that a kernel could not walk safely.

    Raises
    ------
    ValueError
        Arrays differ in length, an index points nowhere, the nodes do not form trees with
        children behind their parents, or values are not finite.
    """
    _check_structure(model)
    _check_values(model)


def _check_structure(model: TreesModel) -> None:
    """Check that every walk ends in a leaf."""
    n_nodes = len(model.features)
    for name in ("thresholds", "left", "right", "missing_left"):
        if len(getattr(model, name)) != n_nodes:
            raise ValueError(f"{name} has {len(getattr(model, name))} nodes, features {n_nodes}")
    if len(model.outputs) != len(model.roots):
        raise ValueError(f"{len(model.roots)} roots do not go with {len(model.outputs)} outputs")
    leaf = model.features < 0
    parents = np.flatnonzero(~leaf)
    children = np.concatenate([model.left[parents], model.right[parents]])
    if (children <= np.tile(parents, 2)).any() or (children >= n_nodes).any():
        raise ValueError("a child does not come after its parent, or is no node")
    # As many pointers as nodes, and none twice: each node is one root or one child.
    pointers = np.concatenate([model.roots, children])
    in_range = bool((pointers >= 0).all() and (pointers < n_nodes).all())
    if not in_range or not np.array_equal(np.sort(pointers), np.arange(n_nodes)):
        raise ValueError("a node has two parents, or none")
    rows = model.left[leaf]
    if (rows < 0).any() or (rows >= len(model.leaf_values)).any():
        raise ValueError("a leaf points outside of the leaf values")


def _check_values(model: TreesModel) -> None:
    """Check that margins are numbers and find their place."""
    n_margins, width = len(model.base_margin), model.leaf_values.shape[1]
    if width not in (1, n_margins):
        raise ValueError(f"leaves of {width} values do not go with {n_margins} margins")
    if (model.outputs < 0).any() or (model.outputs >= n_margins).any():
        raise ValueError("a tree adds to a margin that does not exist")
    if np.isnan(model.thresholds[model.features >= 0]).any():
        raise ValueError("a threshold is NaN")
    finite(model.leaf_values, "leaf_values")
    finite(model.base_margin, "base_margin")
    counts = model.leaf_counts
    if counts is not None:
        expected = (len(model.leaf_values), model.n_classes)
        if counts.shape != expected or (counts < 0).any():
            raise ValueError(f"leaf_counts must be counts of the shape {expected}")
    if model.link == "identity":
        _check_probabilities(model)


def _check_probabilities(model: TreesModel) -> None:
    """Check that the leaves of a single tree are probabilities."""
    if len(model.roots) != 1 or model.base_margin.any():
        raise ValueError("the link 'identity' needs exactly one tree and a base margin of 0")
    if model.leaf_values.shape[1] != len(model.base_margin) or (
        model.leaf_values.min(initial=0.0) < 0 or (model.leaf_values.sum(axis=1) <= 0).any()
    ):
        raise ValueError("the link 'identity' needs leaves that hold probabilities")
