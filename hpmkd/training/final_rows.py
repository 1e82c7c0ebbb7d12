"""Trials that saw a part of the rows chose; the selection rows judge students on the rest, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.data.probabilities import row_losses

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.training.fit import FitContext
    from hpmkd.values import Trial


@dataclass(frozen=True)
class FinalRows:
    """The selection rows, where students are fitted on all other rows for good.

    What wins on few rows need not win on many: soft targets help most where labels are few.
    These students have seen none of the selection rows, nor have their teachers, so that what
    these say of them is as honest as what they said of the trials.

    Parameters
    ----------
    held : Dataset or None
        The selection rows; None where students are fitted on these as well, so that nothing but
        their trials can judge them.
    """

    held: Dataset | None

    def __bool__(self) -> bool:
        return self.held is not None

    def judged(self, trial: Trial, student: Predictor, fitting: FitContext) -> Trial:
        """Return a trial with what the selection rows say of its student on all other rows.

        Without finals it is the trial as it was in the race.

        Raises
        ------
        PluginError
            Naming the plugin whose stage made a student that fails or lies.
        """
        held = self.held
        if held is None:
            return trial
        said = fitting.predict(student, trial.configuration, held.table, held.classes)
        accuracy = float((said.argmax(axis=1) == held.labels).mean())
        return replace(
            trial, probabilities=said, row_losses=row_losses(said, held.labels), accuracy=accuracy
        )


#: Where trials saw all rows that there are, they are all that judges.
NO_FINAL_ROWS = FinalRows(None)
