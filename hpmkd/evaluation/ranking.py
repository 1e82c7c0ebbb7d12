"""Ranks trials: those within the limits first, then by the metric on the selection rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hpmkd.evaluation.metrics import LOG_LOSS
from hpmkd.evaluation.pareto import SelectionMetrics
from hpmkd.recipe.limits import Limits
from hpmkd.values import weighted_mean

if TYPE_CHECKING:
    from hpmkd.evaluation.metrics import Metric
    from hpmkd.values import FloatArray, IntArray, Trial

#: What a trial and its cuts have in common.
OF_THE_FIT = ("models_trained", "seconds", "worker", "state", "softening")
SortKey = tuple[bool, float, bool, int]


@dataclass(frozen=True)
class TrialRanking:
    """What ranks the trials of a run."""

    limits: Limits = field(default_factory=Limits)
    teacher_accuracy: float = 1.0  # on the selection rows, by models that had not seen them
    metric: Metric = LOG_LOSS  # what the losses of trials are

    @classmethod
    def beside_teacher(
        cls,
        soft_targets: FloatArray,
        labels: IntArray,
        limits: Limits,
        metric: Metric = LOG_LOSS,
        weights: FloatArray | None = None,
    ) -> TrialRanking:
        """Return the ranking beside teachers with these soft targets of the selection rows.

        They are out of fold, where teachers are cross-fitted. The rows may have weights.
        """
        accuracy = weighted_mean(soft_targets.argmax(axis=1) == labels, weights)
        return cls(limits, accuracy, metric)

    def metrics(self, trial: Trial) -> SelectionMetrics | None:
        """Return a trial's figures; None if it failed, or its student cannot be written."""
        if trial.failure is not None or trial.n_bytes is None:
            return None
        return SelectionMetrics(
            trial.loss, trial.n_bytes, trial.row_us or 0.0, self.retention(trial)
        )

    def retention(self, trial: Trial) -> float:
        """Return a trial's accuracy over the teacher's."""
        return self.retained(trial.accuracy)

    def retained(self, accuracy: float) -> float:
        """Return an accuracy over the teacher's; 1 beside a teacher that is never right."""
        return accuracy / self.teacher_accuracy if self.teacher_accuracy else 1.0

    def violates_limits(self, trial: Trial) -> bool:
        """Whether a trial breaks a limit; one without figures keeps none."""
        if not self.limits:
            return False
        figures = self.metrics(trial)
        return figures is None or bool(self.limits.broken(figures))

    def sort_key(self, trial: Trial) -> SortKey:
        """Return what trials are sorted by: the limits; the loss; controls first; the order."""
        return (
            self.violates_limits(trial),
            trial.loss,
            not trial.configuration.hard,
            trial.number,
        )

    def preferred(self, trial: Trial) -> Trial:
        """Return the trial, or a cut of it that ranks before it: where limits are tight."""
        first, *others = sorted((trial, *trial.shorter), key=self.sort_key)
        if first is trial:
            return trial
        # One fit made them all: what it took is the first one's.
        own = {name: getattr(trial, name) for name in OF_THE_FIT}
        return replace(first, **own, shorter=tuple(replace(each, shorter=()) for each in others))

    def penalised(self, trial: Trial) -> Trial:
        """Return a trial as its sampler receives it, so that it searches within the limits.

        One beyond them is worse by a nat, and by another for every doubling beyond them. On a
        part of the rows it may still come to retain enough: that counts for nothing.
        """
        figures = self.metrics(trial)
        if figures is None or not self.limits:
            return trial
        if trial.configuration.share < 1:
            figures = replace(figures, retention=self.limits.min_retention)
        excess = self.limits.excess(figures)
        return replace(trial, row_losses=trial.row_losses + 1.0 + excess) if excess else trial


#: Without limits, the loss decides.
NO_LIMITS = TrialRanking()
