"""The engine: knows the order of a run and no algorithm.

Dataset → knowledge → search → students → measurement, one way; each step is a function of
what the steps before it returned.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import splits
from hpmkd.components import Components, resolve
from hpmkd.counts import Counts
from hpmkd.dataset import Dataset, DataWarning, warn_of_rare_classes
from hpmkd.distillation import Distillation, facts_of_run
from hpmkd.extra import ExtraSource, unlabeled_rows
from hpmkd.finalists import Finalists, fit_finalists, pairs
from hpmkd.leaderboard import Entry, build
from hpmkd.measurement import student_entries, teacher_entries
from hpmkd.panels import members
from hpmkd.probabilities import row_losses
from hpmkd.progress import Progress
from hpmkd.reading import TeacherReader
from hpmkd.regime import Regime
from hpmkd.search import Search
from hpmkd.seeds import Seeds
from hpmkd.teachers import Teacher
from hpmkd.teaching import Taught, Teaching
from hpmkd.training import (
    RefitData,
    SearchData,
    SelectionSplit,
    StageInPlay,
    TrainingRows,
    selection_split,
)
from hpmkd.values import SearchSpace, Trial
from hpmkd.verdict import Verdict, judge

if TYPE_CHECKING:
    from hpmkd.contracts import Cache, Executor
    from hpmkd.recipe import Recipe
    from hpmkd.registry import Registry
    from hpmkd.values import IntArray


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
        self.seeds = Seeds.spawn(self.seed)
        self.counts = Counts()
        self.progress = Progress(self.registry)
        self.scheduler = parts.scheduler.create()
        self.stages = self._stages()
        self.encodings = {played.stage.encoding for played in self.stages.values()}
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
        source = ExtraSource(
            self.recipe.extra,
            parts.augmenter,
            None if unlabeled is None else unlabeled_rows(unlabeled, training),
            self.seeds.augmenter,
        )
        self.teaching = Teaching(teachers, reader, parts.fuser, source)

    def go(self) -> Distillation:
        """Take every step."""
        plain = self.recipe.to_mapping()
        self.registry.notify("hpmkd_run_started", facts=self.training.facts, recipe=plain)
        warn_of_rare_classes(self.training, self.recipe.split.teacher_folds)
        with self.counts.phase("teachers"):
            regime, selection, taught = self._learn()
        with self.counts.phase("search"):
            trials = self._search(selection, regime)
        with self.counts.phase("refit"):
            finalists = self._refit(trials, taught)
        with self.counts.phase("measure"):
            entries = self._entries(finalists, taught)
            verdict = self._verdict(entries, finalists, regime)
            records = build(entries, self.test.labels)
        self.counts.cache = dict(self.cache.stats())
        self.registry.notify(
            "hpmkd_run_finished",
            leaderboard=[asdict(record) for record in records],
            verdict=verdict.to_mapping(),
        )
        return Distillation(
            students={name: each.student for name, each in finalists.students.items()},
            chosen=finalists.chosen,
            records=tuple(records),
            knowledge=taught.knowledge,
            verdict=verdict,
            counts=self.counts.to_mapping(),
            recipe=self.recipe,
            facts=facts_of_run(self.seed, self.training, self.test),
            trials=tuple(trials),
        )

    def _stages(self) -> dict[str, StageInPlay]:
        """Return the stages in play, simple ones first."""
        in_play = [
            StageInPlay(name, selected.offered.plugin, selected.create())
            for name, selected in self.parts.stages.items()
        ]
        ordered = sorted(in_play, key=lambda played: (played.stage.complexity, played.name))
        return {played.name: played for played in ordered}

    def _learn(self) -> tuple[Regime, list[SelectionSplit], Taught]:
        """Ask the teachers: first without the selection rows, then about everything."""
        split_rows = self._split_rows()
        reference = members(self.parts.reference, self.training.facts, self.seeds.teachers)
        self.progress.start("teachers", self.teaching.n_folds(len(split_rows), len(reference)))
        regime = self.teaching.regime(reference)
        if regime.name == "leaking":
            warnings.warn(
                f"{regime.reason}. alpha is kept below 1; better give a teacher that can be "
                "cross-fitted, or probabilities for rows that it was not trained on",
                DataWarning,
                stacklevel=2,
            )
        self.teaching = self.teaching.with_sources_for(regime)
        selection = []
        for fit_rows, held_rows in split_rows:
            taught = self.teaching.soft_targets(fit_rows)
            selection.append(
                selection_split(self.training, fit_rows, held_rows, taught, self.encodings)
            )
        finished = self.teaching.finish(regime)
        self.progress.finish()
        return regime, selection, finished

    def _split_rows(self) -> list[tuple[IntArray, IntArray]]:
        """Return rows to fit on and selection rows: once, or fold by fold when rows are few."""
        settings, labels = self.recipe.split, self.training.labels
        if len(labels) >= settings.cross_validate_below:
            return [splits.holdout(labels, settings.selection_size, self.seeds.selection)]
        fold = splits.folds(labels, settings.selection_folds, self.seeds.selection)
        numbers = range(int(fold.max()) + 1)
        return [(np.flatnonzero(fold != at), np.flatnonzero(fold == at)) for at in numbers]

    def _search(self, selection: Sequence[SelectionSplit], regime: Regime) -> list[Trial]:
        settings = self.recipe.search
        space = SearchSpace(
            stages={name: played.stage for name, played in self.stages.items()},
            temperatures=settings.temperatures,
            alphas=tuple(sorted({0.0, *getattr(settings.alphas, regime.name)})),
            seed=self.seeds.sampler,
        )
        search = Search(
            sampler=self.parts.sampler.create(space),
            offered=self.parts.sampler.offered,
            scheduler=self.scheduler,
            executor=self.executor,
            data=SearchData(tuple(selection), self.stages, self.scheduler, self.seeds.students),
            batch=settings.batch,
            on_trial=self._trial_finished,
        )
        self.progress.start("search", search.sampler.total or settings.batch)
        trials = search.run()
        self.progress.finish()
        return trials

    def _trial_finished(self, trial: Trial) -> None:
        self.counts.models_trained += trial.models_trained
        self.registry.notify("hpmkd_trial_finished", trial=trial)
        self.progress.advance()

    def _refit(self, trials: Sequence[Trial], taught: Taught) -> Finalists:
        paired = pairs(trials, self.stages)
        soft_targets = taught.knowledge.soft_targets
        rows = TrainingRows.encode(self.training, soft_targets, self.encodings, taught.extra)
        data = RefitData(rows, self.stages, self.scheduler, self.seeds.students)
        self.progress.start("refit", 2 * len(paired))
        finalists = fit_finalists(paired, data, self.executor, self._student_fitted)
        self.progress.finish()
        for stage, refitted in finalists.students.items():
            self.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
        return finalists

    def _student_fitted(self) -> None:
        self.counts.models_trained += 1
        self.progress.advance()

    def _entries(self, finalists: Finalists, taught: Taught) -> list[Entry]:
        self.progress.start("measure", 2)
        entries = teacher_entries(self.teaching, taught, self.test)
        self.progress.advance()
        entries += student_entries(finalists, self.test.table)
        self.progress.finish()
        return entries

    def _verdict(self, entries: Sequence[Entry], finalists: Finalists, regime: Regime) -> Verdict:
        losses = {
            entry.role: row_losses(entry.probabilities, self.test.labels)
            for entry in entries
            if entry.name == finalists.chosen and entry.role in ("student", "control")
        }
        configuration = finalists.students[finalists.chosen].trial.configuration
        return judge(
            losses["student"],
            losses["control"],
            stage=finalists.chosen,
            alpha=configuration.alpha,
            regime=regime.name,
            seed=self.seeds.verdict,
        )
