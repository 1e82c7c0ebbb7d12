"""Boosted students on soft targets: trees level by level, or best leaf first."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hpmkd.errors import RecipeError
from hpmkd_defaults.settings_types import Natural
from hpmkd_defaults.stages.boosted_path import BoostedPath, grow
from hpmkd_defaults.stages.boosting_parameters import STRATEGIES, common_parameters
from hpmkd_defaults.stages.boosting_rounds import XGBoosting
from hpmkd_defaults.stages.capacity import Capacity
from hpmkd_defaults.stages.leaf_refit import ROWS_PER_VALUE
from hpmkd_defaults.stages.vector_rounds import VectorBoosting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.contracts import HyperparameterTrial
    from hpmkd.student import Student
    from hpmkd.values import DataFacts, Hyperparameter, StageInputs

#: Defaults that both stages have.
COMMON: Mapping[str, Hyperparameter] = MappingProxyType(
    {
        "eta": 0.12,
        "reg_lambda": 1.0,
        "min_child_weight": 0.2,
        "subsample": 1.0,
        "colsample_bytree": 0.7,
    }
)
#: Rounds of a fit whose scheduler varies, unless others are set: it has no path.
SCHEDULED_ROUNDS = 160
#: Values where nothing is drawn.
UNDRAWN: Mapping[str, Hyperparameter] = MappingProxyType(
    {"colsample_bynode": 1.0, "multi_strategy": "one_output_per_tree"}
)


class BoostedStage:
    """The common part of the boosted stages: the path. A subclass defines how a tree grows.

    Every fit starts from a margin per row, stored in the student: that of the linear student
    before it in the chain (``inputs.start``), or the log prior of the mixed target. The loss
    is that of :class:`~hpmkd_defaults.stages.objective.DistillationObjective`.

    Hyperparameters that both have: ``n_rounds``, the limit of the rounds, which is not drawn;
    ``eta`` (.05 … .5), ``reg_lambda`` (.1 … 10) and ``min_child_weight`` (.1 … 10);
    ``subsample``, the share of rows that a tree grows on, ``colsample_bytree``, the share of
    columns that a tree may split on, and ``colsample_bynode``, the share of these that a node
    may (each in (0, 1]); ``multi_strategy``, with K > 2 classes: K trees a round
    (``"one_output_per_tree"``) or one whose leaves hold K values (``"multi_output_tree"``), which
    two classes read as one margin; and ``refit_every`` and ``max_bin``, which are not drawn.

    With K > 2 classes an ``eta`` above .5 is read as .5.

    Parameters
    ----------
    refit_every : int
        After every so many rounds all leaves and the linear margin are refitted jointly at
        T = 1 (:mod:`hpmkd_defaults.stages.leaf_refit`); 0 for never. The default of the
        hyperparameter of this name.
    refit_rows : int
        Rows with a label that a refit is fitted on at most, class by class, but at least 100
        for each leaf value; 0 for no cap. The trees grow on all rows.
    half_leaves : bool
        Whether vectors in leaves are rounded to what float16 holds, which halves their bytes in
        a file; ``losses`` of a path are those before.
    n_rounds : int
        Limit of the rounds, unless a configuration has its own; 0 for what suits the data.
    """

    encoding: ClassVar[str] = "tree"
    complexity: ClassVar[int]
    reads_start: ClassVar[bool] = True
    limit: ClassVar[str] = "n_rounds"
    defaults: Mapping[str, Hyperparameter]
    portfolio: Sequence[Mapping[str, Hyperparameter]] = ()

    def __init__(
        self,
        refit_every: Natural = 0,
        refit_rows: Natural = 50_000,
        half_leaves: bool = False,
        n_rounds: Natural = 0,
    ) -> None:
        self.n_rounds = n_rounds
        self.refit_every, self.refit_rows, self.half_leaves = refit_every, refit_rows, half_leaves
        self.capacity = Capacity()

    def for_data(self, facts: DataFacts) -> Self:
        """Return the stage for data of this size: see :class:`Capacity`."""
        stage, of_any = copy.copy(self), type(self)
        stage.capacity = Capacity.of(facts)
        # Plain mappings: a stage is pickled.
        stage.defaults = {**of_any.defaults, **stage.capacity.settings}
        return stage

    def caps(self, facts: DataFacts) -> Mapping[str, str]:
        """Return what is not done on all rows of data of this size."""
        refitted = (
            f"leaves are refitted on {self.refit_rows} of {facts.n_rows} rows, "
            f"or {ROWS_PER_VALUE} for each"
        )
        binds = self.refit_every > 0 and 0 < self.refit_rows < facts.n_rows
        return {"refit_rows": refitted} if binds else {}

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return XGBoost's parameters of the shape of one tree."""
        raise NotImplementedError

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw what both stages have: step, ridge, least weight of a leaf, shares, strategy."""
        drawn: dict[str, Hyperparameter] = {
            "eta": trial.suggest_float("eta", 0.05, 0.5, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 10.0, log=True),
            "min_child_weight": trial.suggest_float("min_child_weight", 0.1, 10.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        }
        if self.capacity.vectors:
            drawn["multi_strategy"] = trial.suggest_categorical("multi_strategy", STRATEGIES)
        return drawn

    def fit(self, inputs: StageInputs) -> Student:
        """Boost as many rounds as the limit, and pack trees and base into one student."""
        settings = self.settings(inputs)
        path = self._grown(replace(inputs, held=None), settings)
        return path.student(path.n_rounds)

    def path(self, inputs: StageInputs) -> BoostedPath | None:
        """Boost until the loss of the held-out rows no longer falls.

        None under a scheduler that varies: how far it has come depends on the rounds in all.
        """
        return None if inputs.scheduler.varies else self._grown(inputs, self.settings(inputs))

    def settings(self, inputs: StageInputs) -> Mapping[str, Any]:
        """Return all hyperparameters of a fit: what was not drawn by default."""
        rounds = self.n_rounds or self.capacity.n_rounds
        if inputs.scheduler.varies:  # No held-out rows end such a fit.
            rounds = min(rounds, SCHEDULED_ROUNDS)
        own = {self.limit: rounds, "refit_every": self.refit_every}
        own["max_bin"] = self.capacity.max_bin
        return {**UNDRAWN, **own, **self.defaults, **inputs.configuration.hyperparameters}

    def _grown(self, inputs: StageInputs, settings: Mapping[str, Any]) -> BoostedPath:
        parameters = {**common_parameters(inputs, settings), **self.growth(settings)}
        limit = settings[self.limit]
        if limit != int(limit) or limit < 1:
            raise RecipeError(f"got {self.limit}={limit}, expected a whole number, 1 or more")
        vectors = parameters.get("multi_strategy") == "multi_output_tree"
        rounds = VectorBoosting if vectors else XGBoosting
        boosting = rounds(inputs, parameters, int(limit))
        refit_every = int(settings["refit_every"])
        return grow(boosting, refit_every, self.refit_rows, self.half_leaves)


class XGBoostStage(BoostedStage):
    """Trees grown level by level, as XGBoost does by default.

    Hyperparameters: ``max_depth`` (2 … 6), and those of :class:`BoostedStage`.
    """

    complexity: ClassVar[int] = 3
    defaults: Mapping[str, Hyperparameter] = MappingProxyType({"max_depth": 4, **COMMON})

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the depth, and what both stages have."""
        depth = trial.suggest_int("max_depth", 2, self.capacity.max_depth)
        return {"max_depth": depth, **super().space(trial)}

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the depth."""
        return {"grow_policy": "depthwise", "max_depth": int(settings["max_depth"])}


class GBMStage(BoostedStage):
    """Trees grown best leaf first: at the same number of leaves better than by level.

    Hyperparameters: ``max_leaves`` (4 … 32), and those of :class:`BoostedStage`. Its portfolio is
    that of :class:`Capacity`.
    """

    complexity: ClassVar[int] = 2
    defaults: Mapping[str, Hyperparameter] = MappingProxyType({"max_leaves": 8, **COMMON})

    def for_data(self, facts: DataFacts) -> Self:
        """Return the stage for data of this size: see :class:`Capacity`."""
        stage = super().for_data(facts)
        stage.defaults = {**stage.defaults, "max_leaves": stage.capacity.first_leaves}
        stage.portfolio = [{**stage.defaults, **each} for each in stage.capacity.portfolio]
        return stage

    def space(self, trial: HyperparameterTrial) -> Mapping[str, Hyperparameter]:
        """Draw the leaves, and what both stages have."""
        leaves = trial.suggest_int("max_leaves", 4, self.capacity.max_leaves, log=True)
        return {"max_leaves": leaves, **super().space(trial)}

    def growth(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the number of leaves; the depth is free."""
        return {
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": int(settings["max_leaves"]),
        }
