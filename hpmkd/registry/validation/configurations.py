"""Checks the configurations of a sampler: a stage must not be blamed for its input.

An endless search differs from a long one: it requests nothing new for a long while.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

from hpmkd.optuna_trials import RecordedTrial
from hpmkd.values import Configuration

if TYPE_CHECKING:
    from hpmkd.contracts import Stage
    from hpmkd.values import SearchSpace

#: Batches in a row that hold nothing new, after which a search counts as endless.
PATIENCE = 1000


class SamplerValidator:
    """The configurations of one sampler so far.

    Parameters
    ----------
    space : SearchSpace
        What it may draw from.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._known: set[object] = set()
        self._idle = 0

    def ask(self, method: Callable[[int], Iterable[object]], n: int) -> list[Configuration]:
        """Ask a sampler for a batch of at most `n` configurations.

        Raises
        ------
        TypeError or ValueError
            If it holds too many or an invalid point of the space, if the first batch is
            empty although no search went before, or if nothing new has been requested in a long
            while.
        """
        returned = method(n)
        if isinstance(returned, Configuration) or not isinstance(returned, Iterable):
            raise TypeError(f"ask returned {returned!r:.80}; expected a list of Configuration")
        batch = list(islice(returned, n + 1))
        if len(batch) > n:
            raise ValueError(f"ask({n}) returned more than {n} configurations")
        points = [check_configuration(each, self._space) for each in batch]
        new = {point.key for point in points} - self._known
        if not (points or self._known or self._space.before):
            raise ValueError("the first ask returned nothing; expected a Configuration at least")
        self._known |= new
        self._idle = 0 if new else self._idle + 1
        if self._idle >= PATIENCE:
            raise ValueError(
                f"the last {PATIENCE} batches contained nothing new; expected "
                "an empty batch at the end of the search"
            )
        return points


def check_configuration(configuration: object, space: SearchSpace) -> Configuration:
    """Return it; raise TypeError or ValueError unless it is a point of the search space.

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
        known = ", ".join(map(repr, space.stages))
        raise ValueError(f"ask returned the unknown stage {configuration.stage!r}; known: {known}")
    if configuration.after is not None:
        raise ValueError("ask returned a configuration after another; only a chain makes those")
    if configuration.rounds is not None:
        raise ValueError("ask returned a number of rounds; the selection rows choose it")
    _check_softening(configuration, space)
    if not _is_number(configuration.share) or not 0 < configuration.share <= 1:
        raise ValueError(f"ask returned share = {configuration.share!r}; expected one in (0, 1]")
    _check_hyperparameters(configuration, space.stages[configuration.stage])
    return configuration


def _check_softening(configuration: Configuration, space: SearchSpace) -> None:
    alpha, temperature = configuration.alpha, configuration.temperature
    if not _is_number(alpha) or alpha not in space.alphas:
        raise ValueError(f"ask returned alpha = {alpha!r}; expected one of {_list(space.alphas)}")
    weight = configuration.extra_weight
    if not _is_number(weight) or weight not in space.extra_weights:
        raise ValueError(
            f"ask returned extra_weight = {weight!r}; expected one of {_list(space.extra_weights)}"
        )
    # At alpha = 0 there is nothing to soften, and the temperature is idle.
    possible = space.temperatures if alpha > 0 else {1.0, *space.temperatures}
    if not _is_number(temperature) or temperature not in possible:
        raise ValueError(
            f"ask returned temperature = {temperature!r}; expected one of {_list(possible)}"
        )


def _check_hyperparameters(configuration: Configuration, stage: Stage) -> None:
    for name, value in configuration.hyperparameters.items():
        # A run folder keeps them as JSON, which knows no NumPy integers and no NaN.
        if not isinstance(value, (float, int, str)):
            raise TypeError(f"ask returned {name} = {value!r}; expected a float, int or str")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"ask returned {name} = {value!r}; expected a finite number")
    replay = RecordedTrial(configuration.hyperparameters)
    drawn = stage.space(replay)
    for name, (substitute, expected) in replay.refused.items():
        # A space may make something else of what it draws; then the name means no draw.
        if drawn.get(name) == substitute:
            value = configuration.hyperparameters[name]
            raise ValueError(f"ask returned {name} = {value!r}; expected {expected}")


def _is_number(value: object) -> TypeGuard[float | int]:
    return isinstance(value, (float, int)) and not isinstance(value, bool)


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(values))
