"""Every stage, temperature and alpha over the same draws of hyperparameters."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.draws import shared_draws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpmkd.values import SearchSpace, Trial


class GridSampler:
    """Tries every stage × temperature × alpha, with `trials` hyperparameters per stage.

    The first hyperparameters are the stage's defaults, the others drawn at random once, and
    all temperatures and alphas share them. So the student on hard labels (alpha = 0) is
    tuned exactly as carefully as the distilled one, and their difference is the teacher's.
    The order is by stage complexity, draw, alpha, temperature. At alpha = 0 the temperature
    does not matter, so each draw is tried there once.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Hyperparameters per stage, >= 1.
    """

    def __init__(self, space: SearchSpace, *, trials: int = 4) -> None:
        points = list(grid(space, trials))
        self.total: int | None = len(points)
        self._remaining = iter(points)

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return the next `n` points of the grid, fewer at its end."""
        return list(islice(self._remaining, n))

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the grid is fixed."""


def grid(space: SearchSpace, trials: int) -> Iterator[Configuration]:
    """Yield the points of the grid in order."""
    stages = sorted(space.stages.items(), key=lambda item: (item[1].complexity, item[0]))
    for name, stage in stages:
        for hyperparameters in shared_draws(name, stage, trials, space.seed):
            for alpha in sorted(set(space.alphas)):
                temperatures = sorted(set(space.temperatures)) if alpha > 0 else [1.0]
                for temperature in temperatures:
                    yield Configuration(name, temperature, alpha, hyperparameters)
