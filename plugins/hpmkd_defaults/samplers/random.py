"""Random search: every configuration drawn by itself."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.random_draws import PATIENCE, distinct, random_trials
from hpmkd_defaults.samplers.trial_history import paid
from hpmkd_defaults.settings_types import Count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpmkd.values import SearchSpace, Trial


class RandomSearch:
    """Tries `trials` configurations, each with its own stage, softening, hyperparameters.

    No configuration is tried twice; a space with fewer points ends the search early. The
    first hyperparameters of a stage are those remembered from other data, if there are any.

    Parameters
    ----------
    space : SearchSpace
        What to draw from.
    trials : int
        Configurations in all, >= 1; fewer if the budget has room for fewer, beside the
        controls.
    """

    def __init__(self, space: SearchSpace, *, trials: Count = 32) -> None:
        drawn = paid(space, draws(space, trials))
        self.total: int | None = len(drawn)
        self._remaining = iter(drawn)

    def ask(self, n: int) -> Sequence[Configuration]:
        """Return the next `n` draws, fewer at the end."""
        return list(islice(self._remaining, n))

    def tell(self, trial: Trial) -> None:
        """Learn nothing: the draws are independent."""


def draws(space: SearchSpace, trials: int) -> Iterator[Configuration]:
    """Yield up to `trials` different configurations, a function of the space alone."""
    rng = np.random.default_rng(space.seed)
    studies = {name: random_trials(space.seed, name) for name in space.stages}
    names = sorted(space.stages)
    remembered = {name: distinct(space.remembered.get(name, ())) for name in names}
    seen = set()
    for _ in range(PATIENCE * trials):
        name = names[rng.integers(len(names))]
        alpha = space.alphas[rng.integers(len(space.alphas))]
        temperature = space.temperatures[rng.integers(len(space.temperatures))]
        weight = space.extra_weights[rng.integers(len(space.extra_weights))]
        known = remembered[name]
        hyperparameters = known.pop(0) if known else space.stages[name].space(studies[name].ask())
        # At alpha = 0 there is nothing to soften: any other temperature would be the same.
        temperature = temperature if alpha > 0 else 1.0
        drawn = Configuration(name, temperature, alpha, hyperparameters, extra_weight=weight)
        if drawn.key not in seen:
            seen.add(drawn.key)
            yield drawn
        if len(seen) == trials:
            return
