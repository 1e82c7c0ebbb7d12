"""Hyperparameters of several stages as columns in [0, 1], for a model that compares them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.trial import FixedTrial

from hpmkd_defaults.samplers.optuna_tpe import drawable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from optuna.distributions import BaseDistribution

    from hpmkd.contracts import Stage
    from hpmkd.values import Configuration, FloatArray

#: The value where a stage has no such hyperparameter: the middle.
NEUTRAL = 0.5


class HyperparameterColumns:
    """The columns of all hyperparameters that some configurations have, stage by stage.

    A number has one column, its place in the range that its stage draws it from, on a logarithmic
    scale where it is drawn on one. A choice has a column per option. All columns of one
    hyperparameter, and all hyperparameters of one stage, are scaled so that two points of a stage
    are at most 1 apart: a stage with many hyperparameters is not wider than one with few.

    Parameters
    ----------
    stages : mapping of str to Stage
        Whose spaces give the ranges.
    configurations : iterable of Configuration
        What is to be described, each drawable of its stage's space (:meth:`knows`).
    """

    def __init__(
        self, stages: Mapping[str, Stage], configurations: Iterable[Configuration]
    ) -> None:
        self._ranges: dict[tuple[str, str], BaseDistribution] = {}
        for each in configurations:
            drawn = FixedTrial(dict(each.hyperparameters))
            stages[each.stage].space(drawn)
            for name, distribution in drawn.distributions.items():
                self._ranges.setdefault((each.stage, name), distribution)
        names = [stage for stage, _ in self._ranges]
        self._scales = {stage: 1 / math.sqrt(names.count(stage)) for stage in names}

    @staticmethod
    def knows(stages: Mapping[str, Stage], configuration: Configuration) -> bool:
        """Return whether a configuration is one of these stages, as they draw them today."""
        stage = stages.get(configuration.stage)
        return stage is not None and drawable(stage.space, configuration.hyperparameters)

    def __call__(self, configurations: Sequence[Configuration]) -> FloatArray:
        """Return the columns, of shape (n, d); d may be 0."""
        columns = [
            self._scales[stage] * self._column(stage, name, distribution, configurations)
            for (stage, name), distribution in self._ranges.items()
        ]
        return np.hstack(columns) if columns else np.zeros((len(configurations), 0))

    @staticmethod
    def _column(
        stage: str,
        name: str,
        distribution: BaseDistribution,
        configurations: Sequence[Configuration],
    ) -> FloatArray:
        values = [
            each.hyperparameters.get(name) if each.stage == stage else None
            for each in configurations
        ]
        if isinstance(distribution, CategoricalDistribution):
            options = distribution.choices
            of_option = np.array([[each == option for option in options] for each in values])
            # Two options are sqrt(2) apart in columns of 0 and 1.
            return of_option.reshape(len(values), len(options)) / math.sqrt(2)
        return np.array([_place(each, distribution) for each in values]).reshape(-1, 1)


def _place(value: Any, distribution: Any) -> float:
    """Return the place of a number in its range, in [0, 1]; neutral if there is none."""
    if value is None:
        return NEUTRAL
    scale = math.log if distribution.log else float
    low, high = scale(distribution.low), scale(distribution.high)
    return (scale(value) - low) / ((high - low) or 1.0)
