"""Boosted students on soft targets: trees level by level, or best leaf first."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.stages.boosting_rounds import Boosting
from hpmkd_defaults.stages.row_loss import suggest_extra_weight, weighed
from hpmkd_defaults.stages.staged_boosting import ROWS_PER_VALUE, grow
from hpmkd_defaults.stages.targets import small_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import Student
    from hpmkd.values import DataFacts, Hyperparameter, StageInputs

#: With more than two classes a larger step diverges in log loss within a few dozen rounds.
LARGEST_ETA_MULTICLASS = 0.5


class BoostedStage:
    """What the boosted stages share: the fit. A subclass defines how one tree grows.

    Every fit starts from a margin per row, stored in the student: that of the linear student
    before it in the chain (``inputs.start``), or the log prior of the mixed target. The loss
    is that of :class:`~hpmkd_defaults.stages.objective.DistillationObjective`.

    With ``refits`` above 0 the trees grow in so many parts, and after each part all leaves and
    the linear margin are refitted jointly at T = 1 (:mod:`hpmkd_defaults.stages.staged_boosting`).

    With K > 2 classes an ``eta`` above .5 is read as .5.

    Parameters
    ----------
    refit_rows : int
        Rows with a label that a refit is fitted on at most, class by class, but at least 100
        for each leaf value; 0 for no cap. The trees grow on all rows.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int]
    defaults: ClassVar[Mapping[str, Hyperparameter]]
    portfolio: ClassVar[Sequence[Mapping[str, Hyperparameter]]] = ()
    reads_start: ClassVar[bool] = True

    def __init__(self, refit_rows: Natural = 50_000) -> None:
        self.refit_rows = refit_rows

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        refitted = (
            f"leaves are refitted on {self.refit_rows} of {facts.n_rows} rows, "
            f"or {ROWS_PER_VALUE} for each"
        )
        return {"refit_rows": refitted} if 0 < self.refit_rows < facts.n_rows else {}

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
        """Boost, refit if set, and pack trees and linear margin into one student."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        inputs = weighed(inputs, settings)
        parameters = {**common_parameters(inputs, settings), **self.growth(settings)}
        boosting = Boosting(inputs, parameters, int(settings["n_rounds"]))
        return grow(boosting, int(settings.get("refits", 0)), self.refit_rows)


class XGBoostStage(BoostedStage):
    """Trees grown level by level, as XGBoost does by default.

    Hyperparameters: ``n_rounds`` (20 … 150), ``max_depth`` (2 … 6), ``eta`` (.05 … .8),
    ``reg_lambda`` (.1 … 10), ``min_child_weight`` (.1 … 10) and ``extra_weight`` (0 or 1: the
    weight of rows without labels, relative to the recipe's).
    """

    complexity: ClassVar[int] = 3
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "n_rounds": 80,
            "max_depth": 4,
            "eta": 0.3,
            "reg_lambda": 1.0,
            "min_child_weight": 1.0,
            "extra_weight": 1.0,
        }
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw rounds, depth, step, ridge, least weight of a leaf, weight of extra rows."""
        return {
            "max_depth": trial.suggest_int("max_depth", 2, 6),
            **super().space(trial),
            "extra_weight": suggest_extra_weight(trial),
        }

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the depth."""
        return {"grow_policy": "depthwise", "max_depth": int(settings["max_depth"])}


class GBMStage(BoostedStage):
    """Trees grown best leaf first: at the same number of leaves better than by level.

    Hyperparameters: ``n_rounds`` (20 … 150), ``max_leaves`` (4 … 32), ``eta`` (.05 … .8),
    ``reg_lambda`` (.1 … 10), ``min_child_weight`` (.1 … 10), ``refits`` (0, 1, 6 or 10) and
    ``extra_weight`` (0, 1 or 2: the weight of rows without labels, relative to the recipe's).

    Its portfolio: 30 x 12 leaves grown in ten parts, for clean labels; the same refitted once,
    with more weight on pseudo-labelled rows, for noisy ones; 60 x 16 leaves in six parts.
    """

    complexity: ClassVar[int] = 2
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "n_rounds": 60,
            "max_leaves": 8,
            "eta": 0.3,
            "reg_lambda": 1.0,
            "min_child_weight": 1.0,
            "refits": 0,
            "extra_weight": 1.0,
        }
    )
    portfolio: ClassVar[Sequence[Mapping[str, Hyperparameter]]] = (
        {**defaults, "n_rounds": 30, "max_leaves": 12, "refits": 10},
        {**defaults, "n_rounds": 30, "max_leaves": 12, "refits": 1, "extra_weight": 2.0},
        {**defaults, "n_rounds": 60, "max_leaves": 16, "eta": 0.5, "refits": 6},
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw rounds, leaves, step, ridge, least weight of a leaf, refits, weight of rows."""
        return {
            "max_leaves": trial.suggest_int("max_leaves", 4, 32, log=True),
            "refits": trial.suggest_categorical("refits", [0, 1, 6, 10]),
            "extra_weight": trial.suggest_categorical("extra_weight", [1.0, 2.0, 0.0]),
            **super().space(trial),
        }

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the number of leaves; the depth is free."""
        return {
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": int(settings["max_leaves"]),
        }


def common_parameters(inputs: StageInputs, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return XGBoost's parameters that do not concern the shape of a tree."""
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
