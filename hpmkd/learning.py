"""Everything that is fitted to soft targets: trials, chain, finalists, ensemble, controls."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hpmkd.chain import ProgressiveDistillationChain
from hpmkd.collapse import BREAKS, Collapse
from hpmkd.ensemble import Ensemble, fit_ensemble, strongest
from hpmkd.errors import HpmkdError
from hpmkd.finalists import Finalists, Refitted, fit_finalists, pairs
from hpmkd.gates import Gate
from hpmkd.lessons import selection_rows
from hpmkd.rations import Rations
from hpmkd.refits import Refits
from hpmkd.registry import PluginWarning
from hpmkd.search import Search
from hpmkd.shelf import UNKEPT, Shelf
from hpmkd.standing import UNLIMITED, Standing
from hpmkd.values import SearchSpace, Trial

if TYPE_CHECKING:
    from hpmkd.budget import Budget
    from hpmkd.chain import ChainLink
    from hpmkd.components import Components
    from hpmkd.contracts import Predictor
    from hpmkd.lessons import Exam, Lesson
    from hpmkd.progress import Progress
    from hpmkd.provenance import Provenance
    from hpmkd.recipe import Recipe
    from hpmkd.registry import Registry
    from hpmkd.seeds import Seeds
    from hpmkd.trainer import Trainer
    from hpmkd.values import Configuration, Hyperparameter


@dataclass(frozen=True)
class Found:
    """What a search found, and what ended it."""

    trials: Sequence[Trial]
    ended: str


@dataclass(frozen=True)
class Learning:
    """The student half of a run; :class:`~hpmkd.teaching.Teaching` is the other.

    Parameters
    ----------
    trainer : Trainer
        Fits students, and counts them.
    links : sequence of ChainLink
        The chain.
    recipe, parts, seeds, progress, registry
        Of the run.
    budget : Budget
        Of the run.
    features : Shelf
        Where encoded rows are looked for.
    standing : Standing
        Ranks trials.
    """

    trainer: Trainer
    links: Sequence[ChainLink]
    recipe: Recipe
    parts: Components
    seeds: Seeds
    progress: Progress
    registry: Registry
    budget: Budget
    features: Shelf = UNKEPT
    standing: Standing = UNLIMITED

    @property
    def encodings(self) -> set[str]:
        """The encodings that the stages in the race read."""
        return {played.stage.encoding for played in self.trainer.fitting.stages.values()}

    @cached_property
    def rations(self) -> Rations:
        """Who may train how many models."""
        spare = 1 if self.recipe.limits else 0
        return Rations(self.budget, self.links, self.trainer.predecessors, spare)

    def search(
        self,
        exams: Sequence[Exam],
        alphas: Sequence[float],
        remembered: Mapping[str, Sequence[Mapping[str, Hyperparameter]]],
    ) -> Found:
        """Evaluate configurations until the sampler, the results or the budget end it.

        Parameters
        ----------
        exams : sequence of Exam
            The selection rows, and what is fitted.
        alphas : sequence of float
            Weights of the teacher that the run's regime allows.
        remembered : mapping
            By stage, hyperparameters to try first.
        """
        settings, fits = self.recipe.search, len(exams)
        n_stages = len(self.trainer.fitting.stages)
        models = self.rations.for_search(fits, n_stages)
        space = SearchSpace(
            stages={name: played.stage for name, played in self.trainer.fitting.stages.items()},
            temperatures=settings.temperatures,
            alphas=with_control(alphas),
            seed=self.seeds.sampler,
            n_rows=min(len(exam.lesson.rows) for exam in exams),
            fits=fits,
            models=models,
            remembered=remembered,
        )
        search = Search(
            sampler=self.parts.sampler.create(space),
            scheduler=self.trainer.fitting.scheduler,
            executor=self.trainer.executor,
            data=self.trainer.data(exams),
            batch=settings.batch,
            stop=settings.stop,
            budget=self.budget,
            kept=self.rations.kept(fits, n_stages),
            standing=self.standing,
            on_trial=self._trial_finished,
        )
        most = settings.batch if models is None else max(1, models // fits)
        self.progress.start("search", search.sampler.total or most)
        ended = search.run()
        self.progress.finish()
        return Found(search.trials, ended)

    def chain(
        self, trials: Sequence[Trial], exams: Sequence[Exam], alphas: Sequence[float]
    ) -> tuple[list[Trial], list[Trial], list[Gate]]:
        """Let stages build on each other.

        Returns
        -------
        racing : list of Trial
            What is in the race now: the trials given, and those of links that were kept.
        tried : list of Trial
            All trials, also those of links that were refused.
        gates : list of Gate
            One per link.
        """
        tried = list(trials)

        def evaluated(configurations: Sequence[Configuration]) -> list[Trial]:
            found = self.trainer.evaluate(exams, configurations, first=len(tried))
            tried.extend(found)
            return found

        def refused(configurations: Sequence[Configuration], racing: Sequence[Trial]) -> str | None:
            return self.rations.chained(configurations, racing, exams)

        self.progress.start("chain", len(self.links))
        chain = ProgressiveDistillationChain(
            self.links,
            with_control(alphas),
            evaluated,
            self.progress.advance,
            refused,
            self.standing,
        )
        racing, gates = chain.run(trials)
        self.progress.finish()
        return racing, tried, gates

    def refit(self, lesson: Lesson, provenance: Provenance) -> Finalists:
        """Fit each stage's best and its control on all training rows."""
        paired = pairs(provenance.trials, self.trainer.fitting.stages, self.standing)
        self.progress.start("refit", 2 * len(paired))
        chosen = [each.configuration for pair in paired.values() for each in pair.trials]
        data = self.trainer.refit_data(lesson, chosen)
        refits, executor = self._refits(lesson, provenance), self.trainer.executor
        finalists = refits.within(
            fit_finalists(paired, data, executor, self._student_fitted, refits.finished)
        )
        self.progress.finish()
        for stage, refitted in finalists.students.items():
            self.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
        return finalists

    def ensemble(
        self,
        finalists: Finalists,
        exams: Sequence[Exam],
        lesson: Lesson,
        provenance: Provenance,
    ) -> Ensemble | None:
        """Fuse the strongest students; None if there are not two of them."""
        names = strongest(finalists, self.recipe.ensemble.top)
        if len(names) < 2:
            return None
        rows, fuser = lesson.rows.rows(selection_rows(exams)), self.parts.ensemble_fuser
        return fit_ensemble(finalists, names, fuser, rows.labels, rows.table, provenance)

    def collapse(
        self,
        finalists: Finalists,
        ensemble: Ensemble | None,
        exams: Sequence[Exam],
        lesson: Lesson,
        alphas: Sequence[float],
        provenance: Provenance,
    ) -> tuple[Finalists, Gate]:
        """Distil the ensemble into the chosen stage; kept if the selection rows say so."""
        if ensemble is None:
            return finalists, Gate("collapse", False, "there are not two students to fuse")
        before = finalists.students[finalists.chosen].trial
        members = [finalists.students[name].trial.configuration for name in ensemble.names]
        if spent := self.rations.collapsed(members, before.configuration, len(alphas), len(exams)):
            return finalists, Gate("collapse", False, f"not tried: {spent}")
        collapse = Collapse(
            members,
            self.parts.ensemble_fuser,
            self.trainer.predecessors,
            self.trainer.evaluate,
            self.standing,
        )
        after, decision = collapse.attempt(before, exams, alphas)
        if after is None:
            return finalists, decision
        try:
            student = self.trainer.fit(collapse.retaught(lesson), after.configuration)
        except HpmkdError as failed:
            return finalists, Gate("collapse", False, str(failed))
        refits = self._refits(lesson, provenance)
        collapsed = refits.finished(after, student)
        if refits.keeps(finalists.shipped) > refits.keeps(collapsed):
            return finalists, Gate("collapse", False, BREAKS)
        return finalists.with_collapsed(collapsed), decision

    def front(
        self, finalists: Finalists, lesson: Lesson, provenance: Provenance
    ) -> tuple[Refitted, ...]:
        """Fit what else is on the Pareto front of the trials, with the models that are left."""
        self.progress.start("front", 1)
        found = self._refits(lesson, provenance).front(finalists, self.recipe.front.size)
        self.progress.finish()
        return found

    def _refits(self, lesson: Lesson, provenance: Provenance) -> Refits:
        return Refits(provenance, lesson, self.standing, self.trainer, self.rations)

    def self_taught(self, finalists: Finalists, lesson: Lesson) -> Predictor | str | None:
        """Fit the shipped configuration to what its control says instead of the teachers.

        It tells knowledge from smoothing: this student has soft labels as well, but nobody
        who knew more. None if the shipped student hears of no teacher, or a stage fails; a
        string says that the budget does not allow it.
        """
        trial, control = finalists.shipped.trial, finalists.controls[finalists.chosen]
        if trial.configuration.hard:
            return None
        if spent := self.rations.self_taught(trial.configuration, control.trial.configuration):
            return f"Not compared with the same student taught by its hard twin: {spent}"
        self.progress.start("controls", 1)
        try:
            said = self.trainer.predecessors.unseen(lesson, control.trial.configuration)
            return self.trainer.fit(lesson.taught(said.rows, said.extra), trial.configuration)
        except HpmkdError as failed:
            message = f"no student taught by itself is compared with the shipped one: {failed}"
            warnings.warn(message, PluginWarning, stacklevel=3)
            return None
        finally:
            self.progress.finish()

    def _trial_finished(self, trial: Trial) -> None:
        self.trainer.tell(trial)
        self.progress.advance()

    def _student_fitted(self) -> None:
        self.trainer.trained(1)
        self.progress.advance()


def with_control(alphas: Sequence[float]) -> tuple[float, ...]:
    """Return the weights of the teacher that are tried: alpha = 0 is always among them."""
    return tuple(sorted({0.0, *alphas}))
