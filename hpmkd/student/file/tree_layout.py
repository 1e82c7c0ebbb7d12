"""How trees lie in a file: breadth first, so that the children need not be stored.

In this order the k-th inner node of a tree has its children at places 2k + 1 and 2k + 2 of
the tree, and a tree ends where no child is left to come. One bit per node, whether it is an
inner one, and column, threshold and a bit for missing cells of the inner ones, and leaf values
in the order of the leaves are enough. Where thresholds recur, as in counts or on the grid of a
histogram, each is stored once. Values that float16 holds exactly take two bytes, as all arrays of
a file are stored in the smallest type that loses nothing; read again they are float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.arrays import smallest
from hpmkd.student.models.links import Link
from hpmkd.student.models.trees import TreesModel


def breadth_first(model: TreesModel) -> NDArray[np.intp]:
    """Return the nodes tree by tree, breadth first within each.

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

    Returns
    -------
    dict of ndarray
        ``is_inner`` (N bits); ``features``, ``missing_left`` (bits) and either ``thresholds``
        or ``threshold_codes``, positions in ``thresholds``, of the inner nodes;
        ``leaf_values`` (leaves, V), ``outputs`` (T,), ``base_margin`` (C,); and
        ``leaf_counts`` (leaves, K) where they are known.
    """
    order = breadth_first(model)
    is_inner = model.features[order] >= 0
    inner, rows = order[is_inner], model.left[order[~is_inner]]
    arrays = {
        "is_inner": np.packbits(is_inner),
        "features": model.features[inner],
        **_coded(model.thresholds[inner]),
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

    Raises
    ------
    ValueError
        The arrays do not describe trees.
    KeyError
        An array is absent.
    """
    if arrays["features"].dtype.kind == "f":
        raise ValueError("features are no whole numbers")
    n_inner, n_leaves = len(arrays["features"]), len(arrays["leaf_values"])
    is_inner = _bits(arrays["is_inner"], n_inner + n_leaves, "is_inner")
    inner = np.flatnonzero(is_inner)
    if len(inner) != n_inner:
        raise ValueError(f"{len(inner)} inner nodes do not go with {n_inner} features")
    roots, tree = _find_trees(is_inner)
    # How many inner nodes of the same tree come before each.
    rank = np.arange(n_inner) - np.searchsorted(inner, roots)[tree[inner]]
    left = np.cumsum(~is_inner) - 1  # leaves in order; inner nodes are overwritten
    left[inner] = roots[tree[inner]] + 2 * rank + 1
    features = np.full(len(is_inner), -1)
    features[inner] = arrays["features"]
    thresholds = np.zeros(len(is_inner), dtype=np.float32)
    with np.errstate(over="ignore"):  # nothing in float32 is beyond infinity
        thresholds[inner] = _decoded(arrays)
    missing_left = np.zeros(len(is_inner), dtype=bool)
    missing_left[inner] = _bits(arrays["missing_left"], n_inner, "missing_left")
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


def _coded(thresholds: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return thresholds as they are, or each once and positions, whichever is smaller."""
    # By their bits, for 0.0 and -0.0 are equal.
    bits, codes = np.unique(thresholds.view(np.uint32), return_inverse=True)
    once, codes = bits.view(np.float32), smallest(codes)
    if smallest(once).nbytes + codes.nbytes >= smallest(thresholds).nbytes:
        return {"thresholds": thresholds}
    return {"thresholds": once, "threshold_codes": codes}


def _decoded(arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the threshold of each inner node."""
    thresholds, codes = arrays["thresholds"], arrays.get("threshold_codes")
    if codes is None:
        codes = np.arange(len(thresholds))
    if len(codes) != len(arrays["features"]) or codes.min(initial=0) < 0:
        raise ValueError(f"{len(codes)} thresholds for {len(arrays['features'])} inner nodes")
    return thresholds[codes]


def _bits(packed: NDArray[Any], count: int, name: str) -> NDArray[np.bool_]:
    """Unpack so many bits."""
    if packed.shape != (-(-count // 8),):
        raise ValueError(f"{name} has the shape {packed.shape} for {count} bits")
    return np.unpackbits(packed, count=count).astype(bool)


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
