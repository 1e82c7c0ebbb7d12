"""Divides the models of a budget over the steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.search.loop import REFITS

if TYPE_CHECKING:
    from hpmkd.chain.chain import ChainLink
    from hpmkd.chain.parents import ParentStudents
    from hpmkd.search.budget import Budget
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class BudgetPlan:
    """The cost of each step of a run, against what is left."""

    budget: Budget
    links: Sequence[ChainLink]
    parents: ParentStudents
    #: Refits reserved for each stage beside its student and its control: a student that breaks a
    #: limit once it is fitted on all rows is replaced.
    spare: int = 0

    def reserved(self, n_splits: int, n_stages: int) -> int:
        """Return how many models the searches leave for what follows them.

        Each link is meant to be tried with the teacher and without, and so is each stage that
        links start from; then comes the self-distillation control. The search itself counts the
        refits of each stage that it tries. A stage that is not tried at all is the greater
        loss: nothing is reserved before there is enough for all of them.
        """
        folds = self.parents.n_folds
        trials = sum(_arms(link) for link in self.links)
        # By rule and stage before: each is fitted once, and cross-fitted where it teaches.
        before = sum(
            _arms(link) * (1 + folds * link.transfer.unseen)
            for link in {(link.label, link.after): link for link in self.links}.values()
        )
        spares = self.spare * n_stages
        wanted = self.budget.reserve(n_splits * (trials + before) + before + 1 + spares)
        return int(max(0, min(wanted, self.budget.models - n_stages * _of_a_stage(n_splits))))

    def check(self, n_splits: int) -> None:
        """Refuse a budget that is too small for a single student, before anything is fitted.

        Raises
        ------
        RecipeError
            If it is.
        """
        least = _of_a_stage(n_splits)
        if self.budget.models < least:
            raise self.budget.too_small(least, n_splits)

    def for_search(self, n_splits: int, n_stages: int, share: float) -> int | None:
        """Return how many models trials may take; None without a bound.

        That is a `share` of what is left beside refits, but enough for one trial of every stage.
        Where there is too little for all stages, no more is promised than the stages that can
        be refitted have a use for.
        """
        left = self.budget.left(self.reserved(n_splits, n_stages))
        if left is None:
            return None
        affordable = min(n_stages, left // _of_a_stage(n_splits))
        trials = left - REFITS * affordable
        if affordable < n_stages:
            return min(trials, (affordable + 1) * n_splits)
        return max(int(share * trials), n_stages * n_splits)

    def reserved_beside(self, n_splits: int, n_stages: int, trials: int | None) -> int:
        """Return how many models a search with so many for its trials must not touch."""
        left = self.budget.left(0)
        if left is None or trials is None:
            return self.reserved(n_splits, n_stages)
        return max(0, left - trials - REFITS * n_stages)

    def refusal_of_link(
        self,
        configurations: Sequence[Configuration],
        eligible: Sequence[Trial],
        selection_sets: Sequence[SelectionSet],
    ) -> str | None:
        """Return why these configurations of a link cannot be tried; None if they can.

        The best trials of `eligible` will be fitted on all rows, beside those of the link.
        """
        needed = self.parents.cost
        each_time = len(configurations) + needed(configurations, selection_sets[0].training)
        configured = [*configurations, *(trial.configuration for trial in eligible)]
        n_stages = len({each.stage for each in configured})
        refits = (REFITS + self.spare) * n_stages + needed(configured)
        return self.budget.refusal(each_time * len(selection_sets) + refits)

    def refusal_of_ensemble(
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
        return self.budget.refusal(trials + unseen + before + 1)

    def refusal_of_student_state(
        self, student: Configuration, n_splits: int, n_stages: int
    ) -> str | None:
        """Return why a student cannot be cross-fitted among the rows outside each fold.

        There must be enough left to try every stage with the teacher, and for what follows.
        """
        unseen = self.parents.out_of_fold_cost(student) * n_splits
        after = self.reserved(n_splits, n_stages) + n_stages * _of_a_stage(n_splits)
        return self.budget.refusal(unseen + after)

    def refusal_of_self_distillation(self, shipped: Configuration) -> str | None:
        """Return why the shipped student cannot be distilled from its control; None if it can."""
        return self.budget.refusal(self.parents.cost([shipped]) + 1)

    def affordable(self, trials: Sequence[Trial], training: TrainingSet) -> list[Trial]:
        """Return those of some trials that can be fitted on all rows, in their order."""
        paid: list[Trial] = []
        for trial in trials:
            chosen = [each.configuration for each in (*paid, trial)]
            if not self.budget.refusal(len(chosen) + self.parents.cost(chosen, training)):
                paid.append(trial)
        return paid


def _arms(link: ChainLink) -> int:
    """Return how often a link is tried at least: with the teacher, and without where it can."""
    return 1 if link.transfer.teaches else 2


def _of_a_stage(n_splits: int) -> int:
    """Return what a stage takes at least: a student, tried, then fitted with its control."""
    return n_splits + REFITS
