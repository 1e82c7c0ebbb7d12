"""Hyperparameters drawn at random from a stage's search space."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.optuna_trials import random_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpmkd.values import Hyperparameter, SearchSpace

#: Draws per wanted one after which a small space counts as exhausted.
PATIENCE = 20


def named_seed(seed: int, name: str) -> int:
    """Return the seed of the source of draws called `name`, in [0, 2**32)."""
    entropy = [seed, zlib.crc32(name.encode())]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def random_trials(seed: int, name: str) -> Any:
    """Return the study whose trials draw at random, from the source of draws called `name`.

    Draws of one stage do not depend on which other stages take part.
    """
    return random_study(named_seed(seed, name))


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
    study = random_trials(space.seed, name)
    draws = known_points(space, name)[:trials]
    for _ in range(PATIENCE * trials):
        if len(draws) >= trials:
            break
        drawn = dict(stage.space(study.ask()))
        if drawn not in draws:
            draws.append(drawn)
    return list(draws)


def known_points(space: SearchSpace, name: str) -> list[dict[str, Hyperparameter]]:
    """Return what is known to be worth trying of a stage, each point once.

    First the best of what is remembered from other data, then the defaults, so that no search
    is without them; then what else is remembered, and the portfolio.
    """
    stage = space.stages[name]
    portfolio = getattr(stage, "portfolio", ())
    best, others = space.remembered.get(name, ())[:1], space.remembered.get(name, ())[1:]
    return distinct([*best, stage.defaults, *others, *portfolio])


def distinct(points: Iterable[Mapping[str, Hyperparameter]]) -> list[dict[str, Hyperparameter]]:
    """Return hyperparameters in their order, without what was there before."""
    unique: list[dict[str, Hyperparameter]] = []
    for point in map(dict, points):
        if point not in unique:
            unique.append(point)
    return unique


def by_complexity(space: SearchSpace) -> list[str]:
    """Return the names of the stages, from simple to complex; ties are broken by name."""
    return sorted(space.stages, key=lambda name: (space.stages[name].complexity, name))
