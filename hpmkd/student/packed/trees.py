"""Trees in the words of a packed student, as :mod:`hpmkd.student.packed.words` describes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.file.tree_layout import breadth_first
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.content import Content, NotPackable, Words
from hpmkd.student.packed.sorted_trees import MOST_LEAVES, Leaves, add_sorted

#: Deepest trees that are stored perfect; each level more doubles them.
DEEPEST_PERFECT = 4
WALKED = 5
#: They may take so many times the memory of walked ones, which are slower but never filled up.
_LARGEST_PADDING = 4
#: Values of a leaf are filled up to a multiple of so many, which a processor adds at once.
_LANES = 4
#: Cell of a leaf, which compares none.
_LEAF = -1
#: Nodes of a tree, and cells, that a walk can tell apart.
_MOST_WALKED = 0xFFFF


@dataclass(frozen=True)
class Nodes:
    """The nodes of all trees, breadth first, and the cells that they compare; a leaf's is -1."""

    cells: NDArray[np.intp]
    used: NDArray[np.intp]
    until: list[int]
    thresholds: NDArray[np.float32]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    roots: NDArray[np.intp]


def _read_nodes(model: TreesModel, order: NDArray[np.intp]) -> Nodes:
    """Put the nodes breadth first, so that siblings are neighbours."""
    nodes = breadth_first(model)
    place = np.empty(len(nodes), dtype=np.intp)
    place[nodes] = np.arange(len(nodes))
    features = model.features[nodes].astype(np.intp)
    inner = features >= 0
    thresholds = model.thresholds[nodes]
    missing_left = model.missing_left[nodes].astype(bool)
    # Nothing is below -inf, but where NaN goes left something must be.
    only_missing = inner & missing_left & (thresholds == -np.inf)
    kinds = np.where(only_missing, 2, np.where(missing_left, 0, 1))
    keys = len(order) * kinds + order[np.maximum(features, 0)]
    used, cells = np.unique(keys[inner], return_inverse=True)
    used = used if len(used) else np.zeros(1, dtype=np.intp)
    all_cells = np.full(len(nodes), _LEAF, dtype=np.intp)
    all_cells[inner] = cells
    left, right = model.left[nodes].astype(np.intp), model.right[nodes].astype(np.intp)
    return Nodes(
        cells=all_cells,
        used=used % len(order),
        until=np.searchsorted(used, len(order) * np.array([1, 2])).tolist(),
        thresholds=np.where(only_missing, np.float32(0), thresholds),
        left=np.where(inner, place[np.where(inner, left, 0)], left),
        right=np.where(inner, place[np.where(inner, right, 0)], 0),
        roots=place[model.roots],
    )


def _one_by_class(model: TreesModel) -> TreesModel:
    """Return a lone tree of two classes as a tree for each, so that no leaf holds a vector."""
    if model.n_trees != 1 or model.leaf_values.shape[1] != 2:
        return model
    leaf, n_nodes, n_leaves = model.features < 0, len(model.features), len(model.leaf_values)
    left = model.left + np.where(leaf, n_leaves, n_nodes).astype(np.int32)
    return replace(
        model,
        roots=np.concatenate([model.roots, model.roots + n_nodes]),
        features=np.tile(model.features, 2),
        thresholds=np.tile(model.thresholds, 2),
        left=np.concatenate([model.left, left]),
        right=np.concatenate([model.right, model.right + n_nodes]),
        missing_left=np.tile(model.missing_left, 2),
        leaf_values=model.leaf_values.T.reshape(-1, 1),
        outputs=np.arange(2),
        leaf_counts=None,
        link="softmax",  # which the caller does not read; "identity" is of one tree alone
    )


