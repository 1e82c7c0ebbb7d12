"""Boosted trees by LightGBM, on soft targets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import lightgbm
import numpy as np

from hpmkd.errors import RecipeError
from hpmkd.student import LinearModel, Student, add
from hpmkd.values import TrainingState
from hpmkd_lightgbm.objective import LightGBMObjective, softening_of
from hpmkd_lightgbm.packing import pack_lightgbm
from hpmkd_lightgbm.rows import Rows

if TYPE_CHECKING:
    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import TreeEncoder
    from hpmkd.values import FloatArray, Hyperparameter, StageInputs

#: LightGBM reads its seed as a 32-bit integer.
LARGEST_SEED = 2**31 - 1


class LightGBMStage:
    """Trees grown best leaf first, by LightGBM.

    Hyperparameters: ``n_rounds`` (20 … 150), ``num_leaves`` (4 … 32), ``learning_rate``
    (.05 … .5), ``lambda_l2`` (.1 … 10), ``min_data_in_leaf`` (2 … 30) and ``extra_weight`` (0 or
    1: the weight of rows without labels, relative to the recipe's).

    Every fit starts from a margin per row, stored in the student: that of the linear student
    before it in the chain (``inputs.start``), or the log prior of the mixed target. With two
    classes at T = 1 and a scheduler that does not vary the loss is LightGBM's own
    ``cross_entropy`` on the mixed target; else
    :class:`~hpmkd_lightgbm.objective.LightGBMObjective`, exact at any temperature.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int] = 3
    reads_start: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "n_rounds": 60,
            "num_leaves": 8,
            "learning_rate": 0.2,
            "lambda_l2": 1.0,
            "min_data_in_leaf": 5,
            "extra_weight": 1.0,
        }
    )

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw rounds, leaves, step, ridge, least rows of a leaf, weight of extra rows."""
        return {
            "n_rounds": trial.suggest_int("n_rounds", 20, 150, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 32, log=True),
            "learning_rate": trial.suggest_float("learning_rate", 0.05, 0.5, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 10.0, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 2, 30, log=True),
            "extra_weight": trial.suggest_categorical("extra_weight", [1.0, 0.0]),
        }

    def fit(self, inputs: StageInputs) -> Student:
        """Boost, and pack trees and starting margin into one student."""
        settings = {**self.defaults, **inputs.configuration.hyperparameters}
        first = softening_of(inputs, TrainingState(progress=0.0))
        varies = inputs.scheduler.varies
        # A scheduler that varies may begin with hard labels and use the teacher later.
        largest_alpha = inputs.configuration.alpha if varies else first.alpha
        rows = Rows.with_extra(inputs, largest_alpha, float(settings["extra_weight"]))
        target = rows.target(first.alpha)
        margins = _start(inputs, rows, target)
        parameters = _parameters(inputs, settings)
        if len(inputs.classes) == 2 and first.temperature == 1.0 and not varies:
            parameters["objective"] = "cross_entropy"
        else:
            objective = LightGBMObjective(rows, int(settings["n_rounds"]))
            parameters["objective"] = objective.function()
        dataset = lightgbm.Dataset(
            rows.matrix,
            # Only cross_entropy reads it; rounding may leave [0, 1] by a hair.
            label=target[:, 1].clip(0.0, 1.0),
            weight=rows.weights,
            init_score=margins if margins.shape[1] > 1 else margins[:, 0],
            params=parameters,
        )
        booster = lightgbm.train(parameters, dataset, int(settings["n_rounds"]))
        return _packed(inputs, booster, margins)


def _parameters(inputs: StageInputs, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "num_leaves": int(settings["num_leaves"]),
        "learning_rate": float(settings["learning_rate"]),
        "lambda_l2": float(settings["lambda_l2"]),
        "min_data_in_leaf": int(settings["min_data_in_leaf"]),
        "min_sum_hessian_in_leaf": 1e-3,
        "num_class": 1 if len(inputs.classes) == 2 else len(inputs.classes),
        "boost_from_average": False,  # every row has its own margin to start from
        "zero_as_missing": False,  # which could not be packed
        "num_threads": inputs.n_threads,
        "seed": inputs.seed % (LARGEST_SEED + 1),
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _start(inputs: StageInputs, rows: Rows, target: FloatArray) -> FloatArray:
    """Return the margin that each row starts from, of shape (n + m, C), float32 values."""
    if inputs.start is None:
        # One pseudo-row over all classes: one that no row has is rare, not impossible.
        n_classes = target.shape[1]
        prior = (rows.weights @ target + 1.0 / n_classes) / (rows.weights.sum() + 1.0)
        logits = np.log(prior)
        margin = logits[1:] - logits[:1] if n_classes == 2 else logits - logits.mean()
        return np.repeat(margin.astype(np.float32)[np.newaxis], len(target), axis=0)
    model = getattr(inputs.start.student, "model", None)
    if not isinstance(model, LinearModel):
        raise RecipeError(
            f"chain: {inputs.configuration.stage} can start only from the margins of a linear "
            'student; write after = "logistic"'
        )
    blocks = [inputs.start.matrix]
    if rows.extra is not None and inputs.start.extra_matrix is not None:
        blocks.append(inputs.start.extra_matrix)
    return model.margins(np.vstack(blocks)).astype(np.float32)


def _packed(inputs: StageInputs, booster: lightgbm.Booster, margins: FloatArray) -> Student:
    encoder = cast("TreeEncoder", inputs.encoder)  # what the encoding "tree" means
    if inputs.start is None:
        return Student(encoder, pack_lightgbm(booster, margins[0]), inputs.classes)
    trees = pack_lightgbm(booster, np.zeros(margins.shape[1], dtype=np.float32))
    start = cast("Student", inputs.start.student)
    return add(start, trees, encoder, margins.min(axis=0), margins.max(axis=0))
