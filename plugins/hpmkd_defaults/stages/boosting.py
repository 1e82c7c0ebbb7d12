"""Gradient boosting on soft targets with XGBoost: level by level, or best leaf first."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import xgboost

from hpmkd.student import Student, pack_booster
from hpmkd_defaults.stages.objective import DistillationObjective
from hpmkd_defaults.stages.rows import (
    extra_rows,
    stacked_matrix,
    stacked_target,
    stacked_weights,
)
from hpmkd_defaults.stages.targets import small_seed, smoothed_prior, softening_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import TreeEncoder
    from hpmkd.values import ExtraRows, FloatArray, Hyperparameter, StageInputs

#: With more than two classes a larger step diverges in log loss within a few dozen rounds.
LARGEST_ETA_MULTICLASS = 0.5


class BoostedStage:
    """What the boosted stages share: the fit. A subclass says how one tree grows.

    Every fit starts from the log prior of the mixed target (a constant margin per class,
    kept in the student), and boosts the loss of
    :class:`~hpmkd_defaults.stages.objective.DistillationObjective`; with two classes at
    T = 1 and a scheduler that does not vary, the same loss is XGBoost's own
    ``binary:logistic`` on the mixed target, which is faster.

    With K > 2 classes an ``eta`` above .5 is read as .5.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int]
    defaults: ClassVar[Mapping[str, Hyperparameter]]

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return XGBoost's parameters of the shape of one tree."""
        raise NotImplementedError

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw what both stages have: rounds, step, ridge, and least weight of a leaf."""
        return {
            "n_rounds": trial.suggest_int("n_rounds", 20, 150, log=True),
            "eta": trial.suggest_float("eta", 0.05, 0.8, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 10.0, log=True),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.1, 10.0, log=True),
        }

    def fit(self, inputs: StageInputs) -> Student:
        """Boost from the log prior and pack the trees."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        parameters = {**common_parameters(inputs, settings), **self.growth(settings)}
        extra = heard_extra(inputs)
        target, weights = first_target(inputs, extra), stacked_weights(inputs, extra)
        margin = start_margin(target, weights)
        booster = boost(inputs, extra, parameters, int(settings["n_rounds"]), target, margin)
        model = pack_booster(booster, len(margin), base_margin=margin)
        encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
        return Student(encoder, model, inputs.classes)


class XGBoostStage(BoostedStage):
    """Trees grown level by level, as XGBoost does untold.

    Hyperparameters: ``n_rounds`` (20 … 150), ``max_depth`` (2 … 6), ``eta`` (.05 … .8),
    ``reg_lambda`` (.1 … 10) and ``min_child_weight`` (.1 … 10).
    """

    complexity: ClassVar[int] = 3
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {"n_rounds": 80, "max_depth": 4, "eta": 0.3, "reg_lambda": 1.0, "min_child_weight": 1.0}
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw rounds, depth, step, ridge, and least weight of a leaf."""
        return {"max_depth": trial.suggest_int("max_depth", 2, 6), **super().space(trial)}

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the depth."""
        return {"grow_policy": "depthwise", "max_depth": int(settings["max_depth"])}


class GBMStage(BoostedStage):
    """Trees grown best leaf first: at the same number of leaves better than by level.

    Hyperparameters: ``n_rounds`` (20 … 150), ``max_leaves`` (4 … 32), ``eta`` (.05 … .8),
    ``reg_lambda`` (.1 … 10) and ``min_child_weight`` (.1 … 10).
    """

    complexity: ClassVar[int] = 2
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {"n_rounds": 60, "max_leaves": 8, "eta": 0.3, "reg_lambda": 1.0, "min_child_weight": 1.0}
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw rounds, leaves, step, ridge, and least weight of a leaf."""
        leaves = trial.suggest_int("max_leaves", 4, 32, log=True)
        return {"max_leaves": leaves, **super().space(trial)}

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the number of leaves; the depth is free."""
        return {
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": int(settings["max_leaves"]),
        }


def common_parameters(inputs: StageInputs, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return XGBoost's parameters that do not say how a tree grows."""
    eta = float(settings["eta"])
    if len(inputs.classes) > 2:
        eta = min(eta, LARGEST_ETA_MULTICLASS)
        task = {"objective": "multi:softprob", "num_class": len(inputs.classes), "base_score": 0.0}
    else:
        task = {"objective": "binary:logistic", "base_score": 0.5}
    return {
        # base_score is a margin of 0 in both: XGBoost would else estimate one of its own.
        **task,
        "eta": eta,
        "reg_lambda": float(settings["reg_lambda"]),
        "min_child_weight": float(settings["min_child_weight"]),
        "tree_method": "hist",
        "disable_default_eval_metric": True,
        "seed": small_seed(inputs.seed),
        "nthread": inputs.n_threads,
        "verbosity": 0,
    }


def heard_extra(inputs: StageInputs) -> ExtraRows | None:
    """Return the rows without labels, unless the teacher is heard in no round.

    A scheduler that varies may begin with hard labels and hear the teacher later.
    """
    varies = inputs.scheduler.varies
    return inputs.extra if varies else extra_rows(inputs, softening_at(inputs, progress=0.0))


def first_target(inputs: StageInputs, extra: ExtraRows | None = None) -> FloatArray:
    """Return the mixed target at T = 1, of shape (n + m, K), with the first round's alpha."""
    return stacked_target(inputs, extra, softening_at(inputs, progress=0.0).alpha)


def start_margin(target: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the margin that says the prior of a target of shape (n, K), rows weighted.

    Returns
    -------
    ndarray of shape (C,)
        float32. C = K centred log probabilities; for K = 2 one log odds of class 1.
    """
    logits = np.log(smoothed_prior(target, weights))
    margin = logits - logits.mean() if len(logits) > 2 else logits[1:] - logits[:1]
    return margin.astype(np.float32)


def boost(
    inputs: StageInputs,
    extra: ExtraRows | None,
    parameters: Mapping[str, Any],
    n_rounds: int,
    target: FloatArray,
    margin: FloatArray,
) -> Any:
    """Train an :class:`xgboost.Booster`.

    Parameters
    ----------
    inputs : StageInputs
        What is fitted.
    extra : ExtraRows or None
        Rows without labels, fitted too.
    parameters : mapping
        XGBoost's.
    n_rounds : int
        Rounds to boost.
    target : ndarray of shape (n + m, K)
        The mixed target at T = 1.
    margin : ndarray of shape (C,)
        Where every row starts.

    Returns
    -------
    xgboost.Booster
        It adds to `margin`, which it does not know.
    """
    n = len(target)
    matrix = xgboost.QuantileDMatrix(stacked_matrix(inputs, extra), nthread=inputs.n_threads)
    matrix.set_base_margin(np.tile(margin, (n, 1)) if len(margin) > 1 else np.repeat(margin, n))
    # Rounding may leave [0, 1] by a hair, which XGBoost refuses.
    matrix.set_label(target[:, 1].clip(0.0, 1.0))
    if mixing_is_exact(inputs):
        if extra is not None:
            matrix.set_weight(stacked_weights(inputs, extra))
        return xgboost.train(dict(parameters), matrix, n_rounds)
    objective = DistillationObjective(inputs, n_rounds, extra)  # it does not read the label
    return xgboost.train(dict(parameters), matrix, n_rounds, obj=objective)


def mixing_is_exact(inputs: StageInputs) -> bool:
    """Tell whether ``binary:logistic`` on the mixed target is the loss, in every round."""
    constant = len(inputs.classes) == 2 and not inputs.scheduler.varies
    return constant and softening_at(inputs, progress=0.0).temperature == 1.0