def add_trees(
    content: Content, model: TreesModel, offsets: NDArray[np.float64], *, sort: bool = False
) -> None:
    """Append trees, and their place in the header.

    Parameters
    ----------
    offsets : ndarray of shape (d,)
        Of the columns.
    sort : bool
        Sort trees that would be walked, where no tree has too many leaves.

    Raises
    ------
    NotPackable
        A tree has more than 65,535 nodes.
    """
    model = _one_by_class(model)
    nodes = _read_nodes(model, content.order)
    n_margins, width = len(model.base_margin), model.leaf_values.shape[1]
    by_row = width > 1
    outputs = np.zeros(model.n_trees, dtype=np.intp) if by_row else model.outputs
    trees = np.argsort(outputs, kind="stable")  # in order within each margin
    firsts = np.searchsorted(outputs[trees], np.arange(n_margins + 1))
    depth = max(2, _depth(nodes))
    content.set_header(4, model.n_trees)
    content.set_header(5, len(nodes.used))
    in_row = np.empty(len(offsets))
    in_row[content.order] = offsets
    at = content.add(in_row[nodes.used])
    content.set_header(6, content.add(np.append(nodes.used, at)))
    content.set_header(7, content.add(firsts))
    content.set_header(9, nodes.until[0])
    content.set_header(11, nodes.until[1])
    content.set_header(10, content.add(model.base_margin))
    leaves = np.ascontiguousarray(model.leaf_values[:, 0]).view(np.uint32)
    if by_row:
        filled = np.pad(model.leaf_values, ((0, 0), (0, -width % _LANES)))
        content.set_header(23, filled.shape[1])
        leaves = np.arange(len(filled)) * filled.shape[1] + content.add(filled)
        leaves = leaves.astype(np.uint32)
    if depth <= DEEPEST_PERFECT and not _is_wasteful(depth, model.n_trees, len(nodes.cells)):
        content.set_header(3, depth)
        content.set_header(8, content.add(_perfect(nodes, nodes.roots[trees], leaves, depth)))
        return
    below = Leaves.below(nodes) if sort else None
    if below is not None and below.count.max(initial=0) <= MOST_LEAVES:
        add_sorted(content, nodes, below, trees, leaves)
        return
    content.set_header(3, WALKED)
    _add_walked(content, nodes, trees, leaves)


def _depth(nodes: Nodes) -> int:
    """Return the tests on the longest path, no further than it matters."""
    level, depth = nodes.roots, 0
    while depth <= DEEPEST_PERFECT:
        level = level[nodes.cells[level] != _LEAF]
        if not len(level):
            break
        level = np.concatenate([nodes.left[level], nodes.right[level]])
        depth += 1
    return depth


def _is_wasteful(depth: int, n_trees: int, n_nodes: int) -> bool:
    """Return whether perfect trees would be filling for the most part.

    One tree decides how deep all of them are stored: a file of many single leaves beside it
    would take hundreds of times its length.
    """
    perfect: int = n_trees * (3 * 2**depth - 2)
    walked = n_trees + 3 * n_nodes
    return perfect > _LARGEST_PADDING * walked


def _perfect(nodes: Nodes, roots: NDArray[np.intp], leaf_words: Words, depth: int) -> Words:
    """Return trees of one depth, in words; below a leaf both sides are that leaf again."""
    n_inner = 2**depth - 1
    places = np.empty((len(roots), 2 * n_inner + 1), dtype=np.intp)
    places[:, 0] = roots
    for k in range(n_inner):
        at = places[:, k]
        leaf = nodes.cells[at] == _LEAF
        places[:, 2 * k + 1] = np.where(leaf, at, nodes.left[at])
        places[:, 2 * k + 2] = np.where(leaf, at, nodes.right[at])
    inner, leaves = places[:, :n_inner], places[:, n_inner:]
    padded = nodes.cells[inner] == _LEAF
    words = np.empty((len(roots), 3 * n_inner + 1), dtype=np.uint32)
    words[:, :n_inner] = np.where(padded, 0, nodes.cells[inner])
    thresholds = np.where(padded, np.float32(np.inf), nodes.thresholds[inner])
    words[:, n_inner : 2 * n_inner] = thresholds.astype(np.float32).view(np.uint32)
    words[:, 2 * n_inner :] = leaf_words[nodes.left[leaves]]
    return words


def _add_walked(content: Content, nodes: Nodes, trees: NDArray[np.intp], leaf_words: Words) -> None:
    """Append nodes of three words each, and where the trees begin."""
    ends = np.append(np.sort(nodes.roots)[1:], len(nodes.cells))
    sizes = ends - np.sort(nodes.roots)
    if sizes.max(initial=0) > _MOST_WALKED or len(nodes.used) > _MOST_WALKED:
        raise NotPackable("a tree has too many nodes")
    # Counted from the node before the root: so a root that is a leaf has one before it, too.
    start = np.repeat(np.sort(nodes.roots), sizes) - 1
    leaf = nodes.cells == _LEAF
    # Nothing is below NaN, so that the next node of a leaf, its "right child", is itself.
    left = np.where(leaf, np.arange(len(leaf)) - 1, nodes.left) - start
    words = np.zeros((len(leaf), 3), dtype=np.uint32)
    words[:, 0] = np.where(leaf, 0, nodes.cells) + (left << 16)
    words[:, 1] = np.where(leaf, np.float32(np.nan), nodes.thresholds).view(np.uint32)
    words[leaf, 2] = leaf_words[nodes.left[leaf]]
    at = content.add(words)
    content.set_header(8, content.add(at + 3 * (nodes.roots[trees] - 1)))
