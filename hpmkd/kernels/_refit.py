"""The compiled loops of a joint leaf refit: gather leaf values, scatter slopes onto leaves.

Self-contained, because numba's cache does not notice an edit in another module. No
fastmath: every sum has one stated order, so its bits do not depend on the blocks.

Trees are in the outer loop and the rows of a block in the inner one, so that ids, margins
and one tree's table stay in the first-level cache. The ids are read twice, once per loop:
doing both loops block by block, with the softmax between them, would earn about 4 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Ids = NDArray[np.uint8] | NDArray[np.uint16]

_F = TypeVar("_F", bound=Callable[..., Any])

kernel: Callable[[_F], _F] = njit(cache=True, nogil=True, error_model="numpy")

BLOCK = 512  # rows: 4 KB of each margin


@kernel
def _reaches_beyond(ids: Ids, count: int) -> bool:
    """Whether a leaf does not exist; the maximum vectorises, so it costs nearly nothing."""
    top = ids[0]
    for i in range(ids.size):
        top = ids[i] if ids[i] > top else top
    return bool(top >= count)


@kernel
def leaf_margins(
    leaf_ids: Ids, firsts: Integers, outputs: Integers, values: Floats, margins: Floats
) -> int:
    """Add every tree's leaf to the margins in place; return the first unusable tree, or -1.

    The leaves of tree t are ``values[firsts[t] : firsts[t + 1]]``; T + 1 firsts.
    """
    n, width = margins.shape
    work = np.empty((width, min(n, BLOCK)))  # margin by margin, so that rows are neighbours
    for start in range(0, n, BLOCK):
        m = min(BLOCK, n - start)
        for i in range(m):
            for c in range(width):
                work[c, i] = margins[start + i, c]
        for tree in range(outputs.size):
            ids, table = leaf_ids[tree][start : start + m], values[firsts[tree] :]
            if _reaches_beyond(ids, firsts[tree + 1] - firsts[tree]):
                return tree
            column = work[outputs[tree]]
            for i in range(m):
                column[i] += table[ids[i]]
        for i in range(m):
            for c in range(width):
                margins[start + i, c] = work[c, i]
    return -1


@kernel
def leaf_gradient(
    leaf_ids: Ids, firsts: Integers, outputs: Integers, slopes: Floats, gradient: Floats
) -> int:
    """Add every row's slope to its leaves; return the first unusable tree, or -1.

    Four trees at a time: in one alone, rows of one leaf wait for each other's additions.
    """
    n, width = slopes.shape
    n_trees = outputs.size
    work = np.empty((width, min(n, BLOCK)))
    for start in range(0, n, BLOCK):
        m = min(BLOCK, n - start)
        stop = start + m
        for i in range(m):
            for c in range(width):
                work[c, i] = slopes[start + i, c]
        for tree in range(n_trees):
            if _reaches_beyond(leaf_ids[tree][start:stop], firsts[tree + 1] - firsts[tree]):
                return tree
        quads = n_trees // 4 * 4
        for t in range(0, quads, 4):
            ids_0, ids_1 = leaf_ids[t][start:stop], leaf_ids[t + 1][start:stop]
            ids_2, ids_3 = leaf_ids[t + 2][start:stop], leaf_ids[t + 3][start:stop]
            table_0, table_1 = gradient[firsts[t] :], gradient[firsts[t + 1] :]
            table_2, table_3 = gradient[firsts[t + 2] :], gradient[firsts[t + 3] :]
            slope_0, slope_1 = work[outputs[t]], work[outputs[t + 1]]
            slope_2, slope_3 = work[outputs[t + 2]], work[outputs[t + 3]]
            for i in range(m):
                table_0[ids_0[i]] += slope_0[i]
                table_1[ids_1[i]] += slope_1[i]
                table_2[ids_2[i]] += slope_2[i]
                table_3[ids_3[i]] += slope_3[i]
        for tree in range(quads, n_trees):
            ids, table = leaf_ids[tree][start:stop], gradient[firsts[tree] :]
            column = work[outputs[tree]]
            for i in range(m):
                table[ids[i]] += column[i]
    return -1
