"""How a staged search tunes hyperparameters: how many draws of which stages, on which rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.random_draws import by_complexity, shared_draws
from hpmkd_defaults.samplers.trial_history import evaluations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpmkd.values import Hyperparameter, SearchSpace

#: A smaller share of the rows that there are would rank hyperparameters badly.
LEAST_SHARE = 0.2


@dataclass(frozen=True)
class Tuning:
    """Draws of hyperparameters, to be compared at one softening.

    Parameters
    ----------
    soft : bool
        Whether the draws learn from a teacher: false only if the space has hard labels alone.
    draws : mapping of str to sequence of Configuration
        By stage, from simple to complex: what to try of it.
    further : mapping of str to sequence of Configuration
        What else to try of a stage, should it lead.
    """

    soft: bool
    draws: Mapping[str, Sequence[Configuration]]
    further: Mapping[str, Sequence[Configuration]]

    @property
    def interleaved(self) -> list[Configuration]:
        """The first draw of every stage, then the second of every stage, and so on."""
        longest = max(map(len, self.draws.values()))
        return [own[at] for at in range(longest) for own in self.draws.values() if at < len(own)]

    def on_subset(self, stage: str) -> bool:
        """Return whether the draws of a stage are compared on a subset of the rows."""
        return self.draws[stage][0].share < 1


def plan(
    space: SearchSpace,
    *,
    trials: int,
    more: int,
    tune_at: float,
    subset_rows: int,
    whole: Sequence[str],
) -> Tuning:
    """Return the draws that leave enough of the budget for what every stage must have.

    Each stage must have a student on all rows and its control. Where the budget is too small
    for that, the most complex stages are left out. A subset of the rows is used where it
    pays: all draws on it, and then one in full, cost less than all draws in full.

    Parameters
    ----------
    space : SearchSpace
        What there is to try and to spend.
    trials, more : int
        Draws per stage, >= 1, and further ones for the stage that leads, >= 0; at most.
    tune_at : float
        They are compared at the alpha above 0 nearest to this, beside all rows without labels.
    subset_rows : int
        Rows that are enough to compare them on, but a fifth of those available at least.
    whole : sequence of str
        Stages whose draws are always compared on all rows.
    """
    alpha, weight = _nearest_alpha(space, tune_at), max(space.extra_weights)
    soft = alpha > 0 or weight > 0
    control = 1 if soft else 0
    names = by_complexity(space)
    names = names[: max(1, evaluations(space) // (1 + control))]
    drawn_from = max(space.n_available / space.n_rows, 1.0)
    share = max(subset_rows / space.n_rows, LEAST_SHARE * drawn_from)
    partly = [name for name in names if name not in whole]
    affordable = evaluations(space) - control * len(names)
    each = min(trials, (affordable - len(partly)) // len(names))
    if share >= 1 or share * each + 1 >= each:
        share, each = 1.0, max(1, min(trials, affordable // len(names)))
    temperature = _nearest_temperature(space) if alpha > 0 else 1.0

    def configured(name: str, point: Mapping[str, Hyperparameter]) -> Configuration:
        rows = share if name in partly else 1.0
        return Configuration(name, temperature, alpha, point, share=rows, extra_weight=weight)

    points = {
        name: [configured(name, point) for point in shared_draws(space, name, each + more)]
        for name in names
    }
    return Tuning(
        soft,
        draws={name: own[:each] for name, own in points.items()},
        further={name: own[each:] for name, own in points.items()},
    )


def _nearest_alpha(space: SearchSpace, wanted: float) -> float:
    soft = [alpha for alpha in space.alphas if alpha > 0]
    return min(soft, key=lambda alpha: (abs(alpha - wanted), alpha), default=0.0)


def _nearest_temperature(space: SearchSpace) -> float:
    return min(space.temperatures, key=lambda each: (abs(math.log(each)), each))
