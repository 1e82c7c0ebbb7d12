"""Fits students, for trials and for good, and counts every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain.parents import ParentStudents
from hpmkd.errors import PluginError
from hpmkd.training.best_so_far import BestSoFar
from hpmkd.training.final_rows import NO_FINAL_ROWS, FinalRows
from hpmkd.training.refit import writable
from hpmkd.training.trials import STUDENT, TRIAL, RefitData, SearchData

if TYPE_CHECKING:
    from hpmkd.chain.parents import SelectionSet, TrainingSet
    from hpmkd.contracts import Predictor
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.registry.registry import Registry
    from hpmkd.training.fit import FitContext
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class Trainer:
    """What every step that trains students goes through.

    Parameters
    ----------
    fitting : FitContext
        How students are fitted; its scheduler hears of every trial.
    pipeline : ParallelDistillationPipeline
        Where they are fitted.
    n_folds : int
        Folds in which a student that others build on is cross-fitted.
    counts, registry
        Of the run.
    best : BestSoFar
        Hears of every trial as soon as it is there.
    """

    fitting: FitContext
    pipeline: ParallelDistillationPipeline
    n_folds: int
    counts: Counts
    registry: Registry
    best: BestSoFar = field(default_factory=BestSoFar)

    @cached_property
    def parents(self) -> ParentStudents:
        """The students that others build on."""
        return ParentStudents(self.fitting, self.pipeline, self.n_folds, self.trained)

    def fit(self, training_set: TrainingSet, configuration: Configuration) -> Predictor:
        """Fit a configuration on a lesson.

        Raises
        ------
        HpmkdError
            If its stage fails.
        """
        (student,) = self.fit_all(training_set, [configuration])
        if isinstance(student, str):
            raise PluginError(student)
        return student

    def fit_all(
        self, training_set: TrainingSet, configurations: Sequence[Configuration]
    ) -> list[Predictor | str]:
        """Fit configurations on a lesson, in their order; why, where a stage fails."""
        data = self.refit_data(training_set, configurations)
        outcomes = dict(self.pipeline.run(STUDENT, data, configurations))
        self.trained(len(configurations))
        return [writable(outcomes[at], each, data) for at, each in enumerate(configurations)]

    def evaluate(
        self, selection_sets: Sequence[SelectionSet], configurations: Sequence[Configuration]
    ) -> list[Trial]:
        """Evaluate configurations, which may build on others."""
        data = self.data(selection_sets, configurations)
        tasks = list(enumerate(configurations, self.counts.trials))
        arriving = self.pipeline.run(TRIAL, data, tasks)
        finished = {at: self.best.offer(trial) for at, trial in arriving}
        trials = [finished[at] for at in range(len(tasks))]
        for trial in trials:
            self.tell(trial)
            self.fitting.scheduler.observe(trial)  # a search tells it by itself
        return trials

    def data(
        self, selection_sets: Sequence[SelectionSet], configurations: Sequence[Configuration] = ()
    ) -> SearchData:
        """Return what trials of these configurations need."""
        prepared = self.parents.prepared
        splits = tuple(
            selection_set.split(prepared(selection_set.training_set, configurations))
            for selection_set in selection_sets
        )
        return SearchData(splits, self.fitting, drafts=self.best.wanted)

    def refit_data(
        self, training_set: TrainingSet, configurations: Sequence[Configuration]
    ) -> RefitData:
        """Return what fits of these configurations for good need."""
        return RefitData(self.parents.prepared(training_set, configurations), self.fitting)

    def tell(self, trial: Trial) -> None:
        """Count a trial and let observers know."""
        self.trained(trial.models_trained)
        self.counts.count_trial(trial.worker, trial.seconds)
        self.registry.notify("hpmkd_trial_finished", trial=trial)

    def trained(self, n: int) -> None:
        """Count so many further models."""
        self.counts.models_trained += n


@dataclass(frozen=True)
class Fitter:
    """Fits further students when a run is over.

    Parameters
    ----------
    trainer : Trainer
        Of the run.
    training_set : TrainingSet
        All rows that its students were fitted on for good.
    provenance : Provenance
        Tells each of them how it was made.
    finals : FinalRows, optional
        Judges them by the selection rows, where `lesson` leaves these out.
    """

    trainer: Trainer
    training_set: TrainingSet
    provenance: Provenance
    finals: FinalRows = NO_FINAL_ROWS

    def fit(self, configuration: Configuration) -> Predictor:
        """Fit a configuration; see :meth:`Trainer.fit`."""
        student = self.trainer.fit(self.training_set, configuration)
        raced = self.provenance.raced(configuration)
        trial = None if raced is None else self.judged(raced, student)
        return self.provenance.signed(student, configuration, trial)

    def judged(self, trial: Trial, student: Predictor) -> Trial:
        """Return a trial with what the selection rows say of its student on all rows."""
        return self.finals.judged(trial, student, self.trainer.fitting)

    def cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`fit` trains, with those that it is built on."""
        return 1 + self.trainer.parents.cost([configuration], self.training_set)

    @property
    def models_trained(self) -> int:
        """How many models the run trained, with all that were fitted since."""
        return self.trainer.counts.models_trained
