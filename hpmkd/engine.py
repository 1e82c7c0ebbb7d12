"""The engine: knows the order of a run and no algorithm.

Dataset → knowledge → search → students → measurement, one way; each step is a function of
what the steps before it returned.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hpmkd import splits
from hpmkd.budget import Budget
from hpmkd.components import Components, resolve
from hpmkd.contending import Contending
from hpmkd.counts import Counts
from hpmkd.dataset import Dataset, DataWarning, warn_of_rare_classes
from hpmkd.distillation import Distillation, facts_of_run
from hpmkd.extra import ExtraSource, unlabeled_rows
from hpmkd.fitting import Fitting
from hpmkd.gates import of_fuser
from hpmkd.in_play import links_in_play, stages_in_play
from hpmkd.learning import Learning
from hpmkd.lessons import Exam, Lesson, selection_rows
from hpmkd.measurement import Measuring, Scheduled, compare
from hpmkd.overlap import warn_of_known_rows
from hpmkd.panels import members
from hpmkd.progress import Progress
from hpmkd.provenance import Provenance, Run
from hpmkd.reading import TeacherReader
from hpmkd.remembering import facts_of, outcomes, recalled, tell_of_others
from hpmkd.seeds import Seeds
from hpmkd.shelf import Kept
from hpmkd.standing import Standing
from hpmkd.teaching import Taught, Teaching
from hpmkd.trainer import Fitter, Trainer

if TYPE_CHECKING:
    from hpmkd.contracts import Cache, Executor
    from hpmkd.extra import Labelled
    from hpmkd.recipe import Recipe
    from hpmkd.regime import Regime
    from hpmkd.registry import Registry
    from hpmkd.teachers import Teacher
    from hpmkd.values import FloatArray


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
    """

    recipe: Recipe
    registry: Registry
    seed: int = 0
    cache: Cache | None = None

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
        parts = resolve(self.recipe, self.registry)
        executor: Executor = parts.executor.create()
        try:
            return _Run(self, parts, executor, training, test, teachers, unlabeled).go()
        finally:
            executor.close()


