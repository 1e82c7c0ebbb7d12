"""Trees grown in parts; after each part all leaves and the linear margin are refitted.

Boosting never looks back: a leaf keeps the value that suited the rounds before it. A joint
refit mends that while the trees stay as they are, and boosting goes on from the mended
margins (global refinement, Ren et al. 2015; between the parts of growth: corrective stages).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpmkd.errors import RecipeError
from hpmkd.student import LinearModel, Student, TreesModel, add, join_trees, pack_booster
from hpmkd_defaults.rows import stratified
from hpmkd_defaults.stages.boosting_rounds import start_margin
from hpmkd_defaults.stages.refit import FixedTrees, JointModel, refit_jointly

if TYPE_CHECKING:
    from hpmkd.student import TreeEncoder
    from hpmkd.values import FloatArray, IntArray, StageInputs
    from hpmkd_defaults.stages.boosting_rounds import Boosting

#: Rows that a leaf value needs to be refitted: below 20 it was measured to hurt.
ROWS_PER_VALUE = 100


@dataclass(frozen=True)
class BoostingBase:
    """The margin under the trees: ``design @ coefficients + intercept``.

    Parameters
    ----------
    design : ndarray of shape (n + m, dl)
        All rows as the linear student before encodes them; dl = 0 without one.
    coefficients : ndarray of shape (dl, C)
        Its weights.
    intercept : ndarray of shape (C,)
        Its intercept; without a student before, the log prior.
    """

    design: FloatArray
    coefficients: FloatArray
    intercept: FloatArray

    @classmethod
    def under(cls, boosting: Boosting) -> BoostingBase:
        """Return where a fit starts.

        Raises
        ------
        RecipeError
            The student before is not linear: margins of trees overfit, and boosting on top of
            them was measured to hurt.
        """
        start = boosting.inputs.start
        if start is None:
            intercept = start_margin(boosting.target, boosting.weights)
            n, n_margins = len(boosting.target), len(intercept)
            return cls(np.zeros((n, 0)), np.zeros((0, n_margins)), intercept)
        model = getattr(start.student, "model", None)
        if not isinstance(model, LinearModel):
            raise RecipeError(
                f"chain: {boosting.inputs.configuration.stage} can start only from the margins of "
                'a linear student; write after = "logistic"'
            )
        extra = start.extra_matrix if boosting.extra is not None else None
        design = start.matrix if extra is None else np.vstack([start.matrix, extra])
        return cls(design, model.coefficients, model.intercept)

    @property
    def margins(self) -> FloatArray:
        """Margins of all rows, of shape (n + m, C)."""
        margins: FloatArray = self.design @ self.coefficients + self.intercept
        return margins


def grow(boosting: Boosting, refits: int, refit_rows: int = 0) -> Student:
    """Boost in as many parts as there are refits, one after each part; with none, in one go.

    Parameters
    ----------
    boosting : Boosting
        Grows trees on all rows.
    refits : int
        How many, >= 0.
    refit_rows : int
        Rows with a label that a refit is fitted on at most, but at least 100 for each leaf
        value; 0 for no cap.
    """
    base = BoostingBase.under(boosting)
    n_margins = len(base.intercept)
    trees: TreesModel | None = None
    rows: IntArray | slice = slice(None)
    leaves: list[IntArray] = []
    for rounds in np.array_split(np.arange(boosting.n_rounds), max(1, refits)):
        margins = base.margins if trees is None else base.margins + trees.margins(boosting.rows)
        booster = boosting.train(margins, len(rounds))
        fresh = pack_booster(booster, n_margins, base_margin=np.zeros(n_margins))
        trees = fresh if trees is None else join_trees([trees, fresh])
        if refits:
            done = trees.n_trees // n_margins / boosting.n_rounds
            if not leaves:
                rows = rows_of_refit(boosting, len(fresh.leaf_values) / done, refit_rows)
            leaves.append(fresh.leaves(boosting.rows[rows]))
            base, trees = _refitted(boosting, base, trees, leaves, rows, done)
    assert trees is not None
    return _packed(boosting.inputs, base, trees)


def rows_of_refit(boosting: Boosting, n_values: float, most: int) -> IntArray | slice:
    """Return all rows, or so many of those with a label as are enough, and all others.

    At most `most` (0 for no cap), but at least 100 for each of the `n_values` leaf values that
    there will be in the end.
    """
    inputs, n_all = boosting.inputs, len(boosting.rows)
    n, enough = len(inputs.labels), max(most, round(ROWS_PER_VALUE * n_values))
    if most == 0 or enough >= n:
        return slice(None)
    chosen = stratified(inputs.labels, enough, inputs.seed)
    return np.concatenate([chosen, np.arange(n, n_all)])


def _refitted(
    boosting: Boosting,
    base: BoostingBase,
    trees: TreesModel,
    leaves: list[IntArray],
    rows: IntArray | slice,
    done: float,
) -> tuple[BoostingBase, TreesModel]:
    before = JointModel(trees.leaf_values[:, 0], base.coefficients, base.intercept)
    fixed = fixed_trees(trees, leaves)
    target, weights = boosting.target_at(done)
    row_weights = None if weights is None else weights[rows]
    after = refit_jointly(before, fixed, target[rows], row_weights, base.design[rows])
    refitted = trees.with_leaf_values(after.values[:, np.newaxis])
    refitted_base = replace(base, coefficients=after.coefficients, intercept=after.intercept)
    return refitted_base, refitted


def fixed_trees(trees: TreesModel, leaves: list[IntArray]) -> FixedTrees:
    """Return the leaves of all rows, numbered from 0 in each tree, in the fewest bytes.

    Parameters
    ----------
    trees : TreesModel
        T trees.
    leaves : list of ndarray of shape (n + m, t)
        ``TreesModel.leaves`` of each part of them, by itself; T = Σ t.
    """
    is_leaf = (trees.features < 0).astype(np.int64)
    counts = np.add.reduceat(is_leaf, trees.roots)
    numbered, first = [], 0
    for part in leaves:
        own = counts[first : first + part.shape[1]]
        numbered.append((part - (np.cumsum(own) - own)).T)
        first += len(own)
    dtype: Any = np.uint8 if counts.max() <= 256 else np.uint16
    ids = np.ascontiguousarray(np.concatenate(numbered), dtype=dtype)
    return FixedTrees(ids, counts, trees.outputs)


def _packed(inputs: StageInputs, base: BoostingBase, trees: TreesModel) -> Student:
    encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
    if inputs.start is None:
        whole = replace(trees, base_margin=base.intercept.astype(np.float32))
        return Student(encoder, whole, inputs.classes)
    start = cast("Student", inputs.start.student)  # a linear one, or there were no trees
    linear = Student(start.encoder, LinearModel(base.coefficients, base.intercept), inputs.classes)
    margins = base.margins
    return add(linear, trees, encoder, margins.min(axis=0), margins.max(axis=0))
