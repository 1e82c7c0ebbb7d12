"""Students fitted on all rows beside each stage's best: in place of one, or for the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import HpmkdError, PluginWarning, warn
from hpmkd.evaluation.footprint import Footprint
from hpmkd.evaluation.latency import BATCH
from hpmkd.evaluation.pareto import SelectionMetrics, pareto_front
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.training.refit import Finalists, Refitted, best, candidates, leading, report
from hpmkd.training.trials import judge_again

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.data.dataset import Dataset
    from hpmkd.engine.budget_plan import BudgetPlan
    from hpmkd.engine.trainer import Trainer
    from hpmkd.evaluation.ranking import TrialRanking
    from hpmkd.training.datasets import TrainingSet
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Trial

#: How many students of a stage are fitted in place of one that breaks a limit.
REPLACEMENTS = 3
#: Why a stage cannot ship after all.
OUTGROWN = "fitted on all rows, its students break a limit"


@dataclass(frozen=True)
class FinalSelection:
    """Fits trials on all rows, and ranks the students."""

    provenance: Provenance  # its trials may win
    training: TrainingSet
    ranking: TrialRanking
    trainer: Trainer
    budget_plan: BudgetPlan
    #: The selection rows, where `training` leaves these out: they judge the students again.
    final_rows: Dataset | None = None

    def finish(self, trial: Trial, student: Predictor) -> Refitted:
        """Judge a student that was fitted on all rows by a trial, sign it, and measure it.

        Raises
        ------
        PluginError
            If it fails when it is judged.
        """
        trial = judge_again(trial, student, self.trainer.fitting, self.final_rows)
        signed = self.provenance.signed(student, trial.configuration, trial)
        rows = self.training.raw
        few = rows.rows(np.arange(min(len(rows), BATCH)))  # no more are timed
        return Refitted(trial, signed, Footprint.of_student(signed, few.table))

    def keeps_limits(self, refitted: Refitted) -> bool:
        """Whether a student keeps the limits, by its own file and its own time."""
        footprint, trial = refitted.footprint, refitted.trial
        metrics = SelectionMetrics(
            trial.loss, footprint.n_bytes, footprint.row_us, self.ranking.retention(trial)
        )
        return not self.ranking.limits.broken(metrics)

    def replace_violators(self, finalists: Finalists, size: int) -> Finalists:
        """Replace students that broke a limit once they were fitted on all rows.

        Of the students that keep the limits, the selection rows choose: where they judge
        students on all rows, that may be another than after the trials. A stage drops out if
        none of its students keeps the limits. If that is so in all stages, the front is
        fitted now, and a student of it that keeps the limits takes the place of its stage. If
        there is none either, the students stay.

        At most `size` students of the front are fitted.
        """
        tried = {
            stage: self._replacements(refitted, finalists.controls[stage])
            for stage, refitted in finalists.students.items()
        }
        fitted = [*(each for own in tried.values() for each in own), *finalists.controls.values()]
        fitted += finalists.beside
        bests = self._bests(fitted)
        if not bests:
            fitted += self.front(replace(finalists, beside=tuple(fitted)), size)
            bests = self._bests(fitted)
        controls = {stage: self._control(stage, fitted) for stage in bests}
        alone = {stage for stage, control in controls.items() if control is None}
        fitted = [each for each in fitted if each.trial.configuration.stage not in alone]
        students = {stage: each for stage, each in bests.items() if stage not in alone}
        if not students:
            return replace(finalists, beside=tuple(fitted))
        report({stage: OUTGROWN for stage in tried if stage not in students}, students)
        return replace(
            finalists,
            students=students,
            controls={stage: each for stage, each in controls.items() if each is not None},
            shipped=leading(students),
            beside=tuple(fitted),
        )

    def _bests(self, fitted: Sequence[Refitted]) -> dict[str, Refitted]:
        """Return the best of each stage that keep the limits, in the order of the stages."""
        bests: dict[str, Refitted] = {}
        for each in filter(self.keeps_limits, fitted):
            leading = bests.setdefault(each.trial.configuration.stage, each)
            if NO_LIMITS.sort_key(each.trial) < NO_LIMITS.sort_key(leading.trial):
                bests[each.trial.configuration.stage] = each
        return bests

    def _replacements(self, first: Refitted, control: Refitted) -> list[Refitted]:
        """Return students of a stage as they were tried, up to the first that keeps the limits."""
        stage, tried, n_fitted = first.trial.configuration.stage, [first], 0
        fitted = {each.trial.configuration.key: each for each in (control, first)}
        rivals = sorted(candidates(self.provenance.trials, [stage]), key=self.ranking.sort_key)
        for trial in rivals:
            if self.keeps_limits(tried[-1]):
                break
            key = trial.configuration.key
            if key == first.trial.configuration.key:
                continue
            more: Sequence[Refitted | str] = [fitted[key]] if key in fitted else ()
            within = not self.ranking.violates_limits(trial)
            if not more and n_fitted < REPLACEMENTS and within:
                more = self._fit(self.budget_plan.affordable([trial], self.training))
                n_fitted += 1
            tried += [each for each in more if isinstance(each, Refitted)]
        return tried

    def _control(self, stage: str, fitted: Sequence[Refitted]) -> Refitted | None:
        """Return a stage's best on hard labels, within the limits if any is; None without one."""
        own = [each for each in fitted if each.trial.configuration.stage == stage]
        hard = [each for each in own if each.trial.configuration.hard]
        if not hard:
            trial = best(self.provenance.trials, stage, control=True, ranking=self.ranking)
            trials = [] if trial is None else self.budget_plan.affordable([trial], self.training)
            hard = [each for each in self._fit(trials) if isinstance(each, Refitted)]
        return min(
            hard,
            key=lambda each: (not self.keeps_limits(each), NO_LIMITS.sort_key(each.trial)),
            default=None,
        )

    def front(self, finalists: Finalists, size: int) -> tuple[Refitted, ...]:
        """Fit trials on the Pareto front that are not fitted yet.

        The smallest and the fastest come first, then those of the lowest loss.

        At most `size` of them, none of those in `finalists`.
        """
        fitted = {each.trial.configuration.key for each in finalists.refitted}
        ordered = {trial.configuration.key: trial for trial in self._front_trials()}
        missing = [trial for key, trial in ordered.items() if key not in fitted]
        trials = self.budget_plan.affordable(missing[:size], self.training)
        found = []
        for trial, refitted in zip(trials, self._fit(trials), strict=True):
            if isinstance(refitted, Refitted):
                found.append(refitted)
                continue
            message = f"student {trial.name} of the front is missing: {refitted}"
            warn(message, PluginWarning)
        return tuple(found)

    def cuts(self, chosen: Sequence[Trial]) -> list[Trial]:
        """Return the trials on the front that are cuts of some trials: they take no other fit."""
        own = {cut.configuration.key for trial in chosen for cut in trial.shorter}
        front = {trial.configuration.key: trial for trial in self._front_trials()}
        return [trial for key, trial in front.items() if key in own]

    def _fit(self, trials: Sequence[Trial]) -> list[Refitted | str]:
        """Fit trials on all rows; a string is the reason why one failed."""
        students = self.trainer.fit_all(self.training, [each.configuration for each in trials])
        return [self._finished(*each) for each in zip(trials, students, strict=True)]

    def _finished(self, trial: Trial, student: Predictor | str) -> Refitted | str:
        try:
            return student if isinstance(student, str) else self.finish(trial, student)
        except HpmkdError as failed:
            return str(failed)

    def _front_trials(self) -> list[Trial]:
        """Return the trials on the front: the smallest, the fastest, then by loss."""
        trials = [cut for trial in self.provenance.trials for cut in (trial, *trial.shorter)]
        stages = {trial.configuration.stage for trial in trials}
        measured = [(each, self.ranking.metrics(each)) for each in candidates(trials, stages)]
        front = pareto_front(
            [(trial, metrics) for trial, metrics in measured if metrics is not None],
            lambda each: each[1],
        )
        if not front:
            return []
        smallest = min(front, key=lambda each: (each[1].n_bytes, each[1].loss))
        fastest = min(front, key=lambda each: (each[1].row_us, each[1].loss))
        return [trial for trial, _ in (smallest, fastest, *front)]
