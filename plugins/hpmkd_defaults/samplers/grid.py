"""Every stage, temperature and alpha over the same draws of hyperparameters."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.random_draws import by_complexity, shared_draws
from hpmkd_defaults.samplers.trial_history import paid
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpmkd.values import SearchSpace, Trial


class GridSampler:
    """Tries every stage × temperature × alpha, with `trials` hyperparameters per stage.

    The first hyperparameters are those remembered from other data, the stage's defaults and
    its portfolio, the others drawn at random once; all temperatures and alphas share them. So
    the student on hard labels (alpha = 0) is tuned exactly as carefully as the distilled one,
    and their difference is the teacher's. At alpha = 0 the temperature does not matter, so each
    draw is tried there once.

    The order is by draw, alpha, temperature, stage, with alpha = 0 behind the others: where the
    budget cuts the grid short, all stages lose alike, and the engine adds the controls.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Hyperparameters per stage, >= 1.
    hard : bool
        Whether to try alpha = 0 with every draw. If not, hard labels are left to the control
        that the engine adds for each stage's best: fewer models, and a control that is tuned
        by the distilled student. An alpha = 0 that is the only one is always tried.
    """

    def __init__(self, space: SearchSpace, *, trials: Count = 4, hard: bool = True) -> None:
        points = paid(space, grid(space, trials, hard))
        self.total: int | None = len(points)
        self._remaining = iter(points)

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return the next `n` points of the grid, fewer at its end."""
        return list(islice(self._remaining, n))

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the grid is fixed."""


def grid(space: SearchSpace, trials: int, hard: bool) -> Iterator[Configuration]:
    """Yield the points of the grid in order."""
    alphas = sorted(alpha for alpha in set(space.alphas) if alpha > 0)
    softenings = [(alpha, each) for alpha in alphas for each in sorted(set(space.temperatures))]
    if hard or not alphas:
        softenings.append((0.0, 1.0))
    draws = {name: shared_draws(space, name, trials) for name in by_complexity(space)}
    for at, (alpha, temperature) in product(range(trials), softenings):
        for name, own in draws.items():
            if at < len(own):
                yield Configuration(name, temperature, alpha, own[at])
