"""The engine's own parts, put together as a run does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpmkd.data import splits
from hpmkd.data.dataset import Dataset
from hpmkd.execution.counters import Counts
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.knowledge.regime import Regime
from hpmkd.recipe.resolve import Components
from hpmkd.training.datasets import SelectionSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.trials import SearchData, TrialTask, evaluate
from hpmkd.values import Configuration, Trial

#: Folds in which teachers are cross-fitted.
TEACHER_FOLDS = 5


def teacher_predictor(
    training: Dataset,
    test: Dataset,
    parts: Components,
    seed: int,
    cache: Any = None,
    seen: np.ndarray | None = None,
) -> TeacherPredictor:
    """Return a predictor in this process; with a cache of its own unless one is given.

    Teachers see the training rows of the numbers `seen`, by default all.
    """
    known = np.arange(len(training)) if seen is None else seen
    fold_of_row = np.full(len(training), splits.UNSEEN)
    fold_of_row[known] = splits.folds(training.labels[known], TEACHER_FOLDS, seed)
    return TeacherPredictor(
        training=training,
        test=test,
        cache=parts.cache.create() if cache is None else cache,
        pipeline=ParallelDistillationPipeline(parts.executor.create()),
        fold_of_row=fold_of_row,
        seed=seed,
        counts=Counts(),
    )


def knowledge_of(builder: KnowledgeBuilder, regime: Regime) -> TeacherKnowledge:
    """Return the knowledge of all teachers, of the training rows that they see."""
    builder = builder.with_sources_for(regime)
    predictions = builder.predict(builder.teachers, builder.folds, builder.queries)
    seen = np.flatnonzero(builder.predictor.fold_of_row != splits.UNSEEN)
    return builder.finish(regime, predictions, seen, seen)


def active_stages(stages: Mapping[str, Any]) -> dict[str, ActiveStage]:
    """Return stages as a run has them."""
    return {name: ActiveStage(name, "benchmark", stage) for name, stage in stages.items()}


def judge(
    selection_sets: Sequence[SelectionSet], context: FitContext, tried: Sequence[Configuration]
) -> list[Trial]:
    """Judge configurations by the selection rows; one that fails ends the benchmark."""
    data = SearchData(tuple(selection_sets), context)
    trials = [evaluate(data, TrialTask(number, each)) for number, each in enumerate(tried)]
    for trial in trials:
        if trial.failure is not None:
            raise RuntimeError(trial.failure)
    return trials
