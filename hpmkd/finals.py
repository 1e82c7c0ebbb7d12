"""Trials that saw a part of the rows chose; the selection rows judge students on the rest, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.probabilities import row_losses

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.fitting import Fitting
    from hpmkd.lessons import Exam
    from hpmkd.values import Trial


@dataclass(frozen=True)
class Finals:
    """The selection rows, and a lesson of all the other rows.

    What wins on few rows need not win on many: soft targets help most where labels are few. A
    student fitted on the lesson has seen none of the selection rows, nor have its teachers, so
    that what they say of it is as honest as what they said of the trials.

    Parameters
    ----------
    exam : Exam
        Its lesson is what students are fitted on for good.
    """

    exam: Exam

    def judged(self, trial: Trial, student: Predictor, fitting: Fitting) -> Trial:
        """Return a trial with what the selection rows say of its student on all other rows.

        Raises
        ------
        PluginError
            Naming the plugin whose stage made a student that fails or lies.
        """
        held = self.exam.held
        said = fitting.said(student, trial.configuration, held.table, held.classes)
        accuracy = float((said.argmax(axis=1) == held.labels).mean())
        return replace(
            trial, said=said, row_losses=row_losses(said, held.labels), accuracy=accuracy
        )
