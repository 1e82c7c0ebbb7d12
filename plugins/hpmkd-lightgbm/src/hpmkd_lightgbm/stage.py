"""Boosted trees by LightGBM, on soft targets."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import lightgbm

from hpmkd.errors import RecipeError
from hpmkd.values import TrainingState
from hpmkd_lightgbm.base import Base
from hpmkd_lightgbm.objective import LightGBMObjective, softening_of
from hpmkd_lightgbm.path import LightGBMPath, grow
from hpmkd_lightgbm.rows import Rows

if TYPE_CHECKING:
    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import Student
    from hpmkd.values import DataFacts, Hyperparameter, StageInputs

#: LightGBM reads its seed as a 32-bit integer.
LARGEST_SEED = 2**31 - 1
#: Columns below which every tree sees all of them, and some of the rows.
FEW_COLUMNS = 8
#: Rows from which on larger trees, and more of them, still lower the loss.
MANY_ROWS = 20_000


class LightGBMStage:
    """Trees grown best leaf first, by LightGBM.

    Hyperparameters: ``num_leaves`` (4 … 32), ``learning_rate`` (.05 … .5), ``lambda_l2``
    (.1 … 10), ``min_data_in_leaf`` (2 … 30; rows, whatever they weigh), and the shares of rows and
    of columns that a tree grows on, ``bagging_fraction`` (.5 … 1) and ``feature_fraction``
    (.4 … 1). ``n_rounds``, the limit of the rounds, is not drawn: a path ends by itself.

    Every fit starts from a margin per row, stored in the student: that of the linear student
    before it in the chain (``inputs.start``), or the log prior of the mixed target. With two
    classes at T = 1 and a scheduler that does not vary the loss is LightGBM's own
    ``cross_entropy`` on the mixed target; else
    :class:`~hpmkd_lightgbm.objective.LightGBMObjective`, exact at any temperature.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int] = 3
    reads_start: ClassVar[bool] = True
    limit: ClassVar[str] = "n_rounds"
    defaults: Mapping[str, Hyperparameter] = MappingProxyType(
        {
            "num_leaves": 8,
            "learning_rate": 0.1,
            "lambda_l2": 1.0,
            "min_data_in_leaf": 5,
            "bagging_fraction": 1.0,
            "feature_fraction": 0.7,
        }
    )

    def __init__(self) -> None:
        self.most_rounds, self.most_leaves = 320, 32

    def for_data(self, facts: DataFacts) -> Self:
        """Return the stage with more rounds and leaves for many rows, all of few columns."""
        stage = copy.copy(self)
        if facts.n_rows >= MANY_ROWS:
            stage.most_rounds, stage.most_leaves = 640, 64
        few = {"bagging_fraction": 0.7, "feature_fraction": 1.0}
        stage.defaults = {
            **type(self).defaults,
            **(few if facts.n_columns < FEW_COLUMNS else {}),
        }
        return stage

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw leaves, step, ridge, least rows of a leaf, shares of rows and of columns."""
        return {
            "num_leaves": trial.suggest_int("num_leaves", 4, self.most_leaves, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.5, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 10.0, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 2, 30, log=True),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
        }

    def fit(self, inputs: StageInputs) -> Student:
        """Boost as many rounds as the limit, and pack trees and starting margin."""
        path = self._grown(inputs, held=False)
        return path.student(path.n_rounds)

    def path(self, inputs: StageInputs) -> LightGBMPath | None:
        """Boost until the loss of the held-out rows no longer falls; None under a schedule."""
        return None if inputs.scheduler.varies else self._grown(inputs, held=True)

    def _grown(self, inputs: StageInputs, held: bool) -> LightGBMPath:
        drawn = {**self.defaults, **inputs.configuration.hyperparameters}
        n_rounds = int(drawn.get(self.limit, self.most_rounds))
        first = softening_of(inputs, TrainingState(progress=0.0))
        rows = Rows.of(inputs)
        target = rows.target(first.alpha)
        base = Base.under(rows, target)
        parameters = _parameters(inputs, drawn)
        two_classes = len(inputs.classes) == 2
        exact = two_classes and first.temperature == 1.0 and not inputs.scheduler.varies
        objective = None if exact else LightGBMObjective(rows, n_rounds).function()
        parameters["objective"] = "cross_entropy" if exact else "none"
        dataset = lightgbm.Dataset(
            rows.matrix,
            # Only cross_entropy reads it; rounding may leave [0, 1] by a hair.
            label=target[:, 1].clip(0.0, 1.0),
            weight=rows.weights,
            init_score=base.margins if base.n_margins > 1 else base.margins[:, 0],
            params=parameters,
        )
        booster = lightgbm.Booster(parameters, dataset)
        return grow(booster, dataset, objective, base, n_rounds, inputs.held if held else None)


def _parameters(inputs: StageInputs, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "num_leaves": int(settings["num_leaves"]),
        "learning_rate": float(settings["learning_rate"]),
        "lambda_l2": float(settings["lambda_l2"]),
        "min_data_in_leaf": int(settings["min_data_in_leaf"]),
        "bagging_fraction": _share("bagging_fraction", settings),
        "bagging_freq": 1,
        "feature_fraction": _share("feature_fraction", settings),
        "min_sum_hessian_in_leaf": 1e-3,
        "num_class": 1 if len(inputs.classes) == 2 else len(inputs.classes),
        "boost_from_average": False,  # every row has its own margin to start from
        "zero_as_missing": False,  # which could not be packed
        "num_threads": inputs.n_threads,
        "seed": inputs.seed % (LARGEST_SEED + 1),
        "deterministic": True,
        "force_row_wise": True,
        "metric": "none",
        "verbosity": -1,
    }


def _share(name: str, settings: Mapping[str, Any]) -> float:
    share = float(settings[name])
    if not 0.0 < share <= 1.0:
        raise RecipeError(f"got {name}={share}, expected a share in (0, 1]: 1 takes all of them")
    return share
