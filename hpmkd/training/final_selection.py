"""Students fitted on all rows beside each stage's best: in place of one, or for the front."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.errors import HpmkdError
from hpmkd.evaluation.latency import BATCH
from hpmkd.evaluation.pareto import Figures, pareto_front
from hpmkd.evaluation.ranking import NO_LIMITS
from hpmkd.registry.registry import PluginWarning
from hpmkd.training.final_rows import NO_FINAL_ROWS, FinalRows
from hpmkd.training.footprint import Footprint
from hpmkd.training.refit import Finalists, Refitted, best, candidates, report

if TYPE_CHECKING:
    from hpmkd.chain.parents import TrainingSet
    from hpmkd.contracts import Predictor
    from hpmkd.engine.budget_plan import BudgetPlan
    from hpmkd.engine.trainer import Trainer
    from hpmkd.evaluation.ranking import TrialRanking
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Trial

#: How many students of a stage are fitted in place of one that breaks a limit.
REPLACEMENTS = 3
#: Why a stage is out of the race after all.
OUTGROWN = "fitted on all rows, its students break a limit"


@dataclass(frozen=True)
class FinalSelection:
    """Fits further trials on all rows.

    Parameters
    ----------
    provenance : Provenance
        Signs students; it knows the trials in the race.
    training_set : TrainingSet
        All rows that students are fitted on for good.
    ranking : TrialRanking
        Ranks the trials.
    trainer : Trainer
        Fits them, and counts.
    budget_plan : BudgetPlan
        Says for which of them there are models left.
    finals : FinalRows, optional
        Judges them by the selection rows, where `lesson` leaves these out.
    """

    provenance: Provenance
    training_set: TrainingSet
    ranking: TrialRanking
    trainer: Trainer
    budget_plan: BudgetPlan
    finals: FinalRows = NO_FINAL_ROWS

    def finished(self, trial: Trial, student: Predictor) -> Refitted:
        """Judge a student that was fitted on all rows by a trial, sign it, and weigh it.

        Raises
        ------
        PluginError
            If it fails when it is judged.
        """
        trial = self.finals.judged(trial, student, self.trainer.fitting)
        signed = self.provenance.signed(student, trial.configuration, trial)
        rows = self.training_set.rows
        few = rows.rows(np.arange(min(len(rows), BATCH)))  # no more are asked
        return Refitted(trial, signed, Footprint.of(signed, few.table))

    def keeps(self, refitted: Refitted) -> bool:
        """Whether a student keeps the limits, by its own file and its own time."""
        return not self.ranking.limits.broken(self.figures(refitted))

    def figures(self, refitted: Refitted) -> Figures:
        """Return what its trial said on the selection rows, and what it takes itself."""
        trial, weight = refitted.trial, refitted.weight
        retention = self.ranking.retention(trial)
        return Figures(trial.log_loss, weight.n_bytes, weight.latency.row_us, retention)

    def within(self, finalists: Finalists, size: int) -> Finalists:
        """Replace students that turned out to break a limit, or to be worse than their control.

        They learned from more rows than in their trials, so that they may be larger. The next
        of the same stage is tried, by what the selection rows say. Up to three are fitted for
        that; those that are fitted already, such as the control, cost nothing and are always
        looked at. Of those that keep the limits the selection rows choose: where they judge
        students on all rows, that may be another than in the race. A stage is out of the race
        if none of its students keeps the limits. If that is so in all stages, the front is
        fitted now, and whoever keeps the limits on it takes the place of its stage. If still
        nobody does, the students stay.

        Parameters
        ----------
        finalists : Finalists
            Each stage's best, and its control.
        size : int
            How many students of the front may be fitted.
        """
        tried = {
            stage: self._tried(refitted, finalists.controls[stage])
            for stage, refitted in finalists.students.items()
        }
        known = [*(each for own in tried.values() for each in own), *finalists.controls.values()]
        kept = self._bests(known)
        if not kept:
            known += self.front(replace(finalists, beside=tuple(known)), size)
            kept = self._bests(known)
        controls = {stage: self._control(stage, known) for stage in kept}
        alone = {stage for stage, control in controls.items() if control is None}
        known = [each for each in known if each.trial.configuration.stage not in alone]
        students = {stage: each for stage, each in kept.items() if stage not in alone}
        if not students:
            return replace(finalists, beside=tuple(known))
        report({stage: OUTGROWN for stage in tried if stage not in students}, students)
        return replace(
            finalists,
            students=students,
            controls={stage: each for stage, each in controls.items() if each is not None},
            chosen=min(students, key=lambda stage: NO_LIMITS.sort_key(students[stage].trial)),
            beside=tuple(known),
        )

    def unlike(self, finalists: Finalists) -> tuple[str, ...]:
        """Say so where the student to ship keeps the limits and its control does not."""
        control = finalists.controls[finalists.chosen]
        if self.keeps(control) >= self.keeps(finalists.shipped):
            return ()
        return ("No control of its stage keeps the limits: it is compared with one that does not",)

    def _bests(self, known: Sequence[Refitted]) -> dict[str, Refitted]:
        """Return the best of each stage that keep the limits, in the order of the stages."""
        bests: dict[str, Refitted] = {}
        for each in filter(self.keeps, known):
            leading = bests.setdefault(each.trial.configuration.stage, each)
            if NO_LIMITS.sort_key(each.trial) < NO_LIMITS.sort_key(leading.trial):
                bests[each.trial.configuration.stage] = each
        return bests

    def _tried(self, first: Refitted, control: Refitted) -> list[Refitted]:
        """Return students of a stage as they were tried, up to the first that keeps the limits."""
        stage, tried, n_fitted = first.trial.configuration.stage, [first], 0
        known = {each.trial.configuration.key: each for each in (control, first)}
        rivals = sorted(candidates(self.provenance.trials, [stage]), key=self.ranking.sort_key)
        for trial in rivals:
            if self.keeps(tried[-1]):
                break
            key = trial.configuration.key
            if key == first.trial.configuration.key:
                continue
            more: Sequence[Refitted | str] = [known[key]] if key in known else ()
            if not more and n_fitted < REPLACEMENTS and not self.ranking.over(trial):
                more = self._fit(self.budget_plan.refitted([trial], self.training_set))
                n_fitted += 1
            tried += [each for each in more if isinstance(each, Refitted)]
        return tried

    def _control(self, stage: str, known: Sequence[Refitted]) -> Refitted | None:
        """Return a stage's best on hard labels, within the limits if any is; None without one."""
        own = [each for each in known if each.trial.configuration.stage == stage]
        hard = [each for each in own if each.trial.configuration.hard]
        if not hard:
            trial = best(self.provenance.trials, stage, control=True, ranking=self.ranking)
            paid = [] if trial is None else self.budget_plan.refitted([trial], self.training_set)
            hard = [each for each in self._fit(paid) if isinstance(each, Refitted)]
        return min(
            hard,
            key=lambda each: (not self.keeps(each), NO_LIMITS.sort_key(each.trial)),
            default=None,
        )

    def front(self, finalists: Finalists, size: int) -> tuple[Refitted, ...]:
        """Fit trials on the Pareto front that are not fitted yet.

        The smallest and the fastest come first, then those of the lowest log loss.

        Parameters
        ----------
        finalists : Finalists
            Those that are.
        size : int
            How many further ones.
        """
        fitted = {each.trial.configuration.key for each in finalists.refitted}
        ordered = {trial.configuration.key: trial for trial in self._front()}
        missing = [trial for key, trial in ordered.items() if key not in fitted]
        chosen = self.budget_plan.refitted(missing[:size], self.training_set)
        found = []
        for trial, refitted in zip(chosen, self._fit(chosen), strict=True):
            if isinstance(refitted, Refitted):
                found.append(refitted)
                continue
            name = f"{trial.configuration.stage}-{trial.number}"
            message = f"student {name} of the front is not there: {refitted}"
            warnings.warn(message, PluginWarning, stacklevel=3)
        return tuple(found)

    def _fit(self, chosen: Sequence[Trial]) -> list[Refitted | str]:
        students = self.trainer.fit_all(self.training_set, [each.configuration for each in chosen])
        return [self._finished(*each) for each in zip(chosen, students, strict=True)]

    def _finished(self, trial: Trial, student: Predictor | str) -> Refitted | str:
        try:
            return student if isinstance(student, str) else self.finished(trial, student)
        except HpmkdError as failed:
            return str(failed)

    def _front(self) -> list[Trial]:
        """Return the trials on the front, the smallest, the fastest, then by log loss."""
        trials = self.provenance.trials
        stages = {trial.configuration.stage for trial in trials}
        known = [(each, self.ranking.figures(each)) for each in candidates(trials, stages)]
        front = pareto_front(
            [(trial, figures) for trial, figures in known if figures is not None],
            lambda each: each[1],
        )
        if not front:
            return []
        smallest = min(front, key=lambda each: (each[1].n_bytes, each[1].log_loss))
        fastest = min(front, key=lambda each: (each[1].row_us, each[1].log_loss))
        return [trial for trial, _ in (smallest, fastest, *front)]
