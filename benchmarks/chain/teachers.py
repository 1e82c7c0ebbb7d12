"""Predictions of the teachers for a problem of the chain benchmark, cached on disk.

The engine's own parts make them: cross-fitted beside all rows for the student in the end, and once
more without the selection rows of each split for those that these judge.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from benchmarks.chain.data import EXTERNAL, Problem
from benchmarks.common.datasets import CACHE
from benchmarks.common.engine import knowledge_of, teacher_predictor
from hpmkd.data import splits
from hpmkd.data.seeds import Seeds
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.regime import Regime
from hpmkd.knowledge.teachers import FittedTeacher, Teacher
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.registry.registry import Registry
from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd.training.datasets import SelectionSet, TrainingSet

#: Rows made per training row. Arms that want fewer take the first ones (every real row is used
#: before any is used again).
EXTRA_ROWS = 5.0
ENCODINGS = {"tree", "linear"}
#: Folds by which a ``crossed`` control is chosen: each leaves 75 % to fit on, as a holdout does.
CONTROL_FOLDS = 4


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the installed plugins."""
    return Registry.installed()


@lru_cache(maxsize=1)
def recipe() -> Recipe:
    """Return the default recipe with munge rows and a cache of the benchmark's own."""
    return Recipe.load("hpm").override(
        {
            "augmenter.name": "munge",
            "extra.rows": EXTRA_ROWS,
            "cache.disk": True,
            "cache.folder": str(CACHE / "chain-cache"),
            "cache.max_disk_bytes": 20_000_000_000,
        }
    )


@lru_cache(maxsize=2)
def parts(fuser: str = "fused") -> Components:
    """Return the components; with the fuser ``uniform`` all teachers count as they are."""
    chosen = recipe() if fuser == "fused" else recipe().override({"fuser": "mean"})
    return resolve(chosen, registry())


@lru_cache(maxsize=1)
def cache() -> Any:
    """Return the cache, the same for all problems."""
    return parts().cache.create()


#: Under so many rows students are cross-validated in so many folds; with more one holdout chooses.
CROSS_VALIDATE_BELOW, SELECTION_FOLDS = 1000, 3


@dataclass(frozen=True)
class TeacherOutputs:
    """One way of fusing the teachers of a problem: what arms need of the engine's outputs.

    Parameters
    ----------
    selection_sets : tuple of SelectionSet
        Once 25 % of the rows, or three folds below 1,000.
    training : TrainingSet
        All training rows with the final knowledge, for the refit.
    test : ndarray of shape (m, K)
        Predictions of the teachers for the test rows; for nothing but KL.
    """

    selection_sets: tuple[SelectionSet, ...]
    training: TrainingSet
    test: np.ndarray

    @property
    def noise(self) -> float:
        """Share of the training rows where the teachers are wrong."""
        wrong = self.training.soft_targets.argmax(axis=1) != self.training.labels
        return float(np.mean(wrong))

    def without_extra(self) -> TeacherOutputs:
        """Return the same without rows that have no label."""
        selection_sets = tuple(
            replace(each, training=each.training.without_extra()) for each in self.selection_sets
        )
        return replace(self, selection_sets=selection_sets, training=self.training.without_extra())


