"""A single decision tree on the mixed target."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from hpmkd.student import Student, pack_sklearn_tree
from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.stages.row_loss import (
    at_most,
    checked_extra,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import small_seed, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import TreeEncoder
    from hpmkd.values import DataFacts, FloatArray, Hyperparameter, StageInputs


class TreeStage:
    """A decision tree of probabilities, in one go: the student that a person can read.

    A regression tree with one output per class minimises the summed variance of the mixed
    target ``alpha p_T + (1 - alpha) y``, which is its soft Gini impurity: on hard labels the
    same criterion as a classification tree's.

    A tree has no temperature of its own: its leaves are means of its targets, and a
    mean of softened targets cannot be hardened again. So only ``min(T, 1)`` softens the
    teacher; T > 1 is read as 1.

    Leaf means are drawn towards the mean target by `shrinkage` pseudo-rows (the m-estimate
    of Cestnik 1990), on hard labels just as on soft ones: no leaf predicts exactly 0 or 1.

    Hyperparameters: ``max_leaf_nodes`` (8 … 256), ``min_samples_leaf`` (1 … 50; where rows have
    weights, so much weight) and ``shrinkage`` (.1 … 10).

    Parameters
    ----------
    rows : int
        Rows with a label that it is grown on at most, class by class; 0 for no cap. How many
        rows a rule rests on is still counted on all.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int] = 1
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {"max_leaf_nodes": 64, "min_samples_leaf": 5, "shrinkage": 1.0}
    )

    def __init__(self, rows: Natural = 200_000) -> None:
        self.rows = rows

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        grown = f"trees are grown on {self.rows} of {facts.n_rows} rows"
        return {"rows": grown} if 0 < self.rows < facts.n_rows else {}

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the size of the tree, the least rows of a leaf, and shrinkage."""
        return {
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 8, 256, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 50, log=True),
            "shrinkage": trial.suggest_float("shrinkage", 0.1, 10.0, log=True),
        }

    def fit(self, inputs: StageInputs) -> Student:
        """Grow best leaf first, then shrink the leaves."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        everything, inputs = inputs, at_most(inputs, self.rows)
        softening = softening_at(inputs, progress=0.0)
        extra = checked_extra(inputs)
        target = stacked_target(inputs, extra, softening.alpha, min(softening.temperature, 1.0))
        matrix, weights = stacked_matrix(inputs, extra), stacked_weights(inputs, extra)
        regressor = DecisionTreeRegressor(
            max_leaf_nodes=int(settings["max_leaf_nodes"]),
            random_state=small_seed(inputs.seed),
            **least_leaf(inputs, weights, int(settings["min_samples_leaf"])),
        )
        # The variance of two columns that sum to 1 is twice that of one: with two classes
        # one column grows the same tree, ties aside, in less time.
        fit_target = target[:, 1:] if target.shape[1] == 2 else target
        regressor.fit(writable_if_missing(matrix), fit_target, sample_weight=weights)
        tree = regressor.tree_
        prior = smoothed_prior(target, weights)
        values = shrunken_values(tree, prior, float(settings["shrinkage"]))
        # For readers of the tree: how many rows a rule rests on.
        model = pack_sklearn_tree(tree, values).with_leaf_counts(
            everything.matrix, everything.labels
        )
        encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
        return Student(encoder, model, inputs.classes)


def least_leaf(inputs: StageInputs, weights: FloatArray | None, least: int) -> dict[str, Any]:
    """Return scikit-learn's parameter of the smallest leaf: rows, or weight where rows have any."""
    if inputs.weights is None or weights is None:
        return {"min_samples_leaf": least}
    # A hair less: a leaf of just this weight may come to less when it is summed.
    share = (1.0 - 1e-9) * least / float(weights.sum())
    return {"min_weight_fraction_leaf": min(share, 0.5)}


def writable_if_missing(matrix: FloatArray) -> FloatArray:
    """Return the matrix, or a copy where scikit-learn needs one.

    Its search for missing cells refuses a read-only array (1.9), but runs only where the sum
    of all cells is not finite.
    """
    with np.errstate(over="ignore"):
        complete = matrix.flags.writeable or np.isfinite(matrix.sum())
    return matrix if complete else matrix.copy()


def shrunken_values(tree: Any, prior: FloatArray, shrinkage: float) -> FloatArray:
    """Return probabilities per node: ``(n mean + s prior) / (n + s)``.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
        Fitted.
    prior : ndarray of shape (K,)
        What leaves are drawn towards.
    shrinkage : float
        Weight s > 0 of the prior, in rows.

    Returns
    -------
    ndarray of shape (n_nodes, K)
        Positive; rows sum to 1.
    """
    means = tree.value[:, :, 0]
    if means.shape[1] == 1:
        means = np.column_stack([1.0 - means, means])
    rows = tree.weighted_n_node_samples[:, np.newaxis]
    values: FloatArray = (rows * means + shrinkage * prior) / (rows + shrinkage)
    return values
