"""Checks what a sampler asks for: a stage may not be blamed for what it was given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpmkd.values import Configuration

if TYPE_CHECKING:
    from hpmkd.values import Hyperparameter, SearchSpace

#: Rounding that a float at the end of its range is allowed, relative to the range.
TOLERANCE = 1e-9


def check_configuration(configuration: object, space: SearchSpace) -> None:
    """Raise TypeError or ValueError unless it is a point of the search space.

    Parameters
    ----------
    configuration : object
        What ``ask`` returned.
    space : SearchSpace
        What the sampler may draw from.
    """
    if not isinstance(configuration, Configuration):
        raise TypeError(f"ask returned {configuration!r:.80}; expected a Configuration")
    if configuration.stage not in space.stages:
        raise ValueError(f"ask returned the unknown stage {configuration.stage!r}")
    if not 0 <= configuration.alpha <= 1 or not 0 < configuration.temperature < math.inf:
        raise ValueError(
            f"ask returned alpha {configuration.alpha} and temperature "
            f"{configuration.temperature}; expected [0, 1] and above 0"
        )
    for name, value in configuration.hyperparameters.items():
        # A run folder keeps them as JSON, which knows no NumPy integers and no NaN.
        if not isinstance(value, (float, int, str)):
            raise TypeError(f"ask returned {name} = {value!r}; expected a float, int or str")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"ask returned {name} = {value!r}; expected a finite number")
    replay = Replay(configuration.hyperparameters)
    drawn = space.stages[configuration.stage].space(replay)
    for name, (substitute, expected) in replay.refused.items():
        # A space may make something else of what it draws; then the name means no draw.
        if drawn.get(name) == substitute:
            value = configuration.hyperparameters[name]
            raise ValueError(f"ask returned {name} = {value!r}; expected {expected}")


class Replay:
    """A trial that draws what is given, and remembers what could not have been drawn.

    Parameters
    ----------
    given : mapping
        Hyperparameters by name; what is not among them is drawn as the lowest value.

    Attributes
    ----------
    refused : dict of str to (value, str)
        What was drawn instead of an impossible value, and what would have been possible.
    """

    def __init__(self, given: Mapping[str, Hyperparameter]) -> None:
        self._given = given
        self.refused: dict[str, tuple[Any, str]] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the given float if it is in [low, high]."""
        value = self._given.get(name, low)
        slack = TOLERANCE * max(abs(low), abs(high))
        fits = isinstance(value, (float, int)) and low - slack <= value <= high + slack
        return float(self._kept(name, value, low, fits, f"a number in [{low}, {high}]"))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the given integer if it is one of low … high."""
        value = self._given.get(name, low)
        fits = isinstance(value, int) and low <= value <= high
        return int(self._kept(name, value, low, fits, f"an integer in [{low}, {high}]"))

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Return the given choice if it is one."""
        value = self._given.get(name, choices[0])
        fits = value in choices
        expected = f"one of {', '.join(map(repr, choices))}"
        return self._kept(name, value, choices[0], fits, expected)

    def _kept(self, name: str, value: Any, substitute: Any, fits: bool, expected: str) -> Any:
        if fits:
            return value
        self.refused[name] = (substitute, expected)
        return substitute