class ProblemTeachers:
    """A problem and its teachers, which predict when an arm first needs it.

    Attributes
    ----------
    problem : Problem
        The rows.
    seconds : float
        CPU time spent on teachers so far; it counts for no arm.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.seconds = 0.0
        self.seeds = Seeds.spawn(problem.seed)

    @cached_property
    def split_rows(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows to fit on, and selection rows."""
        settings, labels = recipe().split, self.problem.training.labels
        if len(labels) >= CROSS_VALIDATE_BELOW:
            return [splits.holdout(labels, settings.selection_size, self.seeds.selection)]
        return self._folded(SELECTION_FOLDS)

    def _folded(self, n_folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
        fold = splits.folds(self.problem.training.labels, n_folds, self.seeds.selection)
        numbers = range(int(fold.max()) + 1)
        return [(np.flatnonzero(fold != at), np.flatnonzero(fold == at)) for at in numbers]

    @cached_property
    def hard(self) -> TeacherOutputs:
        """The rows without any teacher, for arms on hard labels: uniform soft targets."""
        return self._without_teacher(self.split_rows)

    @cached_property
    def hard_crossed(self) -> TeacherOutputs:
        """The same, selected by cross-validation on all rows."""
        return self._without_teacher(self._folded(CONTROL_FOLDS))

    def _without_teacher(self, split_rows: list[tuple[np.ndarray, np.ndarray]]) -> TeacherOutputs:
        training, n_classes = self.problem.training, self.problem.n_classes

        def nothing(n: int) -> np.ndarray:
            return np.full((n, n_classes), 1.0 / n_classes)

        selection_sets = tuple(
            self._selection_set(fit, held, nothing(len(fit)), None) for fit, held in split_rows
        )
        whole = TrainingSet.encode(training, nothing(len(training)), ENCODINGS)
        return TeacherOutputs(selection_sets, whole, nothing(len(self.problem.test)))

    def _selection_set(
        self, fit: np.ndarray, held: np.ndarray, soft_targets: np.ndarray, extra
    ) -> SelectionSet:
        rows = self.problem.training
        training = TrainingSet.encode(rows.rows(fit), soft_targets, ENCODINGS, extra)
        return SelectionSet(training, held, rows.rows(held).taken(), len(fit))

    @cached_property
    def fused(self) -> TeacherOutputs:
        """Calibrated teachers, fused as the recipe does, and munge rows they labelled."""
        return self._fused_by("fused")

    @cached_property
    def uniform(self) -> TeacherOutputs:
        """The plain mean of the teachers as they are, without further rows: naive KD."""
        return self._fused_by("uniform").without_extra()

    @cached_property
    def members(self) -> list[Teacher]:
        """The full panel, or fitted models of other rows."""
        if self.problem.setting in EXTERNAL:
            return external(self.problem)
        return members(parts().teacher, self.problem.training.facts, self.seeds.teachers)

    def _fused_by(self, fuser: str) -> TeacherOutputs:
        with self._timed():
            chosen, training = self.components(fuser), self.problem.training
            selection_sets = []
            for fit, held in self.split_rows:
                own = self._knowledge(chosen, fit)
                selection_sets.append(
                    self._selection_set(fit, held, own.fused.soft_targets, own.extra)
                )
            knowledge = self._knowledge(chosen)
            targets, test = knowledge.fused.soft_targets, self.problem.test.table
            predicted = knowledge.test(test)
            assert predicted is not None
            return TeacherOutputs(
                tuple(selection_sets),
                TrainingSet.encode(training, targets, ENCODINGS, knowledge.extra),
                predicted,
            )

    def components(self, fuser: str) -> Components:
        """Return what fuses the teachers and makes rows."""
        return parts(fuser)

    def _knowledge(self, chosen: Components, seen: np.ndarray | None = None) -> TeacherKnowledge:
        """Return the knowledge of teachers that see these rows, by default all."""
        training, test, seeds = self.problem.training, self.problem.test, self.seeds
        predictor = teacher_predictor(training, test, chosen, seeds.teachers, cache(), seen)
        source = ExtraSource(recipe().extra, chosen.augmenter.create(), None, seeds.augmenter)
        builder = KnowledgeBuilder(self.members, predictor, chosen.fuser, lambda: (), source)
        regime = Regime("external" if self.problem.setting in EXTERNAL else "self", "made so")
        return knowledge_of(builder, regime)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds += time.process_time() - start


def external(problem: Problem) -> list[Teacher]:
    """Fit two forests and a boosted model on rows that are in neither training nor test."""
    assert problem.others is not None
    models = {
        "random_forest": RandomForestClassifier(150, random_state=problem.seed),
        "extra_trees": ExtraTreesClassifier(150, random_state=problem.seed),
        "boosted": XGBClassifier(
            n_estimators=250, max_depth=7, learning_rate=0.1, n_jobs=1, random_state=problem.seed
        ),
    }
    others = problem.others
    return [
        FittedTeacher(
            name, make_pipeline(TableEncoder("tree"), model).fit(others.table, others.labels)
        )
        for name, model in models.items()
    ]
