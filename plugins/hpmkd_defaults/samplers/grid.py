"""Every stage and every way to learn from the teacher, over the same hyperparameters."""

from __future__ import annotations

from dataclasses import replace
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
    """Tries every stage × alpha × temperature × weight of rows without labels.

    There are `trials` hyperparameters per stage: those remembered from other data, the stage's
    defaults and its portfolio come first, the others are drawn at random once; all share them. So
    the student on hard labels is tuned exactly as carefully as the distilled one, and their
    difference is the teacher's. At alpha = 0 the temperature does not matter.

    The order is by draw, alpha, temperature, weight, stage, with hard labels behind the others:
    where the budget cuts the grid short, all stages lose alike, and the engine adds the controls.

    Parameters
    ----------
    space : SearchSpace
        What to try.
    trials : int
        Hyperparameters per stage, >= 1.
    hard : bool
        Whether to try hard labels with every draw. If not, they are left to the control
        that the engine adds for each stage's best: fewer models, and a control that is tuned
        by the distilled student. Where there is nothing else, they are always tried.
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
    draws = {name: shared_draws(space, name, trials) for name in by_complexity(space)}
    ways = {name: space.soft(name) for name in draws}
    for name, own in ways.items():
        if hard or not own:
            own.append(Configuration(name, 1.0, 0.0))
    for at, way in product(range(trials), zip(*ways.values(), strict=True)):
        for each in way:
            if at < len(draws[each.stage]):
                yield replace(each, hyperparameters=draws[each.stage][at])
