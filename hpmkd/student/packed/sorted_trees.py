"""Trees in the order of their thresholds, for writing a student into a source file.

Compiled code answers from them several times sooner than from walked ones; the kernels of numba do
not know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.packed.content import Content, Words

if TYPE_CHECKING:
    from hpmkd.student.packed.trees import Nodes

#: The form of the trees in the header.
SORTED = 6
#: Bits of a word: a tree has one for each of its leaves.
MOST_LEAVES = 32


@dataclass(frozen=True)
class Leaves:
    """Which leaves lie below each node, counted from the left within its tree.

    Parameters
    ----------
    first, count : ndarray of shape (n_nodes,)
        The leftmost, and how many there are.
    """

    first: NDArray[np.int64]
    count: NDArray[np.int64]

    @classmethod
    def below(cls, nodes: Nodes) -> Leaves:
        """Count the leaves below each of some nodes, which stand breadth first."""
        left, right = nodes.left.tolist(), nodes.right.tolist()
        inner = np.flatnonzero(nodes.cells >= 0).tolist()
        count, first = [1] * len(left), [0] * len(left)
        for k in reversed(inner):
            count[k] = count[left[k]] + count[right[k]]
        for k in inner:
            first[left[k]] = first[k]
            first[right[k]] = first[k] + count[left[k]]
        return cls(np.array(first, dtype=np.int64), np.array(count, dtype=np.int64))


def add_sorted(
    content: Content, nodes: Nodes, leaves: Leaves, trees: NDArray[np.intp], leaf_words: Words
) -> None:
    """Append the nodes of all trees, sorted; see ``hpmkd/kernels/c/sorted.h``.

    Parameters
    ----------
    nodes : Nodes
    leaves : Leaves
        Of these; no tree has more than :data:`MOST_LEAVES`.
    trees : ndarray of shape (T,)
        In the order in which they are added.
    leaf_words : ndarray of shape (n_leaves,)
        What stands for each leaf.
    """
    roots = nodes.roots[trees]
    # Trees stand behind each other: the tree of a node is the one whose root comes last before it.
    order = np.argsort(roots)
    tree = order[np.searchsorted(roots[order], np.arange(len(nodes.cells)), side="right") - 1]
    inner = np.flatnonzero(nodes.cells >= 0)
    inner = inner[np.lexsort((nodes.thresholds[inner], nodes.cells[inner]))]
    taken = leaves.first[inner], leaves.count[nodes.left[inner]]
    bits = ~(((np.int64(1) << taken[1]) - 1) << taken[0]) & 0xFFFFFFFF
    words = np.empty((len(inner), 3), dtype=np.uint32)
    words[:, 0] = nodes.thresholds[inner].astype(np.float32).view(np.uint32)
    words[:, 1], words[:, 2] = tree[inner], bits
    first_nodes = np.searchsorted(nodes.cells[inner], np.arange(len(nodes.used) + 1))
    outer = np.flatnonzero(nodes.cells < 0)
    outer = outer[np.lexsort((leaves.first[outer], tree[outer]))]
    first_leaves = np.searchsorted(tree[outer], np.arange(len(trees)))
    at_nodes = content.add(words)
    at_leaves = content.add(leaf_words[nodes.left[outer]])
    firsts = np.concatenate([at_nodes + 3 * first_nodes, at_leaves + first_leaves])
    content.set_header(3, SORTED)
    content.set_header(8, content.add(firsts))
