"""A whole student in one buffer of 32-bit words: what :mod:`hpmkd.kernels` answers from.

One array, for handing over an array costs as much as answering with ten trees. The words are
unsigned integers, the bits of float32, or pairs of them the bits of float64 ("at" of these
counts pairs). The first 24 are the header:

====  =============================================================================
word  what it is
====  =============================================================================
0     raw columns, d: a row has so many cells, categories as codes
1, 2  margins, C; link: 0 sigmoid, 1 softmax, 2 identity
3     form of the trees: 0 none, 2 … 4 perfect trees of that depth, 5 walked node by
      node, 6 the same with a whole row of values in each leaf
4     trees, T
5, 6  cells that the trees compare, U; at: the column of each
7     at: C + 1 positions, of the first tree of each margin and behind the last
8     at: the trees, those of one margin behind each other; or, walked, their roots
9, 11 of these, in the first NaN becomes -inf, in those up to here +inf, and in the
      last -inf while all else becomes +inf
10    at: C base margins
12    at: C lowest and C highest linear margins; 0 unless trees stand on a linear part
13…15 numbers of the linear part, m; at: m columns; at: per number median, lowest,
      highest, scale, centre / scale and C weights
16…18 indicators of missing cells; at: their columns; at: C weights each
19,20 categories; at: per category column, levels, and at: C weights per level
21    at: C intercepts; 0 unless there is a linear part
====  =============================================================================

A perfect tree of depth D is ``2**D - 1`` cells, as many thresholds, ``2**D`` leaves; what a
tree lacks is filled up by nodes whose both sides are the same leaf. A walked node is two
words: cell and, 16 bits up, the left child counted in nodes from the root, the right one comes
next; then its threshold. In a leaf the cell is 0xFFFF, and the second word its value or where
its values are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import JointEncoder, TreeEncoder
from hpmkd.student.file.tree_layout import breadth_first
from hpmkd.student.models import FittedModel
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.links import LINKS
from hpmkd.student.models.trees import TreesModel


def pack_words(encoder: FittedEncoder, model: FittedModel, order: NDArray[np.intp]) -> Words:
    """Pack a student; the array is writeable, for a read-only one costs a call twice as much.

    Parameters
    ----------
    encoder : TreeEncoder, LinearEncoder or JointEncoder
    model : TreesModel, LinearModel or AdditiveModel
        Has checked itself, and goes with the encoder.
    order : ndarray of shape (d,)
        Where in a row each raw column of the schema stands.

    Raises
    ------
    NotPackable
        The two are of another kind, such as trees that read scaled columns, or a tree has more
        than 65,535 nodes.
    """
    linear = trees = limits = None
    if isinstance(model, TreesModel) and isinstance(encoder, TreeEncoder):
        trees = model
    elif isinstance(model, LinearModel) and isinstance(encoder, LinearEncoder):
        linear = (encoder, model)
    elif isinstance(model, AdditiveModel) and isinstance(encoder, JointEncoder):
        linear, trees = (encoder.linear, model.linear), model.trees
        limits = np.concatenate([model.low, model.high])
    else:
        raise NotPackable(f"{type(model).__name__} on {type(encoder).__name__}")
    content = Content(order)
    content.set_header(0, len(order))
    content.set_header(2, LINKS.index(model.link))
    content.set_header(1, 1 if model.link == "sigmoid" else model.n_classes)
    if trees is not None:
        add_trees(content, trees)
    if limits is not None:
        content.set_header(12, content.add(limits))
    if linear is not None:
        _add_linear(content, *linear)
    return content.words()


def _add_linear(content: Content, encoder: LinearEncoder, model: LinearModel) -> None:
    """Append one table per raw column."""
    columns, order = encoder.schema.columns, content.order
    numbers = np.array([j for j, each in enumerate(columns) if each.kind == "number"], np.intp)
    scaling, weights = encoder.scaling, model.coefficients
    m, indicated = len(numbers), np.flatnonzero(scaling.indicated)
    shift = scaling.centers / scaling.scales
    about = np.stack([scaling.medians, scaling.lows, scaling.highs, scaling.scales, shift], axis=1)
    content.set_header(13, m)
    content.set_header(14, content.add(order[numbers]))
    content.set_header(15, content.add(np.hstack([about, weights[:m]])))
    content.set_header(16, len(indicated))
    content.set_header(17, content.add(order[numbers[indicated]]))
    content.set_header(18, content.add(weights[m : m + len(indicated)]))
    triples, start = [], m + len(indicated)
    for j, each in enumerate(columns):
        if each.kind == "category":
            levels = min(len(each.categories), encoder.max_levels)
            triples.append((order[j], levels, content.add(weights[start : start + levels])))
            start += levels
    content.set_header(19, len(triples))
    content.set_header(20, content.add(np.array(triples, dtype=np.uint32)))
    content.set_header(21, content.add(model.intercept + 0.0))


Words = NDArray[np.uint32]

HEADER_WORDS = 24


class NotPackable(Exception):  # noqa: N818 - an answer, not a failure
    """An encoder and a model that do not fit the format."""


class Content:
    """The buffer of a packed student while it is written."""

    def __init__(self, order: NDArray[np.intp]) -> None:
        self.order = order
        self._header = np.zeros(HEADER_WORDS, dtype=np.uint32)
        self._parts: list[Words] = [self._header]
        self._length = HEADER_WORDS

    def set_header(self, word: int, value: int) -> None:
        """Write a word of the header."""
        self._header[word] = value

    def add(self, values: NDArray[np.generic]) -> int:
        """Append values, and return where they begin; float64 in pairs."""
        if values.dtype == np.float64 and self._length % 2:
            self.add(np.zeros(1, dtype=np.uint32))
        at = self._length
        stored = values if values.dtype in (np.float64, np.float32) else values.astype(np.uint32)
        self._parts.append(np.ascontiguousarray(stored).reshape(-1).view(np.uint32))
        self._length += len(self._parts[-1])
        return at // 2 if values.dtype == np.float64 else at

    def words(self) -> Words:
        """Return all of it, an even number of words, so that pairs can be read."""
        return np.concatenate([*self._parts, np.zeros(self._length % 2, dtype=np.uint32)])


#: Deepest trees that are stored perfect; each level more doubles them.
DEEPEST_PERFECT = 4
WALKED, WALKED_ROWS = 5, 6
_LEAF = 0xFFFF


@dataclass(frozen=True)
class _Nodes:
    """The nodes of all trees, breadth first, and the cells that they compare."""

    cells: NDArray[np.intp]
    used: NDArray[np.intp]
    until: list[int]
    thresholds: NDArray[np.float32]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    roots: NDArray[np.intp]


def _read_nodes(model: TreesModel, order: NDArray[np.intp]) -> _Nodes:
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
    return _Nodes(
        cells=all_cells,
        used=used % len(order),
        until=np.searchsorted(used, len(order) * np.array([1, 2])).tolist(),
        thresholds=np.where(only_missing, np.float32(0), thresholds),
        left=np.where(inner, place[np.where(inner, left, 0)], left),
        right=np.where(inner, place[np.where(inner, right, 0)], 0),
        roots=place[model.roots],
    )


def add_trees(content: Content, model: TreesModel) -> None:
    """Append trees, and their place in the header.

    Raises
    ------
    NotPackable
        A tree has more than 65,535 nodes.
    """
    nodes = _read_nodes(model, content.order)
    n_margins, width = len(model.base_margin), model.leaf_values.shape[1]
    by_row = width > 1
    outputs = np.zeros(model.n_trees, dtype=np.intp) if by_row else model.outputs
    trees = np.argsort(outputs, kind="stable")  # in order within each margin
    firsts = np.searchsorted(outputs[trees], np.arange(n_margins + 1))
    depth = max(2, _depth(nodes))
    content.set_header(4, model.n_trees)
    content.set_header(5, len(nodes.used))
    content.set_header(6, content.add(nodes.used))
    content.set_header(7, content.add(firsts))
    content.set_header(9, nodes.until[0])
    content.set_header(11, nodes.until[1])
    content.set_header(10, content.add(model.base_margin))
    if not by_row and depth <= DEEPEST_PERFECT:
        content.set_header(3, depth)
        content.set_header(8, content.add(_perfect(nodes, nodes.roots[trees], model, depth)))
        return
    content.set_header(3, WALKED_ROWS if by_row else WALKED)
    leaves = content.add(model.leaf_values) if by_row else 0
    _add_walked(content, nodes, trees, model, leaves)


def _depth(nodes: _Nodes) -> int:
    """Return the tests on the longest path, no further than it matters."""
    level, depth = nodes.roots, 0
    while depth <= DEEPEST_PERFECT:
        level = level[nodes.cells[level] != _LEAF]
        if not len(level):
            break
        level = np.concatenate([nodes.left[level], nodes.right[level]])
        depth += 1
    return depth


def _perfect(nodes: _Nodes, roots: NDArray[np.intp], model: TreesModel, depth: int) -> Words:
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
    values = model.leaf_values[nodes.left[leaves], 0]
    words[:, 2 * n_inner :] = np.ascontiguousarray(values).view(np.uint32)
    return words


def _add_walked(
    content: Content,
    nodes: _Nodes,
    trees: NDArray[np.intp],
    model: TreesModel,
    leaves: int,
) -> None:
    """Append nodes of two words each, and where the trees begin."""
    ends = np.append(np.sort(nodes.roots)[1:], len(nodes.cells))
    sizes = ends - np.sort(nodes.roots)
    if sizes.max(initial=0) > _LEAF or len(nodes.used) > _LEAF:
        raise NotPackable("a tree has too many nodes")
    own_root = np.repeat(np.sort(nodes.roots), sizes)
    leaf = nodes.cells == _LEAF
    words = np.empty((len(nodes.cells), 2), dtype=np.uint32)
    words[:, 0] = nodes.cells + (np.where(leaf, 0, nodes.left - own_root) << 16)
    rows = np.where(leaf, nodes.left, 0)
    if leaves:
        ends_in = (leaves + rows * model.leaf_values.shape[1]).astype(np.uint32)
    else:
        ends_in = np.ascontiguousarray(model.leaf_values[rows, 0]).view(np.uint32)
    words[:, 1] = np.where(leaf, ends_in, nodes.thresholds.view(np.uint32))
    at = content.add(words)
    content.set_header(8, content.add(at + 2 * nodes.roots[trees]))
