"""What only a run that was just made can do: fit further students."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.training.trials import judge_again

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.trainer import Trainer
    from hpmkd.knowledge.predictions import TeacherPredictions
    from hpmkd.training.datasets import TrainingSet
    from hpmkd.training.provenance import Provenance
    from hpmkd.training.refit import Finalists, Refitted
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class RunHandle:
    """Fits further students; only a run that was just made has it."""

    trainer: Trainer
    training: TrainingSet  # the rows that the run's students were fitted on in the end
    provenance: Provenance  # its trials could win
    finalists: Finalists
    #: The predictions of the one teacher, or of several as they are fused.
    teacher: TeacherPredictions
    pooled: Refitted | None = None  # the ensemble as one student
    final_rows: Dataset | None = None  # the selection rows, where `training` leaves these out

    @property
    def trials(self) -> Sequence[Trial]:
        """The trials that could win."""
        return self.provenance.trials

    def fit(self, configuration: Configuration) -> Predictor:
        """Fit a configuration; see :meth:`Trainer.fit`."""
        student = self.trainer.fit(self.training, configuration)
        tried = self.provenance.trial_of(configuration)
        trial = None if tried is None else self.judge_again(tried, student)
        return self.provenance.signed(student, configuration, trial)

    def judge_again(self, trial: Trial, student: Predictor) -> Trial:
        """Return a trial with the results of its student on all rows."""
        return judge_again(trial, student, self.trainer.fitting, self.final_rows)

    def cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`fit` trains, with those that it is built on."""
        return 1 + self.trainer.parents.cost([configuration], self.training)

    @property
    def models_trained(self) -> int:
        """How many models the run trained, with those fitted since."""
        return self.trainer.counts.models_trained
