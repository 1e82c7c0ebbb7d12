"""Fits students, for trials and for good, and counts every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain.parents import Predecessors
from hpmkd.errors import PluginError
from hpmkd.training.best_so_far import BestSoFar
from hpmkd.training.final_rows import NO_FINALS, Finals
from hpmkd.training.refit import writable
from hpmkd.training.trials import STUDENT, TRIAL, RefitData, SearchData

if TYPE_CHECKING:
    from hpmkd.chain.parents import Exam, Lesson
    from hpmkd.contracts import Predictor
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.registry.registry import Registry
    from hpmkd.training.fit import Fitting
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class Trainer:
    """What every step that trains students goes through.

    Parameters
    ----------
    fitting : Fitting
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

    fitting: Fitting
    pipeline: ParallelDistillationPipeline
    n_folds: int
    counts: Counts
    registry: Registry
    best: BestSoFar = field(default_factory=BestSoFar)

    @cached_property
    def predecessors(self) -> Predecessors:
        """The students that others build on."""
        return Predecessors(self.fitting, self.pipeline, self.n_folds, self.trained)

    def fit(self, lesson: Lesson, configuration: Configuration) -> Predictor:
        """Fit a configuration on a lesson.

        Raises
        ------
        HpmkdError
            If its stage fails.
        """
        (student,) = self.fit_all(lesson, [configuration])
        if isinstance(student, str):
            raise PluginError(student)
        return student

    def fit_all(
        self, lesson: Lesson, configurations: Sequence[Configuration]
    ) -> list[Predictor | str]:
        """Fit configurations on a lesson, in their order; why, where a stage fails."""
        data = self.refit_data(lesson, configurations)
        outcomes = dict(self.pipeline.run(STUDENT, data, configurations))
        self.trained(len(configurations))
        return [writable(outcomes[at], each, data) for at, each in enumerate(configurations)]

    def evaluate(
        self, exams: Sequence[Exam], configurations: Sequence[Configuration]
    ) -> list[Trial]:
        """Evaluate configurations, which may build on others."""
        data = self.data(exams, configurations)
        tasks = list(enumerate(configurations, self.counts.trials))
        arriving = self.pipeline.run(TRIAL, data, tasks)
        finished = {at: self.best.offer(trial) for at, trial in arriving}
        trials = [finished[at] for at in range(len(tasks))]
        for trial in trials:
            self.tell(trial)
            self.fitting.scheduler.observe(trial)  # a search tells it by itself
        return trials

    def data(
        self, exams: Sequence[Exam], configurations: Sequence[Configuration] = ()
    ) -> SearchData:
        """Return what trials of these configurations need."""
        prepared = self.predecessors.prepared
        splits = tuple(exam.split(prepared(exam.lesson, configurations)) for exam in exams)
        return SearchData(splits, self.fitting, drafts=self.best.wanted)

    def refit_data(self, lesson: Lesson, configurations: Sequence[Configuration]) -> RefitData:
        """Return what fits of these configurations for good need."""
        return RefitData(self.predecessors.prepared(lesson, configurations), self.fitting)

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
    lesson : Lesson
        All rows that its students were fitted on for good.
    provenance : Provenance
        Tells each of them how it was made.
    finals : Finals, optional
        Judges them by the selection rows, where `lesson` leaves these out.
    """

    trainer: Trainer
    lesson: Lesson
    provenance: Provenance
    finals: Finals = NO_FINALS

    def fit(self, configuration: Configuration) -> Predictor:
        """Fit a configuration; see :meth:`Trainer.fit`."""
        student = self.trainer.fit(self.lesson, configuration)
        raced = self.provenance.raced(configuration)
        trial = None if raced is None else self.judged(raced, student)
        return self.provenance.signed(student, configuration, trial)

    def judged(self, trial: Trial, student: Predictor) -> Trial:
        """Return a trial with what the selection rows say of its student on all rows."""
        return self.finals.judged(trial, student, self.trainer.fitting)

    def cost(self, configuration: Configuration) -> int:
        """Return how many models :meth:`fit` trains, with those that it is built on."""
        return 1 + self.trainer.predecessors.cost([configuration], self.lesson)

    @property
    def models_trained(self) -> int:
        """How many models the run trained, with all that were fitted since."""
        return self.trainer.counts.models_trained
