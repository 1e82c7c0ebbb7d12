"""Joint leaf refit: all leaf values and the linear part moved together, the trees fixed.

Boosting fixes a tree's leaves when it adds the tree, and never looks back. Here all of them
are refitted at once (Ren, Cao, Wei and Sun 2015, Global refinement of random forest), to
targets that may be a teacher's. Only arrays go in and out, so that a stage may refit between
two rounds of growth as well as after the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from hpmkd.kernels import distillation_loss, leaf_gradient, leaf_margins

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from hpmkd.values import FloatArray

#: Steps of L-BFGS. More gain little on rows that were not fitted.
STEPS = 40
#: Strength of the ridge, against a loss that is a mean over the rows.
RIDGE = 1e-2


@dataclass(frozen=True)
class JointModel:
    """The part that a refit moves: margins are ``intercept + design @ coefficients + leaf values``.

    Parameters
    ----------
    values : ndarray of shape (L,)
        The leaves of all trees under each other.
    coefficients : ndarray of shape (d, C)
        Of the linear part; d = 0 without one.
    intercept : ndarray of shape (C,)
        C = K margins; for K = 2 one, that of class 1.
    """

    values: FloatArray
    coefficients: FloatArray
    intercept: FloatArray


@dataclass(frozen=True)
class FixedTrees:
    """The part that a refit does not change: in which leaf of which tree each row lies.

    Parameters
    ----------
    leaf_ids : ndarray of shape (T, n)
        Leaf of each row, counted from 0 in each tree; C-ordered uint8 or uint16.
    n_leaves : ndarray of shape (T,)
        Leaves of each tree.
    outputs : ndarray of shape (T,)
        Margin that each tree adds to.
    """

    leaf_ids: NDArray[np.uint8] | NDArray[np.uint16]
    n_leaves: NDArray[np.integer]
    outputs: NDArray[np.integer]


def refit_jointly(
    model: JointModel,
    trees: FixedTrees,
    target: ArrayLike,
    weights: ArrayLike | None = None,
    design: ArrayLike | None = None,
    *,
    ridge: float = RIDGE,
    steps: int = STEPS,
) -> JointModel:
    """Minimise the mean cross entropy in all leaf values and the linear part together.

    F = Σ w CE(r, softmax(z)) / Σ w + ridge/2 (|v − v₀|² + |W − W₀|²); the intercept is free.
    L-BFGS from where the model stands, so F never rises; convex and without randomness, so
    the same arrays give the same bits (on one thread).

    Parameters
    ----------
    model : JointModel
        Where to start, and v₀ and W₀ of the ridge.
    trees : FixedTrees
        The leaves of all rows: real ones, then made ones.
    target : array-like of shape (n, K)
        r: mixed soft targets, in [0, 1]; rows sum to 1.
    weights : array-like of shape (n,), optional
        w: of the rows, not negative; all 1 if not given.
    design : array-like of shape (n, d), optional
        Encoded rows of the linear part; no columns if not given.
    ridge : float
        ≥ 0. It draws the model to what it was: see :data:`RIDGE`.
    steps : int
        Most steps of L-BFGS, ≥ 1.

    Returns
    -------
    JointModel
        float32. The one given (in float32), if rounding leaves no gain.

    Raises
    ------
    ValueError
        Shapes do not fit, or a row holds a target, weight or leaf that cannot be used.
    """
    loss = JointLoss(model, trees, target, weights, design, ridge)
    found = minimize(
        loss,
        loss.start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "ftol": 1e-9, "gtol": 1e-6},
    )
    before, after = (flat.astype(np.float32) for flat in (loss.start, found.x))
    return loss.unpack(after if loss(after)[0] < loss(before)[0] else before)


class JointLoss:
    """Value and gradient of F as a function of its flat parameters (v, W, b).

    Parameters are those of :func:`refit_jointly`.
    """

    def __init__(
        self,
        model: JointModel,
        trees: FixedTrees,
        target: ArrayLike,
        weights: ArrayLike | None,
        design: ArrayLike | None,
        ridge: float,
    ) -> None:
        n, width = np.shape(trees.leaf_ids)[1], len(model.intercept)
        self.trees, self.ridge = trees, ridge
        self.target = _as_target(target, n, width)
        self.weights = None if weights is None else np.asarray(weights, dtype=np.float64)
        self.mass = float(n if self.weights is None else self.weights.sum()) or 1.0
        self.design = np.zeros((n, 0)) if design is None else np.asarray(design, dtype=np.float64)
        self.n_values, self.n_columns, self.width = len(model.values), self.design.shape[1], width
        if np.shape(model.coefficients) != (self.n_columns, width) or len(self.design) != n:
            raise ValueError(
                f"design must have {n} rows and coefficients shape {(self.n_columns, width)}, got "
                f"shapes {self.design.shape} and {np.shape(model.coefficients)}"
            )
        parts = (model.values, np.ravel(model.coefficients), model.intercept)
        self.start = np.concatenate(parts).astype(np.float64)
        self._labels = np.zeros(n, dtype=np.int64)  # which a loss of the teacher alone never reads
        shape = (n, width) if width > 1 else (n,)
        self._buffers = np.empty(shape), np.empty(shape)

    def unpack(self, flat: FloatArray) -> JointModel:
        """Cut flat parameters into leaf values, coefficients and intercept; views of them."""
        values, linear = np.split(flat, [self.n_values])
        table = linear.reshape(self.n_columns + 1, self.width)
        return JointModel(values, table[:-1], table[-1])

    def __call__(self, flat: FloatArray) -> tuple[float, FloatArray]:
        """Return F and its gradient, flat."""
        model, trees = self.unpack(flat), self.trees
        linear = self.design @ model.coefficients + model.intercept
        margins = leaf_margins(
            trees.leaf_ids, trees.n_leaves, trees.outputs, model.values, linear
        ).reshape(self._buffers[0].shape)
        loss, slopes, _ = distillation_loss(
            margins, self._labels, self.target, 1.0, 1.0, weights=self.weights, out=self._buffers
        )
        slopes = slopes.reshape(linear.shape)
        moved = flat - self.start
        moved[len(flat) - self.width :] = 0.0  # the intercept is free
        gradient = self.ridge * moved
        of_leaves = leaf_gradient(trees.leaf_ids, trees.n_leaves, trees.outputs, slopes)
        of_linear = np.vstack([self.design.T @ slopes, slopes.sum(axis=0)])
        gradient += np.concatenate([of_leaves, of_linear.ravel()]) / self.mass
        return loss + 0.5 * self.ridge * float(moved @ moved), gradient


def _as_target(target: ArrayLike, n: int, width: int) -> FloatArray:
    """Return the target as the loss reads it: (n, C), or class 1 alone for one margin."""
    table = np.asarray(target, dtype=np.float64)
    if table.shape != (n, max(2, width)):
        raise ValueError(f"target must have shape {(n, max(2, width))}, got {table.shape}")
    return np.ascontiguousarray(table[:, 1] if width == 1 else table)
