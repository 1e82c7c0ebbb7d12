"""The engine: knows the order of a run and no algorithm.

Dataset → knowledge → search → students → measurement, one way; each step is a function of
what the steps before it returned.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpmkd import splits
from hpmkd.components import Components, resolve
from hpmkd.counts import Counts
from hpmkd.dataset import Dataset, DataWarning, warn_of_rare_classes
from hpmkd.distillation import Distillation, facts_of_run
from hpmkd.finalists import Finalists, fit_finalists, pairs
from hpmkd.knowledge import Fusion, Knowledge, gather
from hpmkd.leaderboard import Entry, build
from hpmkd.measurement import student_entries, teacher_entries
from hpmkd.panels import members
from hpmkd.probabilities import row_losses
from hpmkd.progress import Progress
from hpmkd.reading import Readings, TeacherReader, stack
from hpmkd.regime import Regime, detect, worst
from hpmkd.search import Search
from hpmkd.seeds import Seeds
from hpmkd.teachers import CloneableTeacher, Teacher
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
        self, training: Dataset, test: Dataset, teachers: Sequence[Teacher]
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
        """
        parts = resolve(self.recipe, self.registry)
        executor: Executor = parts.executor.create()
        try:
            return _Run(self, parts, executor, training, test, tuple(teachers)).go()
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
        teachers: tuple[Teacher, ...],
    ) -> None:
        self.recipe, self.registry, self.seed = distiller.recipe, distiller.registry, distiller.seed
        self.parts, self.executor = parts, executor
        self.training, self.test, self.teachers = training, test, teachers
        self.cache = distiller.cache if distiller.cache is not None else parts.cache.create()
        self.seeds = Seeds.spawn(self.seed)
        self.counts = Counts()
        self.progress = Progress(self.registry)
        self.scheduler = parts.scheduler.create()
        self.stages = self._stages()
        self.reader = TeacherReader(
            training=training,
            test=test,
            cache=self.cache,
            executor=executor,
            n_folds=self.recipe.split.teacher_folds,
            seed=self.seeds.teachers,
            counts=self.counts,
            on_fold=self.progress.advance,
        )

    def go(self) -> Distillation:
        """Take every step."""
        self.registry.notify(
            "hpmkd_run_started", facts=self.training.facts, recipe=self.recipe.to_mapping()
        )
        warn_of_rare_classes(self.training, self.recipe.split.teacher_folds)
        with self.counts.phase("teachers"):
            split_rows = self._split_rows()
            regime = self._regime(len(split_rows))
            selection = [self._selection_split(*rows) for rows in split_rows]
            readings = [self.reader.final(teacher) for teacher in self.teachers]
            fusion, knowledge = self._knowledge(regime, readings)
            self.progress.finish()
        with self.counts.phase("search"):
            trials = self._search(selection, regime)
        with self.counts.phase("refit"):
            finalists = self._refit(trials, knowledge)
        with self.counts.phase("measure"):
            entries = self._entries(finalists, fusion, readings)
            records = build(entries, self.test.labels)
            verdict = self._verdict(entries, finalists, regime)
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
            knowledge=knowledge,
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

    @property
    def _encodings(self) -> set[str]:
        return {played.stage.encoding for played in self.stages.values()}

    def _split_rows(self) -> list[tuple[IntArray, IntArray]]:
        """Return rows to fit on and selection rows: once, or fold by fold when rows are few."""
        settings, labels = self.recipe.split, self.training.labels
        if len(labels) >= settings.cross_validate_below:
            return [splits.holdout(labels, settings.selection_size, self.seeds.selection)]
        fold = splits.folds(labels, settings.selection_folds, self.seeds.selection)
        numbers = range(int(fold.max()) + 1)
        return [(np.flatnonzero(fold != at), np.flatnonzero(fold == at)) for at in numbers]

    def _regime(self, n_splits: int) -> Regime:
        cloneable = [each for each in self.teachers if isinstance(each, CloneableTeacher)]
        given = [each for each in self.teachers if not isinstance(each, CloneableTeacher)]
        reference = members(self.parts.reference, self.training.facts, self.seeds.teachers)
        n_reads = len(cloneable) * (n_splits + 1) + (len(reference) if given else 0)
        self.progress.start("teachers", n_reads * self.recipe.split.teacher_folds)
        everything = np.arange(len(self.training))
        found = []
        for teacher in given:
            said = self.reader.out_of_fold(teacher, everything)
            unseen = np.mean([self.reader.out_of_fold(each, everything) for each in reference], 0)
            found.append(detect(said, unseen, self.training.labels))
        regime = worst(found)
        if regime.name == "leaking":
            warnings.warn(
                f"{regime.reason}. alpha is kept below 1; better give a teacher that can be "
                "cross-fitted, or probabilities for rows that it was not trained on",
                DataWarning,
                stacklevel=2,
            )
        return regime

    def _selection_split(self, fit_rows: IntArray, held_rows: IntArray) -> SelectionSplit:
        fitted = self.training.rows(fit_rows)
        said = stack([self.reader.out_of_fold(teacher, fit_rows) for teacher in self.teachers])
        fusion = Fusion.fit(self.parts.fuser, said, fitted.labels, fitted.table)
        soft_targets, _ = fusion.fuse(said, fitted.table)
        return selection_split(self.training, fit_rows, held_rows, soft_targets, self._encodings)

    def _knowledge(self, regime: Regime, readings: Sequence[Readings]) -> tuple[Fusion, Knowledge]:
        said = stack([reading.training for reading in readings])
        fusion = Fusion.fit(self.parts.fuser, said, self.training.labels, self.training.table)
        names = [teacher.name for teacher in self.teachers]
        return fusion, gather(names, regime, fusion, said, self.training.table)

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

    def _refit(self, trials: Sequence[Trial], knowledge: Knowledge) -> Finalists:
        paired = pairs(trials, self.stages)
        data = RefitData(
            TrainingRows.encode(self.training, knowledge.soft_targets, self._encodings),
            self.stages,
            self.scheduler,
            self.seeds.students,
        )
        self.progress.start("refit", 2 * len(paired))
        finalists = fit_finalists(paired, data, self.executor, self._student_fitted)
        self.progress.finish()
        for stage, refitted in finalists.students.items():
            self.registry.notify("hpmkd_stage_finished", stage=stage, trial=refitted.trial)
        return finalists

    def _student_fitted(self) -> None:
        self.counts.models_trained += 1
        self.progress.advance()

    def _entries(
        self, finalists: Finalists, fusion: Fusion, readings: Sequence[Readings]
    ) -> list[Entry]:
        table = self.test.table
        self.progress.start("measure", 2)
        entries = teacher_entries(self.teachers, readings, fusion, self.reader, table)
        self.progress.advance()
        entries += student_entries(finalists, table)
        self.progress.advance()
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
