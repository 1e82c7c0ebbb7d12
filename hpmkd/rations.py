"""Deals the models of a budget out over the steps of a run: who may train how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.search import REFITS

if TYPE_CHECKING:
    from hpmkd.budget import Budget
    from hpmkd.chain import ChainLink
    from hpmkd.lessons import Exam, Predecessors
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class Rations:
    """What each step of a run costs, against what is left.

    Parameters
    ----------
    budget : Budget
        Of the run.
    links : sequence of ChainLink
        The chain.
    predecessors : Predecessors
        Know which students of stages before are fitted already.
    """

    budget: Budget
    links: Sequence[ChainLink]
    predecessors: Predecessors

    def kept(self, n_splits: int) -> int:
        """Return how many models the search leaves for what follows it.

        Each link is meant to be tried with the teacher and without, and so is each stage that
        links start from; then comes the control on own labels. The search itself counts the
        refits of each stage that it tries.
        """
        chained = 2 * n_splits * (len(self.links) + self._steps)
        own = (self.predecessors.n_folds + 1) * (2 if self.links else 1)
        wanted = self.budget.kept(chained + 2 * self._steps + own)
        # What follows the search is worth nothing without a stage that was searched.
        return int(max(0, min(wanted, self.budget.models - _of_one_stage(n_splits))))

    def for_search(self, n_splits: int, n_stages: int) -> int | None:
        """Return how many models trials may take, controls among them; None without a bound.

        Parameters
        ----------
        n_splits : int
            Models that one trial takes.
        n_stages : int
            Stages in the race: each that is tried needs its control and two refits. Where
            there is too little for all of them, no more trials are promised than such a
            number of stages as can be refitted has a use for.
        """
        left = self.budget.left(self.kept(n_splits))
        if left is None:
            return None
        affordable = min(n_stages, left // _of_one_stage(n_splits))
        trials = left - REFITS * affordable
        return trials if affordable == n_stages else min(trials, (2 * affordable + 1) * n_splits)

    def chained(
        self,
        configurations: Sequence[Configuration],
        exams: Sequence[Exam],
        racing: Sequence[Trial],
    ) -> str | None:
        """Return why these configurations of a link cannot be tried; None if they can."""
        lesson = exams[0].lesson
        before = {each.after.key: each for each in configurations if each.after is not None}
        each_time = sum(self.predecessors.cost(lesson, each) for each in before.values())
        stages = {trial.configuration.stage for trial in racing}
        refits = REFITS * (len(stages) + self._steps)
        return self.budget.spent((len(configurations) + each_time) * len(exams) + refits)

    def collapsed(
        self, members: Sequence[Configuration], n_alphas: int, n_splits: int
    ) -> str | None:
        """Return why an ensemble cannot be distilled into one student; None if it can."""
        unseen = sum(self.predecessors.unseen_cost(member) for member in members)
        return self.budget.spent(unseen * (n_splits + 1) + n_alphas * n_splits + 1)

    def self_taught(self, control: Configuration) -> str | None:
        """Return why there is no student on own labels; None if there may be one."""
        return self.budget.spent(self.predecessors.unseen_cost(control) + 1)

    @property
    def _steps(self) -> int:
        return len({(link.label, link.after) for link in self.links})


def _of_one_stage(n_splits: int) -> int:
    """Return what the least search takes: a student and its control, tried and refitted."""
    return 2 * n_splits + REFITS
