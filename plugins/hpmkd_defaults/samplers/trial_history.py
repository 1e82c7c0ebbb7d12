"""The trials a sampler has learned of, and what it can still afford."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hpmkd.values import Configuration, SearchSpace, Trial


class TrialHistory:
    """The trials so far, each configuration once, whether or not the sampler asked for it."""

    def __init__(self) -> None:
        self._trials: dict[object, Trial] = {}

    def take(self, trial: Trial) -> None:
        """Keep a trial."""
        self._trials[trial.configuration.key] = trial

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials.values())

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, configuration: Configuration) -> bool:
        return configuration.key in self._trials

    @property
    def models(self) -> int:
        """Models trained for them."""
        return sum(trial.models_trained for trial in self)

    def successes(self, stage: str) -> list[Trial]:
        """Return the trials of a stage on all rows that did not fail."""
        return [trial for trial in self._of(stage) if trial.configuration.share == 1]

    def subset_successes(self, stage: str) -> list[Trial]:
        """Return the trials of a stage on a subset of the rows that did not fail."""
        return [trial for trial in self._of(stage) if trial.configuration.share < 1]

    def _of(self, stage: str) -> list[Trial]:
        own = [each for each in self if each.configuration.stage == stage]
        return [each for each in own if each.failure is None and each.worse_by is None]


def lowest(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial with the lowest log loss, of equals the first asked; None of none."""
    return min(trials, key=lambda trial: (trial.log_loss, trial.number), default=None)


def evaluations(space: SearchSpace, spent: int = 0) -> int:
    """Return how many configurations can be evaluated with the models that are left.

    Parameters
    ----------
    space : SearchSpace
        What an evaluation costs, and what there is to spend.
    spent : int
        Models trained so far.

    Returns
    -------
    int
        A number without meaning, too large to be reached, if there is no budget of models.
    """
    if space.models is None:
        return sys.maxsize
    return max(0, space.models - spent) // space.fits


def trials_beside_controls(space: SearchSpace) -> int:
    """Return how many trials leave enough for a control of every stage they may be of.

    Parameters
    ----------
    space : SearchSpace
        What an evaluation costs, and what there is to spend.

    Returns
    -------
    int
        At least 1.
    """
    affordable = evaluations(space)
    return max(1, affordable - min(len(space.stages), (affordable + 1) // 2))


def paid(space: SearchSpace, points: Iterable[Configuration]) -> list[Configuration]:
    """Return the first of these points, as many as can be paid with the controls they need.

    At least one is returned, if there is any. A stage needs the control of its best, and any
    of its points may be that; where the controls of all are among the points, it needs none.
    """
    affordable = evaluations(space)
    taken: list[Configuration] = []
    keys: set[object] = set()
    owed: defaultdict[str, set[object]] = defaultdict(set)
    for point in points:
        keys.add(point.key)
        owed[point.stage].add(point.control().key)
        missing = sum(not controls <= keys for controls in owed.values())
        if taken and len(taken) + 1 + missing > affordable:
            break
        taken.append(point)
    return taken
