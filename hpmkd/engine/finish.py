"""What is fitted for good once the race is run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpmkd.data import splits
from hpmkd.errors import HpmkdError, PluginError
from hpmkd.evaluation.gates import Gate, gate
from hpmkd.registry.registry import PluginWarning
from hpmkd.training.ensemble import Ensemble, fit_ensemble, strongest
from hpmkd.training.ensemble_distillation import BREAKS, EnsembleDistillation
from hpmkd.training.final_selection import FinalSelection
from hpmkd.training.refit import Finalists, Refitted, fit_finalists, pairs

if TYPE_CHECKING:
    from hpmkd.contracts import Predictor
    from hpmkd.engine.search import StudentSearch
    from hpmkd.engine.teach import TeacherOutputs
    from hpmkd.engine.trainer import Trainer
    from hpmkd.execution.progress import Progress
    from hpmkd.training.provenance import Provenance
    from hpmkd.values import Trial


@dataclass(frozen=True)
class Finisher:
    """Fits finalists, ensemble, controls and the rest of the front.

    Parameters
    ----------
    learning : StudentSearch
        How students are fitted in this run, and what there is left to spend.
    heard : TeacherOutputs
        What students are fitted on, and the selection rows.
    provenance : Provenance
        Signs students; it knows the trials in the race.
    """

    learning: StudentSearch
    heard: TeacherOutputs
    provenance: Provenance

    def refit(self) -> Finalists:
        """Fit each stage's best and its control on the whole lesson."""
        paired = pairs(self.provenance.trials, self.trainer.fitting.stages, self.learning.ranking)
        self._progress.start("refit", 2 * len(paired))
        chosen = [each.configuration for pair in paired.values() for each in pair.trials]
        data = self.trainer.refit_data(self.heard.training_set, chosen)
        refits, pipeline = self._refits, self.trainer.pipeline
        finalists = refits.within(
            fit_finalists(paired, data, pipeline, self._student_fitted, refits.finished),
            self.learning.recipe.front.size,
        )
        self._progress.finish()
        self._tell_of_hard([pair.student for pair in paired.values()], finalists)
        for stage, refitted in finalists.students.items():
            self.learning.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
        return finalists

    def ensemble(self, finalists: Finalists) -> Ensemble | None:
        """Fuse the strongest students; None if there are not two of them, or the fuser fails."""
        names = strongest(finalists, self.learning.recipe.ensemble.top)
        if len(names) < 2:
            return None
        rows, fuser = self.heard.held, self.learning.parts.ensemble_fuser
        try:
            return fit_ensemble(finalists, names, fuser, rows.labels, rows.table, self.provenance)
        except PluginError as failed:
            warnings.warn(f"there is no ensemble: {failed}", PluginWarning, stacklevel=3)
            return None

    def collapse(
        self, finalists: Finalists, ensemble: Ensemble | None, alphas: Sequence[float]
    ) -> tuple[Finalists, Gate]:
        """Distil the ensemble into the chosen stage; kept if the selection rows say so."""
        if ensemble is None:
            return finalists, Gate("collapse", False, "there are not two students to fuse")
        shipped = finalists.students[finalists.chosen].trial
        before = self.provenance.raced(shipped.configuration) or shipped
        members = [finalists.students[name].trial.configuration for name in ensemble.names]
        selection_sets = self.heard.selection_sets
        if spent := self.learning.budget_plan.collapsed(
            members, before.configuration, len(alphas), len(selection_sets)
        ):
            return finalists, Gate("collapse", False, f"not tried: {spent}")
        collapse = EnsembleDistillation(
            members,
            self.learning.parts.ensemble_fuser,
            self.trainer.parents,
            self.trainer.evaluate,
            self.learning.ranking,
        )
        with self._progress.phase("collapse"):
            after, decision = collapse.attempt(before, selection_sets, alphas)
            if after is None:
                return finalists, decision
            try:
                training_set = collapse.with_soft_targets(self.heard.training_set)
                student = self.trainer.fit(training_set, after.configuration)
                collapsed = self._refits.finished(after, student)
            except HpmkdError as failed:
                return finalists, Gate("collapse", False, str(failed))
        if self._refits.keeps(finalists.shipped) > self._refits.keeps(collapsed):
            return finalists, Gate("collapse", False, BREAKS)
        if self.heard.finals:
            decision = gate("collapse", finalists.shipped.trial, collapsed.trial)
        return (finalists.with_collapsed(collapsed) if decision.passed else finalists), decision

    def front(self, finalists: Finalists) -> tuple[Refitted, ...]:
        """Fit what else is on the Pareto front of the trials, with the models that are left.

        Where the student to ship breaks a limit, that was done already: nobody on it kept them.
        """
        if not self._refits.keeps(finalists.shipped):
            return ()
        with self._progress.phase("front"):
            return self._refits.front(finalists, self.learning.recipe.front.size)

    def notes(self, finalists: Finalists) -> tuple[str, ...]:
        """Return what the verdict has to tell of the limits."""
        return self._refits.unlike(finalists)

    def self_taught(self, finalists: Finalists) -> Predictor | str | None:
        """Fit the shipped configuration to what its control says instead of the teachers.

        It tells knowledge from smoothing: this student has soft labels as well, but nobody
        who knew more. None if the shipped student hears of no teacher, or a stage fails; a
        string says that the rows are too many, or that the budget does not allow it.
        """
        trial, control = finalists.shipped.trial, finalists.controls[finalists.chosen]
        if trial.configuration.hard:
            return None
        training_set, most = self.heard.training_set, self.learning.recipe.split.own_above
        n = len(training_set.rows)
        refused = self.learning.budget_plan.self_taught(
            trial.configuration, control.trial.configuration
        )
        if splits.exceeds(n, most):
            refused = f"there are {n} training rows, more than {most} (split.own_above)"
        if refused:
            return f"Not compared with the same student taught by its hard twin: {refused}"
        unseen = self.trainer.parents.unseen
        try:
            with self._progress.phase("controls"):
                said = unseen(training_set, control.trial.configuration)
                return self.trainer.fit(
                    training_set.with_soft_targets(said.rows, said.extra), trial.configuration
                )
        except HpmkdError as failed:
            message = f"no student taught by itself is compared with the shipped one: {failed}"
            warnings.warn(message, PluginWarning, stacklevel=3)
            return None

    @property
    def trainer(self) -> Trainer:
        """Fits students, and counts them."""
        return self.learning.trainer

    @property
    def _progress(self) -> Progress:
        return self.learning.progress

    @property
    def _refits(self) -> FinalSelection:
        learning, heard = self.learning, self.heard
        return FinalSelection(
            self.provenance,
            heard.training_set,
            learning.ranking,
            self.trainer,
            learning.budget_plan,
            heard.finals,
        )

    def _tell_of_hard(self, raced: Sequence[Trial], finalists: Finalists) -> None:
        """Say so where soft labels won in the race, and hard ones win on more rows."""
        fitted = {each.trial.number: each for each in finalists.refitted}
        n = len(self.heard.training_set.rows)
        for first in raced:
            stage, beaten = first.configuration.stage, fitted.get(first.number)
            better = finalists.students.get(stage)
            if better is None or beaten is None or not self._refits.keeps(beaten):
                continue
            if better.trial.configuration.hard and not first.configuration.hard:
                note = (
                    f"{stage}: fitted on {n} rows, hard labels win after all: "
                    f"{better.trial.log_loss:.4f} nats on the selection rows, and "
                    f"{beaten.trial.log_loss:.4f} with the teacher"
                )
                self.learning.registry.notify("hpmkd_noted", note=note)

    def _student_fitted(self) -> None:
        self.trainer.trained(1)
        self._progress.advance()
