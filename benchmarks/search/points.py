"""The fits of the search benchmark per data set: ten points of each stage, softened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from benchmarks.chain.work import STAGES
from hpmkd.values import Configuration, Hyperparameter, SearchSpace
from hpmkd_defaults.samplers.random_draws import known_points, shared_draws

#: Points per stage, the same for all data sets, so that one can be judged by the others.
N_POINTS = 10
#: Source of the points that are not a stage's own.
SEED = 0
#: The full grid, as in the recipe ``grid``.
TEMPERATURES = (0.5, 1.0, 2.0, 3.0)
ALPHAS = (0.3, 0.5, 0.7, 0.9)
#: Further proposals of other recipes, all at T = 1.
FURTHER_ALPHAS = (0.0, 0.1, 1.0)

Point = Mapping[str, Hyperparameter]


@dataclass(frozen=True)
class Spot:
    """One configuration of a table: a stage and the number of its point, softened.

    Parameters
    ----------
    stage : str
        Its name.
    point : int
        Position among the stage's points, 0 … 9.
    temperature, alpha, share : float
        As of a :class:`~hpmkd.values.Configuration`; at alpha = 0 the temperature is 1.
    """

    stage: str
    point: int
    temperature: float = 1.0
    alpha: float = 0.5
    share: float = 1.0

    def configuration(self) -> Configuration:
        """Return what is fitted."""
        point = points()[self.stage][self.point]
        return Configuration(self.stage, self.temperature, self.alpha, point, share=self.share)


def space() -> SearchSpace:
    """Return the space that the points are drawn from."""
    return SearchSpace(STAGES, TEMPERATURES, ALPHAS, SEED)


@lru_cache(maxsize=1)
def points() -> dict[str, list[Point]]:
    """Return the points of every stage: its defaults, its portfolio, then random draws."""
    return {name: shared_draws(space(), name, N_POINTS) for name in STAGES}


@lru_cache(maxsize=1)
def n_known() -> dict[str, int]:
    """Return how many of each stage's points are its own: they stand first."""
    return {name: len(known_points(space(), name)) for name in STAGES}


def grid() -> Iterator[Spot]:
    """Yield the 640 configurations of the full grid."""
    for stage in STAGES:
        for point in range(N_POINTS):
            for alpha in ALPHAS:
                for temperature in TEMPERATURES:
                    yield Spot(stage, point, temperature, alpha)


def planned() -> Iterator[Spot]:
    """Yield what is fitted of every data set; what a search proposes besides is fitted then."""
    for stage in STAGES:
        for point in range(N_POINTS):
            for alpha in FURTHER_ALPHAS:
                yield Spot(stage, point, 1.0, alpha)
    yield from grid()
