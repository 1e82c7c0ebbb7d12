"""Distils the ensemble of students into one student again, if that pays."""

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
    from hpmkd.chain.parents import ParentStudents
    from hpmkd.recipe.resolve import ComponentSpec
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.values import Configuration, Trial

#: Weights of the ensemble on rows with labels, where the recipe has none above 0.
ALPHAS = (0.5,)
#: What the distilled student is called.
COLLAPSED = "collapsed"
#: Why the distilled student is not shipped, whatever its loss.
BREAKS_LIMIT = "it breaks a limit, which the student without it keeps"


@dataclass(frozen=True)
class EnsembleDistillation:
    """Distils an ensemble: its out-of-fold predictions are the soft targets of one student."""

    members: Sequence[Configuration]
    fuser: ComponentSpec
    #: Cross-fits them, so that no row is predicted by a student that saw its label.
    parents: ParentStudents
    evaluate: Callable[[Sequence[SelectionSet], Sequence[Configuration]], list[Trial]]
    ranking: TrialRanking = NO_LIMITS

    def attempt(
        self, before: Trial, selection_sets: Sequence[SelectionSet], alphas: Sequence[float]
    ) -> tuple[Trial | None, Gate]:
        """Return the distilled student's trial, if it pays on the selection rows.

        `before` is the trial of the student that ships otherwise.
        """
        # The ensemble predicts the rows with labels; those without keep the teachers' targets.
        own = replace(before.configuration, temperature=1.0, rounds=None)
        tried = [replace(own, alpha=alpha) for alpha in alphas if alpha > 0]
        if not tried:
            return None, Gate("collapse", False, "no alpha above 0 may be tried")
        try:
            distilled = [
                each.with_training(self.with_soft_targets(each.training)) for each in selection_sets
            ]
        except HpmkdError as failed:
            return None, Gate("collapse", False, str(failed))
        found = map(self.ranking.preferred, self.evaluate(distilled, tried))
        after = min(found, key=self.ranking.sort_key)
        if self.ranking.violates_limits(after) > self.ranking.violates_limits(before):
            return None, Gate("collapse", False, BREAKS_LIMIT)
        decision = gate("collapse", before, after, self.ranking.metric)
        return (after if decision.passed else None), decision

    def with_soft_targets(self, training: TrainingSet) -> TrainingSet:
        """Return the rows with the ensemble's out-of-fold predictions as soft targets.

        Raises
        ------
        HpmkdError
            If the stage of a member fails.
        """
        predicted = np.stack(
            [self.parents.out_of_fold(training, member).rows for member in self.members]
        )
        rows, weights = training.raw.features, training.weights
        fused = fit_and_fuse(self.fuser, predicted, training.labels, rows, weights)
        return training.with_soft_targets(fused)
