"""Deals the models of a budget out over the steps of a run: who may train how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.search.loop import REFITS

if TYPE_CHECKING:
    from hpmkd.chain.chain import ChainLink
    from hpmkd.chain.parents import ParentStudents, SelectionSet, TrainingSet
    from hpmkd.search.budget import Budget
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class BudgetPlan:
    """What each step of a run costs, against what is left.

    Parameters
    ----------
    budget : Budget
        Of the run.
    links : sequence of ChainLink
        The chain.
    parents : ParentStudents
        Know which students of stages before are fitted already.
    spare : int
        Refits kept for each stage beside its student and its control: a student that breaks a
        limit once it is fitted on all rows is replaced.
    """

    budget: Budget
    links: Sequence[ChainLink]
    parents: ParentStudents
    spare: int = 0

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
        folds = self.parents.n_folds
        trials = sum(_arms(link) for link in self.links)
        # By rule and stage before: each is fitted once, and cross-fitted where it teaches.
        before = sum(
            _arms(link) * (1 + folds * link.transfer.unseen)
            for link in {(link.label, link.after): link for link in self.links}.values()
        )
        own = (folds + 1) * (2 if self.links else 1)
        spares = self.spare * n_stages
        wanted = self.budget.kept(n_splits * (trials + before) + before + own + spares)
        return int(max(0, min(wanted, self.budget.models - n_stages * _of_a_stage(n_splits))))

    def check(self, n_splits: int, soft: bool) -> None:
        """Refuse a budget that is too small for a single stage, before anything is fitted.

        Parameters
        ----------
        n_splits : int
            Models that one trial takes.
        soft : bool
            Whether students hear of the teacher: those that do not are their own controls.

        Raises
        ------
        RecipeError
            If it is.
        """
        least = _of_a_stage(n_splits) if soft else n_splits + REFITS
        if self.budget.models < least:
            raise self.budget.too_small(least, n_splits)

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
        racing: Sequence[Trial],
        selection_sets: Sequence[SelectionSet],
    ) -> str | None:
        """Return why these configurations of a link cannot be tried; None if they can.

        Parameters
        ----------
        configurations : sequence of Configuration
            What the link would try.
        racing : sequence of Trial
            Whose bests will be fitted on all rows, beside those of the link.
        selection_sets : sequence of SelectionSet
            The selection rows.
        """
        needed = self.parents.cost
        each_time = len(configurations) + needed(configurations, selection_sets[0].training_set)
        rivals = [*configurations, *(trial.configuration for trial in racing)]
        n_stages = len({each.stage for each in rivals})
        refits = (REFITS + self.spare) * n_stages + needed(rivals)
        return self.budget.refused(each_time * len(selection_sets) + refits)

    def collapsed(
        self,
        members: Sequence[Configuration],
        shipped: Configuration,
        n_alphas: int,
        n_splits: int,
    ) -> str | None:
        """Return why an ensemble cannot be distilled into the shipped student's like."""
        unseen = sum(self.parents.out_of_fold_cost(member) for member in members)
        before = self.parents.cost([shipped])
        trials = (unseen + before + n_alphas) * n_splits
        return self.budget.refused(trials + unseen + before + 1)

    def self_taught(self, shipped: Configuration, control: Configuration) -> str | None:
        """Return why the shipped student is not taught by its control; None if it may be."""
        unseen, before = self.parents.out_of_fold_cost(control), self.parents.cost([shipped])
        return self.budget.refused(unseen + before + 1)

    def refitted(self, trials: Sequence[Trial], training_set: TrainingSet) -> list[Trial]:
        """Return those of some trials that can be fitted on all rows, in their order."""
        paid: list[Trial] = []
        for trial in trials:
            asked = [each.configuration for each in (*paid, trial)]
            if not self.budget.refused(len(asked) + self.parents.cost(asked, training_set)):
                paid.append(trial)
        return paid


def _arms(link: ChainLink) -> int:
    """Return how often a link is tried at least: with the teacher, and without where it can."""
    return 1 if link.transfer.teaches else 2


def _of_a_stage(n_splits: int) -> int:
    """Return what a stage takes at least: a student and its control, tried and refitted."""
    return 2 * n_splits + REFITS
