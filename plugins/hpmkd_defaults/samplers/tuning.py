"""How a staged search tunes hyperparameters: how many draws of which stages, on which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.values import Configuration
from hpmkd_defaults.samplers.random_draws import by_complexity, shared_draws
from hpmkd_defaults.samplers.trial_history import evaluations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpmkd.values import Hyperparameter, SearchSpace

#: A smaller share of the rows that there are would rank hyperparameters badly.
LEAST_SHARE = 0.2


@dataclass(frozen=True)
class Tuning:
    """Draws of hyperparameters, to be compared on hard labels.

    Parameters
    ----------
    draws : mapping of str to sequence of Configuration
        By stage, from simple to complex: what to try of it.
    further : mapping of str to sequence of Configuration
        What else to try of a stage, should it lead.
    """

    draws: Mapping[str, Sequence[Configuration]]
    further: Mapping[str, Sequence[Configuration]]

    def rounds(self) -> Iterator[list[Configuration]]:
        """Yield the first draw of every stage, then the second of every stage, and so on.

        So each races against the best of its stage.
        """
        for at in range(max(map(len, self.draws.values()))):
            yield [own[at] for own in self.draws.values() if at < len(own)]

    def on_subset(self, stage: str) -> bool:
        """Return whether the draws of a stage are compared on a subset of the rows."""
        return self.draws[stage][0].share < 1


def plan(
    space: SearchSpace, *, trials: int, more: int, subset_rows: int, whole: Sequence[str]
) -> Tuning:
    """Return the draws that leave enough of the budget for what every stage must have.

    Each stage must have a student on all rows. Where the budget is too small for that, the most
    complex stages are left out. A subset of the rows is used where it pays: all draws on it, and
    then one in full, cost less than all draws in full.

    Parameters
    ----------
    space : SearchSpace
        What there is to try and to spend.
    trials, more : int
        Draws per stage, >= 1, and further ones for the stage that leads, >= 0; at most.
    subset_rows : int
        Rows that are enough to compare them on, but a fifth of those available at least.
    whole : sequence of str
        Stages whose draws are always compared on all rows.
    """
    affordable = evaluations(space)
    names = by_complexity(space)[: max(1, affordable)]
    drawn_from = max(space.n_available / space.n_rows, 1.0)
    share = max(subset_rows / space.n_rows, LEAST_SHARE * drawn_from)
    partly = [name for name in names if name not in whole]
    each = min(trials, (affordable - len(partly)) // len(names))
    if share >= 1 or share * each + 1 >= each:
        share, each = 1.0, max(1, min(trials, affordable // len(names)))

    def configured(name: str, point: Mapping[str, Hyperparameter]) -> Configuration:
        return Configuration(name, 1.0, 0.0, point, share=share if name in partly else 1.0)

    points = {
        name: [configured(name, point) for point in shared_draws(space, name, each + more)]
        for name in names
    }
    return Tuning(
        draws={name: own[:each] for name, own in points.items()},
        further={name: own[each:] for name, own in points.items()},
    )
