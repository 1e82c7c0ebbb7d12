"""Fits students, for trials and on all rows, and counts every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain.parents import ParentStudents
from hpmkd.errors import PluginError
from hpmkd.training.best_so_far import BestSoFar
from hpmkd.training.refit import writable
from hpmkd.training.student_fits import RefitData, fit_students
from hpmkd.training.trials import TRIAL, SearchData, TrialTask

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.execution.counters import Counts
    from hpmkd.execution.pipeline import ParallelDistillationPipeline
    from hpmkd.registry.registry import Registry
    from hpmkd.training.datasets import SelectionSet, TrainingSet
    from hpmkd.training.fit import FitContext
    from hpmkd.training.race import RowLosses
    from hpmkd.values import Configuration, Trial


@dataclass(frozen=True)
class Trainer:
    """Fits students; every step that trains some goes through it."""

    fitting: FitContext  # how students are fitted; its scheduler observes every trial
    pipeline: ParallelDistillationPipeline
    counts: Counts
    registry: Registry
    #: Receives every trial as soon as it is there.
    best: BestSoFar = field(default_factory=BestSoFar)
    timed: bool = False  # whether trials measure the time of a row

    @cached_property
    def parents(self) -> ParentStudents:
        """The students that others build on."""
        return ParentStudents(self.fitting, self.pipeline, self.trained)

    def fit(self, training: TrainingSet, configuration: Configuration) -> Predictor:
        """Fit a configuration.

        Raises
        ------
        HpmkdError
            If its stage fails.
        """
        (student,) = self.fit_all(training, [configuration])
        if isinstance(student, str):
            raise PluginError(student)
        return student

    def fit_all(
        self, training: TrainingSet, configurations: Sequence[Configuration]
    ) -> list[Predictor | str]:
        """Fit configurations, in their order; a string is the reason why a stage failed."""
        data = self.refit_data(training, configurations)
        fitted = fit_students(self.pipeline, data, configurations, lambda: self.trained(1))
        return [writable(fitted[each.key], each, data) for each in configurations]

    def evaluate(
        self,
        selection_sets: Sequence[SelectionSet],
        configurations: Sequence[Configuration],
        leader: RowLosses | None = None,
    ) -> list[Trial]:
        """Evaluate configurations, which may build on others, in a race with a leader if any."""
        data = self.search_data(selection_sets, configurations)
        first = self.counts.trials
        tasks = [TrialTask(first + at, each, leader) for at, each in enumerate(configurations)]
        arriving = self.pipeline.run(TRIAL, data, tasks)
        finished = {at: self.best.offer(trial) for at, trial in arriving}
        trials = [finished[at] for at in range(len(tasks))]
        for trial in trials:
            self.count(trial)
            self.fitting.scheduler.observe(trial)  # a search does that by itself
        return trials

    def search_data(
        self,
        selection_sets: Sequence[SelectionSet],
        configurations: Sequence[Configuration] = (),
        students: bool = False,
    ) -> SearchData:
        """Return what trials of these configurations need; whether their students are wanted."""
        prepared = tuple(self.parents.prepare_set(each, configurations) for each in selection_sets)
        return SearchData(
            prepared, self.fitting, self.best.wanted, students=students, timed=self.timed
        )

    def refit_data(
        self, training: TrainingSet, configurations: Sequence[Configuration]
    ) -> RefitData:
        """Return what fits of these configurations on all rows need."""
        return RefitData(self.parents.prepared(training, configurations), self.fitting)

    def count(self, trial: Trial) -> None:
        """Count a trial and notify observers."""
        self.trained(trial.models_trained)
        alike = replace(trial.configuration, hyperparameters={}).key
        self.counts.count_trial(trial.worker, trial.seconds, alike)
        self.registry.notify("hpmkd_trial_finished", trial=trial)

    def trained(self, n: int) -> None:
        """Count so many further models."""
        self.counts.count_models(n)
