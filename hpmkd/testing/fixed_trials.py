"""Stand-ins for Optuna's trial: one draws at random, one replays and is strict about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hpmkd.values import Hyperparameter


class RandomTrial:
    """Draws every hyperparameter at random.

    Parameters
    ----------
    seed : int
        Source of the draws.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw from [low, high], in equal steps or on a log scale if asked to."""
        if step is not None:
            return low + step * int(self._rng.integers(0, math.floor((high - low) / step) + 1))
        if log:
            drawn = math.exp(self._rng.uniform(math.log(low), math.log(high)))
            return min(max(drawn, low), high)
        return float(self._rng.uniform(low, high))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Draw from low … high, both included."""
        if log:
            return round(self.suggest_float(name, low, high, log=True))
        return low + step * int(self._rng.integers(0, (high - low) // step + 1))

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Draw one of the choices."""
        return choices[int(self._rng.integers(len(choices)))]


class ReplayTrial:
    """Gives back known hyperparameters; refuses what the space does not contain.

    Parameters
    ----------
    values : mapping
        Hyperparameters by name.

    Raises
    ------
    AssertionError
        From ``suggest_*``, if a value is missing, of the wrong type or outside the range.
    """

    def __init__(self, values: Mapping[str, Hyperparameter]) -> None:
        self._values = values

    def _value(self, name: str) -> Any:
        assert name in self._values, f"hyperparameter {name!r} is missing"
        return self._values[name]

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the known value if it lies in [low, high] and on a step."""
        value = self._value(name)
        assert isinstance(value, float | int), f"{name} = {value!r} is not a number"
        assert low <= value <= high, f"{name} = {value!r} is outside [{low}, {high}]"
        if step is not None:
            steps = (value - low) / step
            assert abs(steps - round(steps)) < 1e-6, f"{name} = {value!r} is between two steps"
        return value

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the known value if it is an integer of the range."""
        value = self._value(name)
        assert type(value) is int, f"{name} = {value!r} is not an int"
        assert low <= value <= high, f"{name} = {value!r} is outside {low} … {high}"
        assert (value - low) % step == 0, f"{name} = {value!r} is between two steps"
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Return the known value if it is one of the choices."""
        value = self._value(name)
        assert value in choices, f"{name} = {value!r} is none of {list(choices)}"
        return value


def check_in_space(stage: Any, hyperparameters: Mapping[str, Hyperparameter]) -> None:
    """Assert that hyperparameters are a point of a stage's search space, all of it."""
    drawn = stage.space(ReplayTrial(hyperparameters))
    assert dict(drawn) == dict(hyperparameters)
