"""Distils the ensemble of students into one student once more, if that pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import HpmkdError
from hpmkd.evaluation.gates import Gate, gate
from hpmkd.evaluation.ranking import UNLIMITED, Standing
from hpmkd.knowledge.fusion import fit_and_fuse

if TYPE_CHECKING:
    from hpmkd.chain.parents import Exam, Lesson, Predecessors
    from hpmkd.recipe.resolve import Selected
    from hpmkd.values import Configuration, Trial

#: Why the collapsed student is not shipped, whatever the selection rows say of it.
BREAKS = "it breaks a limit, which the student without it keeps"


@dataclass(frozen=True)
class Collapse:
    """Distils an ensemble: its out-of-fold word becomes the soft target of one student.

    Parameters
    ----------
    members : sequence of Configuration
        The students of the ensemble.
    fuser : Selected
        Fuses them.
    predecessors : Predecessors
        Cross-fits them, so that no row is described by a student that saw its label.
    evaluate : callable
        Evaluates configurations on some exams.
    standing : Standing
        Knows the limits, which the student has to keep.
    """

    members: Sequence[Configuration]
    fuser: Selected
    predecessors: Predecessors
    evaluate: Callable[[Sequence[Exam], Sequence[Configuration]], list[Trial]]
    standing: Standing = UNLIMITED

    def attempt(
        self, before: Trial, exams: Sequence[Exam], alphas: Sequence[float]
    ) -> tuple[Trial | None, Gate]:
        """Return the collapsed student's trial if the selection rows say that it pays.

        Parameters
        ----------
        before : Trial
            Of the student that is shipped otherwise.
        exams : sequence of Exam
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
            retaught = [replace(exam, lesson=self.retaught(exam.lesson)) for exam in exams]
        except HpmkdError as failed:
            return None, Gate("collapse", False, str(failed))
        after = min(self.evaluate(retaught, tried), key=self.standing.merit)
        if self.standing.over(after) > self.standing.over(before):
            return None, Gate("collapse", False, BREAKS)
        decision = gate("collapse", before, after)
        return (after if decision.passed else None), decision

    def retaught(self, lesson: Lesson) -> Lesson:
        """Return a lesson whose soft targets are the ensemble's word, out of fold.

        Raises
        ------
        HpmkdError
            If the stage of a member fails.
        """
        said = np.stack([self.predecessors.unseen(lesson, member).rows for member in self.members])
        fused = fit_and_fuse(self.fuser, said, lesson.rows.labels, lesson.rows.table)
        return lesson.taught(fused)
