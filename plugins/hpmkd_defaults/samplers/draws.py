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
    from collections.abc import Mapping, Sequence

    from hpmkd.contracts import Stage
    from hpmkd.values import Hyperparameter


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


def random_sampler(seed: int, name: str) -> RandomSampler:
    """Return the source of draws called `name`.

    Draws of one stage do not depend on which other stages are in the race.
    """
    entropy = [seed, zlib.crc32(name.encode())]
    return RandomSampler(seed=int(np.random.SeedSequence(entropy).generate_state(1)[0]))


def shared_draws(
    name: str, stage: Stage, trials: int, seed: int
) -> list[Mapping[str, Hyperparameter]]:
    """Return what is tried of a stage: its defaults, its portfolio, then random draws.

    Parameters
    ----------
    name : str
        The stage's name.
    stage : Stage
        Whose space to draw from.
    trials : int
        How many to return at most, >= 1. A space with fewer points gives fewer.
    seed : int
        Source of the draws, >= 0.
    """
    sampler = random_sampler(seed, name)
    known = [stage.defaults, *getattr(stage, "portfolio", ())]
    draws = [dict(each) for each in known[:trials]]
    for _ in range(trials - len(draws)):
        drawn = dict(stage.space(RandomTrial(sampler)))
        if drawn not in draws:
            draws.append(drawn)
    return list(draws)
