"""The engine: knows the order of a run and no algorithm.

Dataset → knowledge → search → students → measurement, one way; each step is a function of
what the steps before it returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hpmkd.data.dataset import Dataset, warn_of_rare_classes
from hpmkd.engine.context import Assembly
from hpmkd.engine.finish import Finisher
from hpmkd.engine.measure import Measurement, SchedulerInUse, compare
from hpmkd.engine.row_caps import binding_caps
from hpmkd.engine.summaries import StudentSummaries
from hpmkd.engine.teach import TeacherOutputs, collect_knowledge
from hpmkd.engine.trainer import Fitter
from hpmkd.evaluation.gates import of_fuser
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.execution.placement import placed
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.runs.checkpoint import RunCheckpoint
from hpmkd.runs.fingerprint import run_fingerprint
from hpmkd.runs.result import Distillation, facts_of_run
from hpmkd.search.warm_start import facts_of, outcomes, recalled, tell_of_others
from hpmkd.training.provenance import Provenance, Run

if TYPE_CHECKING:
    from hpmkd.contracts import Cache
    from hpmkd.engine.measure import Measured
    from hpmkd.engine.search import StudentSearch
    from hpmkd.evaluation.gates import Gate
    from hpmkd.evaluation.verdict import Verdict
    from hpmkd.knowledge.teachers import Teacher
    from hpmkd.recipe.recipe import Recipe
    from hpmkd.registry.registry import Registry
    from hpmkd.training.ensemble import Ensemble
    from hpmkd.training.refit import Finalists
    from hpmkd.values import Trial


@dataclass(frozen=True)
class HPMDistiller:
    """Distils teachers into students by a recipe.

    Parameters
    ----------
    recipe : Recipe
        Which components run, with which settings.
    registry : Registry
        Where the components come from.
    seed : int
        Source of all randomness: the same seed, data and recipe give the same students,
        bit for bit, at any number of workers.
    cache : Cache, optional
        Shared with other runs; by default the recipe's own.
    unfinished : RunCheckpoint
        Keeps what is finished, so that a run that was stopped goes on where it was; closed by
        whoever made it.
    """

    recipe: Recipe
    registry: Registry
    seed: int = 0
    cache: Cache | None = None
    unfinished: RunCheckpoint = field(default_factory=RunCheckpoint)

    def distill(
        self,
        training: Dataset,
        test: Dataset,
        teachers: Sequence[Teacher],
        unlabeled: Any = None,
    ) -> Distillation:
        """Run the recipe.

        Parameters
        ----------
        training : Dataset
            Rows to learn from and to choose by.
        test : Dataset
            Rows that are touched once, at the end.
        teachers : sequence of Teacher
            At least one.
        unlabeled : DataFrame or ndarray, optional
            Rows without labels for the teachers to label, with the columns of `training`.
        """
        recipe = placed(self.recipe, self.registry.notify)
        parts = resolve(recipe, self.registry)
        pipeline = self._pipeline(recipe, parts)
        try:
            return _Run(self, parts, pipeline, training, test, teachers, unlabeled).go()
        finally:
            pipeline.close()

    def _pipeline(self, recipe: Recipe, parts: Components) -> ParallelDistillationPipeline:
        return ParallelDistillationPipeline(
            parts.executor.create(),
            here=None if parts.stand_in is None else parts.stand_in.create(),
            start_seconds=recipe.pipeline.start_seconds,
            trial_seconds=recipe.budget.trial_seconds,
            notify=self.registry.notify,
            journal=self.unfinished.kept,
        )


@dataclass(frozen=True)
class _SearchOutcome:
    """What the race came to; `remember` tells the memory of it, once the run is complete."""

    racing: Sequence[Trial]
    trials: Sequence[Trial]
    gates: Sequence[Gate]
    facts: Mapping[str, Any]
    remember: Callable[[], None]


class _Run:
    """One run: the steps in their order."""

    def __init__(
        self,
        distiller: HPMDistiller,
        parts: Components,
        pipeline: ParallelDistillationPipeline,
        training: Dataset,
        test: Dataset,
        teachers: Sequence[Teacher],
        unlabeled: Any,
    ) -> None:
        self.recipe, self.registry, self.seed = distiller.recipe, distiller.registry, distiller.seed
        self.parts, self.pipeline, self.unfinished = parts, pipeline, distiller.unfinished
        self.training, self.test = training, test
        self.cache = distiller.cache if distiller.cache is not None else parts.cache.create()
        self.cache_before = dict(self.cache.stats())
        self.shared = Assembly(
            self.recipe,
            self.registry,
            self.seed,
            parts,
            pipeline,
            self.cache,
            training,
            test,
            teachers,
            unlabeled,
            self.unfinished,
        )
        self.given = {
            "training rows": training,
            "test rows": test,
            "rows without labels": self.shared.unlabeled,
        }
        self.teachers = teachers
        self.seeds, self.counts = self.shared.seeds, self.shared.counts

    def go(self) -> Distillation:
        """Take every step; observers hear how it begins and how it ends."""
        plain = self.recipe.to_mapping()
        self.registry.notify("hpmkd_run_started", facts=self.training.facts, recipe=plain)
        try:
            return self._steps()
        except BaseException as error:
            self.registry.notify("hpmkd_run_failed", error=error)
            raise

    def _steps(self) -> Distillation:
        self._settle()
        warn_of_rare_classes(self.training, self.shared.teaching.reader.n_folds)
        caps = (self.recipe.split, self.parts, self.shared.teaching, self.training.facts)
        for note in binding_caps(*caps):
            self.registry.notify("hpmkd_noted", note=note)
        with self.counts.phase("teachers"):
            heard = collect_knowledge(self.shared, self.recipe, self.training, self.test)
        learning = replace(self.shared.learning, ranking=heard.ranking)
        alphas = getattr(self.recipe.search.alphas, heard.regime.name)
        run = Run(self.recipe.name, self.seed, len(heard.training_set.rows), heard.regime.name)
        fitted = len(heard.selection_sets[0].training_set.rows)
        self.unfinished.best.begin(heard.ranking, replace(run, rows=fitted))
        raced = self._race(learning, heard, alphas)
        provenance = Provenance(run, raced.racing)
        finisher = Finisher(learning, heard, provenance)
        with self.counts.phase("refit"):
            finalists, ensemble, gates = self._finish(finisher, heard, alphas)
        with self.counts.phase("measure"):
            measured, verdict = self._measure(finisher, heard, finalists, ensemble)
        with self.counts.phase("refit"):
            front = finisher.front(finalists)
        with self.counts.phase("measure"):
            summaries = StudentSummaries(finalists, front, heard.ranking)
            contenders = summaries.contenders(self.test)
        raced.remember()
        # Workers count for the peak memory once they have ended.
        self.pipeline.close()
        self.counts.count_peaks(self.pipeline.peaks)
        self.counts.count_cache(self.cache_before, self.cache.stats())
        self.registry.notify(
            "hpmkd_run_finished",
            leaderboard=[asdict(record) for record in measured.records],
            verdict=verdict.to_mapping(),
            counts=self.counts.to_mapping(),
        )
        return Distillation(
            students=finalists.by_name(),
            chosen=finalists.shipped_name,
            records=measured.records,
            knowledge=heard.taught.knowledge,
            verdict=verdict,
            counts={**self.counts.to_mapping(), "resumed": self.unfinished.resumed},
            recipe=self.recipe,
            facts={
                **facts_of_run(self.seed, self.training, self.test),
                "search": raced.facts,
                "selection": heard.facts(),
                "ensemble": None if ensemble is None else ensemble.facts(),
            },
            front=contenders,
            further=summaries.further(),
            trials=tuple(raced.trials),
            ensemble=None if ensemble is None else ensemble.predictor,
            gates=(*raced.gates, *gates),
            evidence=measured.evidence,
            controls={name: each.student for name, each in finalists.controls.items()},
            racing=tuple(raced.racing),
            original=heard.taught.original(self.test.table),
            fitter=Fitter(learning.trainer, heard.training_set, provenance, heard.finals),
        )

    def _settle(self) -> None:
        """Make sure that what goes on is the same run."""
        if self.unfinished.kept is None:
            return
        known = {each.name: self.shared.reader.known(each) for each in self.teachers}
        self.unfinished.verify_or_begin(
            run_fingerprint(self.recipe, self.seed, self.given, known, self.registry.plugins)
        )

    def _race(
        self, learning: StudentSearch, heard: TeacherOutputs, alphas: Sequence[float]
    ) -> _SearchOutcome:
        """Search, then let stages build on each other; start from what other runs learned."""
        memory, fitting = self.parts.memory.create(), learning.trainer.fitting
        facts = facts_of(self.training, self.test, heard.taught.knowledge)
        # Others may teach the memory something before a run that was stopped goes on.
        journal = self.unfinished.journal
        remembered = journal.kept("remembered", lambda: recalled(memory, facts, fitting.stages))
        tell_of_others(fitting.scheduler, memory, facts, journal)
        with self.counts.phase("search"):
            found = learning.search(heard.selection_sets, alphas, remembered)
        with self.counts.phase("chain"):
            racing, trials, gates = learning.chain(found.trials, heard.selection_sets, alphas)
        told = {"ended": found.ended, "remembered": remembered}
        learned = outcomes(facts, trials)
        return _SearchOutcome(racing, trials, gates, told, partial(memory.remember, facts, learned))

    def _finish(
        self, finisher: Finisher, heard: TeacherOutputs, alphas: Sequence[float]
    ) -> tuple[Finalists, Ensemble | None, list[Gate]]:
        """Fit the winners on all rows, and what is made of them."""
        finalists = finisher.refit()
        ensemble = finisher.ensemble(finalists)
        gates = of_fuser("fuser of the teachers", heard.taught.knowledge.fuser)
        if ensemble is not None:
            gates += of_fuser("fuser of the ensemble", ensemble.fusion.summary(ensemble.names))
        if self.recipe.ensemble.collapse:
            finalists, decision = finisher.collapse(finalists, ensemble, alphas)
            gates.append(decision)
        return finalists, ensemble, gates

    def _measure(
        self,
        finisher: Finisher,
        heard: TeacherOutputs,
        finalists: Finalists,
        ensemble: Ensemble | None,
    ) -> tuple[Measured, Verdict]:
        """Touch the test rows."""
        scheduler = finisher.trainer.fitting.scheduler
        scheduled = SchedulerInUse(self.recipe.scheduler.name, scheduler.varies)
        measuring = Measurement(heard.taught, heard.costs, finalists, ensemble, scheduled)
        measured = measuring.measure(self.test, self.seeds.evidence, self.shared.progress)
        own = finisher.self_taught(finalists)
        verdict = compare(finalists, own, self.test, heard.regime.name, self.seeds.verdict)
        notes = (*verdict.notes, *finisher.notes(finalists))
        return measured, replace(verdict, notes=notes)
