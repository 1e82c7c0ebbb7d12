"""How the proposal's search divides its trials: over the grid, as many as the budget allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.random_draws import by_complexity
from hpmkd_defaults.samplers.trial_history import evaluations, trials_beside_controls

if TYPE_CHECKING:
    from hpmkd.values import SearchSpace


@dataclass(frozen=True)
class Sizes:
    """How many configurations are requested.

    Parameters
    ----------
    initial : int
        In the sample.
    rounds : tuple of int
        In each round of tuning.
    controls : int
        On hard labels, at the end.
    """

    initial: int
    rounds: tuple[int, ...]
    controls: int

    @property
    def configs(self) -> int:
        """Different configurations that are tuned."""
        return max(self.rounds)

    @property
    def total(self) -> int:
        """All of them."""
        return self.initial + sum(self.rounds) + self.controls


def sizes(space: SearchSpace, initial: int, configs: int, trials: int) -> Sizes:
    """Return what the budget has room for; one configuration is tuned at least."""
    if not has_soft(space):
        configs, initial, controls = len(space.stages), 0, 0  # each trial is its own control
        affordable = max(1, evaluations(space))
    else:
        affordable = trials_beside_controls(space)
        controls = min(len(space.stages), affordable, max(0, evaluations(space) - affordable))
        initial = min(initial, affordable // 2)
    tuned = min(configs * trials, affordable - initial)
    full, rest = divmod(tuned, configs)
    return Sizes(initial, (configs,) * full + (rest,) * (rest > 0), controls)


def has_soft(space: SearchSpace) -> bool:
    """Return whether any stage may learn from a teacher."""
    return any(map(space.soft, space.stages))


def grid(space: SearchSpace) -> list[Configuration]:
    """Return every stage and way to learn from the teacher (hard labels if there is none)."""
    return [
        each
        for name in by_complexity(space)
        for each in space.soft(name) or [Configuration(name, 1.0, 0.0)]
    ]
