"""Hyperparameters drawn at random from a stage's search space."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpmkd.values import Hyperparameter, SearchSpace

#: Draws per wanted one after which a small space counts as exhausted.
PATIENCE = 20


class RandomTrial:
    """A trial of Optuna's random sampler, without a study around it.

    A study would announce itself in Optuna's log, whose level is a global setting that is
    not ours to change; and it would keep trials that nobody reads.

    Parameters
    ----------
    sampler : optuna.samplers.RandomSampler
        Source of the draws.
    """

    def __init__(self, sampler: RandomSampler) -> None:
        self._sampler = sampler
        self._drawn: dict[str, Any] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Draw a float from [low, high]."""
        return float(self._draw(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Draw an integer from low … high, both included."""
        return int(self._draw(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_categorical(self, name: str, choices: Sequence[Hyperparameter]) -> Any:
        """Draw one of the choices."""
        return self._draw(name, CategoricalDistribution(choices))

    def _draw(self, name: str, distribution: BaseDistribution) -> Any:
        # As with Optuna, a name that is asked for again keeps its value.
        if name not in self._drawn:
            # The random sampler looks at neither the study nor the trial.
            self._drawn[name] = self._sampler.sample_independent(
                None,  # type: ignore[arg-type]
                None,  # type: ignore[arg-type]
                name,
                distribution,
            )
        return self._drawn[name]


def named_seed(seed: int, name: str) -> int:
    """Return the seed of the source of draws called `name`, in [0, 2**32)."""
    entropy = [seed, zlib.crc32(name.encode())]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def random_sampler(seed: int, name: str) -> RandomSampler:
    """Return the source of draws called `name`.

    Draws of one stage do not depend on which other stages are in the race.
    """
    return RandomSampler(seed=named_seed(seed, name))


def shared_draws(space: SearchSpace, name: str, trials: int) -> list[Mapping[str, Hyperparameter]]:
    """Return what is tried of a stage: its known points, then random draws; each once.

    Parameters
    ----------
    space : SearchSpace
        What to draw from; its seed is the source of the draws.
    name : str
        The stage's name.
    trials : int
        How many to return at most, >= 1. A space with fewer points gives fewer.
    """
    stage = space.stages[name]
    sampler = random_sampler(space.seed, name)
    draws = known_points(space, name)[:trials]
    for _ in range(PATIENCE * trials):
        if len(draws) >= trials:
            break
        drawn = dict(stage.space(RandomTrial(sampler)))
        if drawn not in draws:
            draws.append(drawn)
    return list(draws)


def known_points(space: SearchSpace, name: str) -> list[dict[str, Hyperparameter]]:
    """Return what is known to be worth trying of a stage, each point once.

    First what is remembered from other data, then the defaults, then the portfolio.
    """
    stage = space.stages[name]
    portfolio = getattr(stage, "portfolio", ())
    return distinct([*space.remembered.get(name, ()), stage.defaults, *portfolio])


def distinct(points: Iterable[Mapping[str, Hyperparameter]]) -> list[dict[str, Hyperparameter]]:
    """Return hyperparameters in their order, without what was there before."""
    kept: list[dict[str, Hyperparameter]] = []
    for point in map(dict, points):
        if point not in kept:
            kept.append(point)
    return kept


def by_complexity(space: SearchSpace) -> list[str]:
    """Return the names of the stages, from simple to complex; ties are broken by name."""
    return sorted(space.stages, key=lambda name: (space.stages[name].complexity, name))
