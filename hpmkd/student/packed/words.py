"""A whole student in one buffer of 32-bit words: what :mod:`hpmkd.kernels` answers from.

One array, because passing one costs as much as predicting with ten trees. The words are
unsigned integers, the bits of float32, or pairs of them the bits of float64 ("at" of these
counts pairs). The first 24 are the header:

====  =============================================================================
word  what it is
====  =============================================================================
0     features, w: a row has so many cells, categories as codes
1, 2  margins, C; link: 0 sigmoid, 1 softmax, 2 identity
3     form of the trees: 0 none, 2 … 4 perfect trees of that depth, 5 walked node by node; 6 sorted,
      see :mod:`hpmkd.student.packed.sorted_trees`
4     trees, T
5, 6  cells that the trees compare, U; at: the column of each, and behind them at: its offset,
      subtracted in float64 before the cell is rounded to float32
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
22    at: a network; 0 without one, else 13…20 describe the columns that it reads, without any
      weights, and there is no linear part: layers, L; L + 1 sizes, d, h1 … C; of each layer
      weights, input by input, and biases
23    values of a leaf: 0 if it holds one, in its place; else C of them, filled up with
      zeros to a multiple of 4, elsewhere; a lone tree of two classes is stored as two
====  =============================================================================

A perfect tree of depth D is ``2**D - 1`` cells, as many thresholds, ``2**D`` leaves; what a
tree lacks is filled up by nodes whose both sides are the same leaf. A walked node is three
words: cell and, 16 bits up, its left child, whose sibling comes next; its threshold; and, in a
leaf, that leaf. Nodes are counted from 1, and the place of a tree is the one before its root. The
left child of a leaf is the node before it, its threshold is NaN and its cell 0: from there a walk
goes to the leaf again. A leaf is a word: its value, or where its values begin.

The words of a pool are a header of 24, the words of its members behind each other, and its
numbers:

====  =============================================================================
word  what it is
====  =============================================================================
0     raw columns, d
1, 2  classes, K; members, M
3     at: M + 1 positions, of the first word of each member and behind the last
4     at, in pairs: per member 1 / temperature, weight, exponent; K offsets; the share
      of the log-linear pool; 1 / the final temperature; with attention, centers and
      1 / scales of its features, and per member its coefficients
5     1 with attention, else 0
====  =============================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.encoders import FittedEncoder
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.tree import JointEncoder, TreeEncoder
from hpmkd.student.models import FittedModel
from hpmkd.student.models.additive import AdditiveModel
from hpmkd.student.models.linear import LinearModel
from hpmkd.student.models.links import LINKS
from hpmkd.student.models.network import NetworkModel
from hpmkd.student.models.trees import TreesModel
from hpmkd.student.packed.content import (
    HEADER_WORDS,
    LEAF_WIDTH,
    N_CELLS,
    N_MARGINS,
    NETWORK,
    Content,
    NotPackable,
    Words,
)
from hpmkd.student.packed.trees import add_trees

if TYPE_CHECKING:
    from hpmkd.student.models.pool import Pool
    from hpmkd.values import FloatArray


def pack_words(
    encoder: FittedEncoder, model: FittedModel, order: NDArray[np.intp], *, sort: bool = False
) -> Words:
    """Pack a student; the array is writeable, because a read-only one doubles the cost of a call.

    Parameters
    ----------
    encoder : TreeEncoder, LinearEncoder or JointEncoder
    model : TreesModel, LinearModel, NetworkModel or AdditiveModel
        Has checked itself, and goes with the encoder.
    order : ndarray of shape (w,)
        Where in a row each feature of the schema stands.
    sort : bool
        Sort trees rather than have them walked: for compiled source, not for our kernels.

    Raises
    ------
    NotPackable
        The two are of another kind, such as trees that read scaled columns, or a tree has more
        than 65,535 nodes.
    """
    linear = network = trees = limits = None
    if isinstance(model, TreesModel) and isinstance(encoder, TreeEncoder):
        trees = model
    elif isinstance(model, LinearModel) and isinstance(encoder, LinearEncoder):
        linear = (encoder, model)
    elif isinstance(model, NetworkModel) and isinstance(encoder, LinearEncoder):
        network = (encoder, model)
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
        tree_encoder = encoder.tree if isinstance(encoder, JointEncoder) else encoder
        assert isinstance(tree_encoder, TreeEncoder), "what trees go with"
        grown, offsets = _on_row(trees, tree_encoder)
        add_trees(content, grown, offsets, sort=sort)
    if limits is not None:
        content.set_header(12, content.add(limits))
    if linear is not None:
        _add_columns(content, linear[0], linear[1].coefficients)
        content.set_header(21, content.add(linear[1].intercept + 0.0))
    if network is not None:
        _add_columns(content, network[0], np.empty((network[0].n_outputs, 0)))
        _add_network(content, network[1])
    return content.words()


def is_full(words: Words) -> bool:
    """Return whether it has more than two classes, a network, or vectors in leaves of trees."""
    return bool(words[N_MARGINS] > 2 or words[NETWORK] or words[LEAF_WIDTH])


def n_values(words: Words) -> int:
    """Return how many values a block of rows holds of each: margins, cells, values of a leaf."""
    return int(words[N_MARGINS]) + int(words[N_CELLS]) + int(words[LEAF_WIDTH])


def _add_network(content: Content, model: NetworkModel) -> None:
    """Append the sizes of the layers, then their weights and biases."""
    sizes = [model.n_inputs, *(len(each) for each in model.biases)]
    content.set_header(22, content.add(np.array([len(model.biases), *sizes], dtype=np.uint32)))
    for weights, biases in zip(model.weights, model.biases, strict=True):
        content.add(weights)
        content.add(biases)


def _on_row(model: TreesModel, encoder: TreeEncoder) -> tuple[TreesModel, NDArray[np.float64]]:
    """Return trees that read a whole row instead of the features of trees alone, and offsets."""
    places = np.array(encoder.places, dtype=model.features.dtype)
    offsets = np.zeros(len(encoder.schema.features))
    offsets[places] = encoder.offsets
    if len(places) == len(offsets):
        return model, offsets
    leaf = model.features < 0
    features = np.where(leaf, model.features, places[model.features])
    return replace(model, features=features), offsets


def _add_columns(content: Content, encoder: LinearEncoder, weights: FloatArray) -> None:
    """Append one table per feature, with the weights (d, C) of its encoded columns."""
    features, order = encoder.schema.features, content.order
    numbers = np.array(encoder.number_places, np.intp)
    scaling = encoder.scaling
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
    for j, each in enumerate(features):
        if each.kind == "category":
            levels = min(len(each.categories), encoder.max_levels)
            triples.append((order[j], levels, content.add(weights[start : start + levels])))
            start += levels
    content.set_header(19, len(triples))
    content.set_header(20, content.add(np.array(triples, dtype=np.uint32)))


def pack_pool(members: Sequence[Words], pool: Pool, n_columns: int) -> Words:
    """Put the words of members, and their pool, into one buffer.

    Parameters
    ----------
    members : sequence of M ndarray
        As :func:`pack_words` returns them, all of rows of one order.
    pool : Pool
        Of M members.
    n_columns : int
        Cells of a row, d.
    """
    content = Content(np.arange(n_columns))
    starts = np.cumsum([HEADER_WORDS, *(len(words) for words in members)])
    for words in members:
        content.add(words)
    content.set_header(0, n_columns)
    content.set_header(1, pool.n_classes)
    content.set_header(2, len(members))
    content.set_header(3, content.add(starts))
    content.set_header(4, content.add(pool.numbers()))
    content.set_header(5, int(pool.attention is not None))
    return content.words()
