"""How trees lie in a file: breadth first, so that the children need not be stored.

In this order the k-th inner node of a tree has its children at places 2k + 1 and 2k + 2 of
the tree, and a tree ends where no child is left to come. Columns of the nodes (leaves marked),
thresholds, one bit for missing cells, and leaf values in the order of the leaves say it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.links import Link
from hpmkd.student.trees_model import TreesModel


def breadth_first(model: TreesModel) -> NDArray[np.intp]:
    """Return the nodes tree by tree, breadth first within each.

    Parameters
    ----------
    model : TreesModel

    Returns
    -------
    ndarray of shape (N,)
        Positions of nodes.
    """
    nodes = model.roots.astype(np.intp)
    trees = np.arange(len(nodes))
    all_nodes: list[NDArray[np.intp]] = [nodes]
    all_trees = [trees]
    while len(nodes):
        inner = model.features[nodes] >= 0
        parents, trees = nodes[inner], np.repeat(trees[inner], 2)
        children = np.stack([model.left[parents], model.right[parents]], axis=1)
        nodes = children.ravel().astype(np.intp)
        all_nodes.append(nodes)
        all_trees.append(trees)
    # Stable: within a tree the levels stay in order.
    by_tree = np.argsort(np.concatenate(all_trees), kind="stable")
    return np.concatenate(all_nodes)[by_tree]


def flatten(model: TreesModel) -> dict[str, NDArray[Any]]:
    """Return the arrays to store; :func:`restore` makes the same function of them.

    Parameters
    ----------
    model : TreesModel

    Returns
    -------
    dict of ndarray
        ``features`` (N,), ``thresholds`` (inner nodes,), ``missing_left`` (bits),
        ``leaf_values`` (leaves, V), ``outputs`` (T,), ``base_margin`` (C,); and
        ``leaf_counts`` (leaves, K) where they are known.
    """
    order = breadth_first(model)
    features = model.features[order]
    inner = order[features >= 0]
    rows = model.left[order[features < 0]]
    arrays = {
        "features": np.maximum(features, -1),
        "thresholds": model.thresholds[inner],
        "missing_left": np.packbits(model.missing_left[inner]),
        "leaf_values": model.leaf_values[rows],
        "outputs": model.outputs,
        "base_margin": model.base_margin,
    }
    if model.leaf_counts is not None:
        arrays["leaf_counts"] = model.leaf_counts[rows]
    return arrays


def restore(arrays: Mapping[str, NDArray[Any]], link: Link) -> TreesModel:
    """Make trees of what :func:`flatten` returned.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    link : str

    Returns
    -------
    TreesModel

    Raises
    ------
    ValueError
        The arrays do not describe trees.
    KeyError
        An array is absent.
    """
    features = arrays["features"].astype(np.int64)
    is_inner = features >= 0
    roots, tree = _find_trees(is_inner)
    inner = np.flatnonzero(is_inner)
    # How many inner nodes of the same tree come before each.
    rank = np.arange(len(inner)) - np.searchsorted(inner, roots)[tree[inner]]
    left = np.cumsum(~is_inner) - 1  # leaves in order; inner nodes are overwritten
    left[inner] = roots[tree[inner]] + 2 * rank + 1
    thresholds = np.zeros(len(features), dtype=np.float32)
    missing_left = np.zeros(len(features), dtype=bool)
    if len(arrays["thresholds"]) != len(inner) or len(arrays["missing_left"]) != -(
        -len(inner) // 8
    ):
        raise ValueError(f"{len(inner)} inner nodes do not go with the thresholds or bits")
    thresholds[inner] = arrays["thresholds"]
    missing_left[inner] = np.unpackbits(arrays["missing_left"], count=len(inner))
    return TreesModel(
        roots=roots,
        features=features,
        thresholds=thresholds,
        left=left,
        right=np.where(is_inner, left + 1, 0),
        missing_left=missing_left,
        leaf_values=arrays["leaf_values"],
        outputs=arrays["outputs"],
        base_margin=arrays["base_margin"],
        link=link,
        leaf_counts=arrays.get("leaf_counts"),
    )


def _find_trees(is_inner: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first node of each tree, and the tree of each node."""
    # Nodes still to come, over all trees: each tree takes this one lower than ever before.
    pending = np.cumsum(np.where(is_inner, 1, -1))
    lowest = np.minimum.accumulate(np.concatenate([[0], pending]))
    ends = np.flatnonzero(lowest[1:] < lowest[:-1])
    if len(is_inner) and (not len(ends) or ends[-1] != len(is_inner) - 1):
        raise ValueError("the last tree is not complete")
    roots = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else np.empty(0, dtype=np.intp)
    tree = np.searchsorted(ends, np.arange(len(is_inner)))
    return roots, tree
