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

    def kept(self, n_splits: int, n_stages: int) -> int:
        """Return how many models the search leaves for what follows it.

        Each link is meant to be tried with the teacher and without, and so is each stage that
        links start from; then comes the control on own labels. The search itself counts the
        refits of each stage that it tries. A stage that is not tried at all is the greater
        loss: nothing is kept before there is enough for all of them.

        Parameters
        ----------
        n_splits : int
            Models that one trial takes.
        n_stages : int
            Stages in the race.
        """
        chained = 2 * n_splits * (len(self.links) + self._steps)
        own = (self.predecessors.n_folds + 1) * (2 if self.links else 1)
        wanted = self.budget.kept(chained + 2 * self._steps + own)
        return int(max(0, min(wanted, self.budget.models - n_stages * _of_a_stage(n_splits))))

    def for_search(self, n_splits: int, n_stages: int) -> int | None:
        """Return how many models trials may take, controls among them; None without a bound.

        Where there is too little for all stages, no more is promised than the stages that can
        be refitted have a use for.
        """
        left = self.budget.left(self.kept(n_splits, n_stages))
        if left is None:
            return None
        affordable = min(n_stages, left // _of_a_stage(n_splits))
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


def _of_a_stage(n_splits: int) -> int:
    """Return what a stage takes at least: a student and its control, tried and refitted."""
    return 2 * n_splits + REFITS
