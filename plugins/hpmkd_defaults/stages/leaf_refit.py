"""A joint refit between two rounds: all leaves and the linear margin, the trees as they are.

Boosting never looks back: a leaf keeps the value that suited the rounds before it. A joint
refit corrects that, and boosting resumes from the new margins (global refinement, Ren et al.
2015; between parts of growth: corrective stages).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd_defaults.rows import stratified
from hpmkd_defaults.stages.refit import FixedTrees, JointModel, refit_jointly

if TYPE_CHECKING:
    from hpmkd.student import TreesModel
    from hpmkd.values import IntArray
    from hpmkd_defaults.stages.boosting_base import BoostingBase
    from hpmkd_defaults.stages.boosting_rounds import Boosting

#: Rows that a leaf value needs to be refitted: below 20 it was measured to hurt.
ROWS_PER_VALUE = 100


def refitted(
    boosting: Boosting[Any], base: BoostingBase, trees: TreesModel, done: int, most: int
) -> tuple[BoostingBase, TreesModel]:
    """Return base and trees with all that a refit moves, after `done` rounds.

    Parameters
    ----------
    boosting : Boosting
        The rows and their target.
    base, trees : BoostingBase, TreesModel
        What the rounds so far have made.
    done : int
        How many there were.
    most : int
        Rows with a label to fit on; 0 for no cap. See :func:`rows_of_refit`.
    """
    rows = rows_of_refit(boosting, trees.leaf_values.size, most)
    fixed, order = fixed_trees(trees, trees.leaves(boosting.rows[rows]))
    values = trees.leaf_values.ravel()
    before = JointModel(values[order], base.coefficients, base.intercept)
    target = boosting.target_at(done / boosting.n_rounds)
    weights = None if boosting.weights is None else boosting.weights[rows]
    after = refit_jointly(before, fixed, target[rows], weights, base.design[rows])
    moved = np.empty_like(values)
    moved[order] = after.values
    return (
        replace(base, coefficients=after.coefficients, intercept=after.intercept),
        trees.with_leaf_values(moved.reshape(trees.leaf_values.shape)),
    )


def rows_of_refit(boosting: Boosting[Any], n_values: int, most: int) -> IntArray | slice:
    """Return all rows, or so many of those with a label as are enough, and all others.

    At most `most` (0 for no cap), but at least 100 for each of the `n_values` leaf values.
    """
    inputs, n_all = boosting.inputs, len(boosting.rows)
    n, enough = len(inputs.labels), max(most, ROWS_PER_VALUE * n_values)
    if most == 0 or enough >= n:
        return slice(None)
    chosen = stratified(inputs.labels, enough, inputs.seed)
    return np.concatenate([chosen, np.arange(n, n_all)])


def fixed_trees(trees: TreesModel, leaves: IntArray) -> tuple[FixedTrees, IntArray]:
    """Return the leaves of all rows, numbered from 0 in each tree, in the fewest bytes.

    A tree whose leaves are vectors becomes one tree per margin.

    Parameters
    ----------
    trees : TreesModel
        T trees, L leaves of V values.
    leaves : ndarray of shape (n + m, T)
        ``trees.leaves`` of the rows.

    Returns
    -------
    fixed : FixedTrees
        T V trees, each of one margin.
    order : ndarray of shape (L V,)
        Where their values are in ``trees.leaf_values.ravel()``.
    """
    counts = np.add.reduceat((trees.features < 0).astype(np.int64), trees.roots)
    first, width = np.cumsum(counts) - counts, trees.leaf_values.shape[1]
    dtype: Any = np.uint8 if counts.max() <= 256 else np.uint16
    ids = np.ascontiguousarray((leaves - first).T, dtype=dtype)
    margins = np.arange(width)
    order = [
        (width * (start + np.arange(count)) + margins[:, np.newaxis]).ravel()
        for start, count in zip(first, counts, strict=True)
    ]
    outputs = trees.outputs if width == 1 else np.tile(margins, len(counts))
    fixed = FixedTrees(np.repeat(ids, width, axis=0), np.repeat(counts, width), outputs)
    return fixed, np.concatenate(order)