class _Run:
    """One run: what its steps share, and the steps in their order."""

    def __init__(
        self,
        distiller: HPMDistiller,
        parts: Components,
        executor: Executor,
        training: Dataset,
        test: Dataset,
        teachers: Sequence[Teacher],
        unlabeled: Any,
    ) -> None:
        self.recipe, self.registry, self.seed = distiller.recipe, distiller.registry, distiller.seed
        self.parts, self.executor = parts, executor
        self.training, self.test = training, test
        self.cache = distiller.cache if distiller.cache is not None else parts.cache.create()
        self.cache_before = dict(self.cache.stats())
        self.seeds = Seeds.spawn(self.seed)
        self.counts = Counts()
        budget = Budget(self.recipe.budget, self.counts)
        self.progress = Progress(self.registry)
        reader = TeacherReader(
            training=training,
            test=test,
            cache=self.cache,
            executor=executor,
            n_folds=self.recipe.split.teacher_folds,
            seed=self.seeds.teachers,
            counts=self.counts,
            on_fold=self.progress.advance,
        )
        references = partial(members, parts.reference, training.facts, self.seeds.teachers)
        source = ExtraSource(
            self.recipe.extra,
            parts.augmenter.create(),
            None if unlabeled is None else unlabeled_rows(unlabeled, training),
            self.seeds.augmenter,
        )
        self.teaching = Teaching(teachers, reader, parts.fuser, references, source)
        links = links_in_play(parts)
        fitting = Fitting(
            stages=stages_in_play(parts),
            transfers={link.label: link.transfer for link in links},
            scheduler=parts.scheduler.create(),
            seed=self.seeds.students,
        )
        n_folds = self.recipe.split.selection_folds
        self.trainer = Trainer(fitting, executor, n_folds, self.counts, self.registry)
        self.learning = Learning(
            trainer=self.trainer,
            links=links,
            recipe=self.recipe,
            parts=parts,
            seeds=self.seeds,
            progress=self.progress,
            registry=self.registry,
            budget=budget,
            features=Kept(self.cache, "feature"),
        )

    def go(self) -> Distillation:
        """Take every step."""
        plain = self.recipe.to_mapping()
        self.registry.notify("hpmkd_run_started", facts=self.training.facts, recipe=plain)
        warn_of_rare_classes(self.training, self.recipe.split.teacher_folds)
        with self.counts.phase("teachers"):
            regime, exams, taught = self._listen()
            soft_targets = taught.knowledge.soft_targets
            lesson = self._lesson(self.training, soft_targets, taught.extra)
            held = selection_rows(exams)
            standing = Standing.beside(
                soft_targets[held], self.training.labels[held], self.recipe.limits
            )
            self.learning = replace(self.learning, standing=standing)
        alphas = getattr(self.recipe.search.alphas, regime.name)
        memory = self.parts.memory.create()
        facts = facts_of(self.training, self.test, taught.knowledge)
        remembered = recalled(memory, facts, self.trainer.fitting.stages)
        tell_of_others(self.trainer.fitting.scheduler, memory, facts)
        with self.counts.phase("search"):
            found = self.learning.search(exams, alphas, remembered)
        with self.counts.phase("chain"):
            racing, trials, gates = self.learning.chain(found.trials, exams, alphas)
        with self.counts.phase("refit"):
            run = Run(self.recipe.name, self.seed, len(self.training), regime.name)
            provenance = Provenance(run, racing)
            finalists = self.learning.refit(lesson, provenance)
            ensemble = self.learning.ensemble(finalists, exams, lesson, provenance)
            gates += of_fuser("fuser of the teachers", taught.knowledge.fuser)
            if ensemble is not None:
                gates += of_fuser("fuser of the ensemble", ensemble.fusion.summary(ensemble.names))
            if self.recipe.ensemble.collapse:
                finalists, decision = self.learning.collapse(
                    finalists, ensemble, exams, lesson, alphas, provenance
                )
                gates.append(decision)
        with self.counts.phase("measure"):
            scheduled = Scheduled(self.recipe.scheduler.name, self.trainer.fitting.scheduler.varies)
            measuring = Measuring(self.teaching, taught, finalists, ensemble, scheduled)
            measured = measuring.measure(self.test, self.seeds.evidence, self.progress)
            own = self.learning.self_taught(finalists, lesson)
            verdict = compare(finalists, own, self.test, regime.name, self.seeds.verdict)
            control = finalists.controls[finalists.chosen]
            notes = standing.unlike(finalists.shipped.trial, control.trial)
            verdict = replace(verdict, notes=(*verdict.notes, *notes))
        with self.counts.phase("refit"):
            front = self.learning.front(finalists, lesson, provenance)
        with self.counts.phase("measure"):
            contending = Contending(finalists, front, standing)
            contenders = contending.contenders(self.test)
        memory.remember(facts, outcomes(facts, trials))
        # Workers count for the peak memory once they have ended.
        self.executor.close()
        self.counts.count_cache(self.cache_before, self.cache.stats())
        self.registry.notify(
            "hpmkd_run_finished",
            leaderboard=[asdict(record) for record in measured.records],
            verdict=verdict.to_mapping(),
        )
        return Distillation(
            students=finalists.by_name(),
            chosen=finalists.shipped_name,
            records=measured.records,
            knowledge=taught.knowledge,
            verdict=verdict,
            counts=self.counts.to_mapping(),
            recipe=self.recipe,
            facts={
                **facts_of_run(self.seed, self.training, self.test),
                "search": {"ended": found.ended, "remembered": remembered},
                "selection": {"rows": len(held), "teacher_accuracy": standing.teacher_accuracy},
                "ensemble": None if ensemble is None else ensemble.facts(),
            },
            front=contenders,
            further=contending.further(),
            trials=tuple(trials),
            ensemble=None if ensemble is None else ensemble.predictor,
            gates=tuple(gates),
            evidence=measured.evidence,
            controls={name: each.student for name, each in finalists.controls.items()},
            racing=tuple(racing),
            original=taught.original(self.test.table),
            fitter=Fitter(self.trainer, lesson, provenance),
        )

    def _listen(self) -> tuple[Regime, list[Exam], Taught]:
        """Ask the teachers: first without the selection rows, then about everything."""
        labels, settings = self.training.labels, self.recipe.split
        split_rows = splits.for_selection(labels, settings, self.seeds.selection)
        self.learning.rations.check(len(split_rows), self.recipe.search.alphas.soft)
        self.progress.start("teachers", self.teaching.n_folds(len(split_rows)))
        regime = self.teaching.regime()
        if regime.warning:
            warnings.warn(regime.warning, DataWarning, stacklevel=2)
        self.teaching = self.teaching.with_sources_for(regime)
        if self.teaching.source.real:
            warn_of_known_rows(self.teaching.source.unlabeled, self.training, self.test)
        exams = []
        for fit_rows, held_rows in split_rows:
            lesson = self._lesson(
                self.training.rows(fit_rows), *self.teaching.soft_targets(fit_rows)
            )
            exams.append(Exam(lesson, held_rows, self.training.rows(held_rows)))
        finished = self.teaching.finish(regime)
        self.progress.finish()
        return regime, exams, finished

    def _lesson(self, rows: Dataset, soft_targets: FloatArray, extra: Labelled | None) -> Lesson:
        encodings, features = self.learning.encodings, self.learning.features
        return Lesson.prepare(rows, soft_targets, extra, encodings, features)
