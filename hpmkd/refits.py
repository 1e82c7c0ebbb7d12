"""Students fitted on all rows beside each stage's best: in place of one, or for the front."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpmkd.figures import Figures, pareto_front
from hpmkd.finalists import Finalists, Refitted, candidates, report
from hpmkd.registry import PluginWarning
from hpmkd.weighing import Weight

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.lessons import Lesson
    from hpmkd.provenance import Provenance
    from hpmkd.rations import Rations
    from hpmkd.standing import Standing
    from hpmkd.trainer import Trainer
    from hpmkd.values import Trial

#: How many students of a stage are fitted in place of one that breaks a limit.
REPLACEMENTS = 3


@dataclass(frozen=True)
class Refits:
    """Fits further trials on all rows.

    Parameters
    ----------
    provenance : Provenance
        Signs students; it knows the trials in the race.
    lesson : Lesson
        All training rows.
    standing : Standing
        Ranks the trials.
    trainer : Trainer
        Fits them, and counts.
    rations : Rations
        Says for which of them there are models left.
    """

    provenance: Provenance
    lesson: Lesson
    standing: Standing
    trainer: Trainer
    rations: Rations

    def finished(self, trial: Trial, student: Predictor) -> Refitted:
        """Sign a student that was fitted on all rows by a trial, and weigh it."""
        signed = self.provenance.signed(student, trial.configuration, trial)
        return Refitted(trial, signed, Weight.of(signed, self.lesson.rows.table))

    def keeps(self, refitted: Refitted) -> bool:
        """Whether a student keeps the limits, by its own file and its own time."""
        return not self.standing.limits.broken(self.figures(refitted))

    def figures(self, refitted: Refitted) -> Figures:
        """Return what its trial said on the selection rows, and what it takes itself."""
        trial, weight = refitted.trial, refitted.weight
        retention = self.standing.retention(trial)
        return Figures(trial.log_loss, weight.n_bytes, weight.latency.row_us, retention)

    def within(self, finalists: Finalists) -> Finalists:
        """Replace students that turned out to break a limit.

        They learned from more rows than in their trials, so that they may be larger. The next
        of the same stage takes the place of one, by what the selection rows say, up to three
        times; else the stage is out of the race. If none is left in it, all stay as they are.
        """
        students, beside, failures = {}, list(finalists.beside), {}
        for stage, refitted in finalists.students.items():
            tried = self._tried(stage, refitted, finalists.controls[stage])
            beside += tried[:-1]
            if self.keeps(tried[-1]):
                students[stage] = tried[-1]
            else:
                beside.append(tried[-1])
                failures[stage] = "fitted on all rows, its students break a limit"
        if not students:
            return finalists
        report(failures, students)
        return replace(
            finalists,
            students=students,
            controls={stage: finalists.controls[stage] for stage in students},
            chosen=min(students, key=lambda stage: self.standing.merit(students[stage].trial)),
            beside=tuple(beside),
        )

    def _tried(self, stage: str, first: Refitted, control: Refitted) -> list[Refitted]:
        """Return students of a stage as they were tried, up to the first that keeps the limits."""
        tried, known = [first], {each.trial.configuration.key: each for each in (first, control)}
        rivals = sorted(candidates(self.provenance.trials, [stage]), key=self.standing.merit)
        for trial in rivals:
            if self.keeps(tried[-1]) or len(tried) > REPLACEMENTS or self.standing.over(trial):
                break
            if trial.configuration.key == first.trial.configuration.key:
                continue
            other = known.get(trial.configuration.key)
            more = [] if other else self._fit(self.rations.refitted([trial], self.lesson))
            tried += [each for each in (other, *more) if isinstance(each, Refitted)]
        return tried

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
        chosen = self.rations.refitted(missing[:size], self.lesson)
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
        students = self.trainer.fit_all(self.lesson, [each.configuration for each in chosen])
        return [
            student if isinstance(student, str) else self.finished(trial, student)
            for trial, student in zip(chosen, students, strict=True)
        ]

    def _front(self) -> list[Trial]:
        """Return the trials on the front, the smallest, the fastest, then by log loss."""
        trials = self.provenance.trials
        stages = {trial.configuration.stage for trial in trials}
        known = [(each, self.standing.figures(each)) for each in candidates(trials, stages)]
        front = pareto_front(
            [(trial, figures) for trial, figures in known if figures is not None],
            lambda each: each[1],
        )
        if not front:
            return []
        smallest = min(front, key=lambda each: (each[1].n_bytes, each[1].log_loss))
        fastest = min(front, key=lambda each: (each[1].row_us, each[1].log_loss))
        return [trial for trial, _ in (smallest, fastest, *front)]
