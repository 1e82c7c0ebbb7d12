"""Distils the ensemble of students into one student once more, if that pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import HpmkdError
from hpmkd.evaluation.gates import Gate, gate
from hpmkd.evaluation.ranking import NO_LIMITS, TrialRanking
from hpmkd.knowledge.fusion import fit_and_fuse

if TYPE_CHECKING:
    from hpmkd.chain.parents import ParentStudents, SelectionSet, TrainingSet
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.values import Configuration, Trial

#: Why the collapsed student is not shipped, whatever the selection rows say of it.
BREAKS = "it breaks a limit, which the student without it keeps"


@dataclass(frozen=True)
class EnsembleDistillation:
    """Distils an ensemble: its out-of-fold word becomes the soft target of one student.

    Parameters
    ----------
    members : sequence of Configuration
        The students of the ensemble.
    fuser : ComponentSpec
        Fuses them.
    parents : ParentStudents
        Cross-fits them, so that no row is described by a student that saw its label.
    evaluate : callable
        Evaluates configurations on some exams.
    ranking : TrialRanking
        Knows the limits, which the student has to keep.
    """

    members: Sequence[Configuration]
    fuser: ComponentSpec
    parents: ParentStudents
    evaluate: Callable[[Sequence[SelectionSet], Sequence[Configuration]], list[Trial]]
    ranking: TrialRanking = NO_LIMITS

    def attempt(
        self, before: Trial, selection_sets: Sequence[SelectionSet], alphas: Sequence[float]
    ) -> tuple[Trial | None, Gate]:
        """Return the collapsed student's trial if the selection rows say that it pays.

        Parameters
        ----------
        before : Trial
            Of the student that is shipped otherwise.
        selection_sets : sequence of SelectionSet
            The selection rows.
        alphas : sequence of float
            Weights of the ensemble to try.
        """
        tried = [
            replace(before.configuration, alpha=alpha, temperature=1.0)
            for alpha in alphas
            if alpha > 0
        ]
        if not tried:
            return None, Gate("collapse", False, "no alpha above 0 may be tried")
        try:
            with_soft_targets = [
                replace(
                    selection_set, training_set=self.with_soft_targets(selection_set.training_set)
                )
                for selection_set in selection_sets
            ]
        except HpmkdError as failed:
            return None, Gate("collapse", False, str(failed))
        after = min(self.evaluate(with_soft_targets, tried), key=self.ranking.sort_key)
        if self.ranking.over(after) > self.ranking.over(before):
            return None, Gate("collapse", False, BREAKS)
        decision = gate("collapse", before, after)
        return (after if decision.passed else None), decision

    def with_soft_targets(self, training_set: TrainingSet) -> TrainingSet:
        """Return a lesson whose soft targets are the ensemble's word, out of fold.

        Raises
        ------
        HpmkdError
            If the stage of a member fails.
        """
        said = np.stack([self.parents.unseen(training_set, member).rows for member in self.members])
        fused = fit_and_fuse(self.fuser, said, training_set.rows.labels, training_set.rows.table)
        return training_set.with_soft_targets(fused)
