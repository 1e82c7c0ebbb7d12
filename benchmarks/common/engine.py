"""The engine's own parts, put together as a run does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpmkd.data.dataset import Dataset
from hpmkd.execution.counters import Counts
from hpmkd.execution.pipeline import ParallelDistillationPipeline
from hpmkd.knowledge.predictor import TeacherPredictor
from hpmkd.recipe.resolve import Components
from hpmkd.training.datasets import SelectionSet
from hpmkd.training.fit import ActiveStage, FitContext
from hpmkd.training.trials import SearchData, evaluate
from hpmkd.values import Configuration, Trial

#: Folds in which teachers are cross-fitted.
TEACHER_FOLDS = 5


def teacher_predictor(
    training: Dataset, test: Dataset, parts: Components, seed: int, cache: Any = None
) -> TeacherPredictor:
    """Return a predictor in this process; with a cache of its own unless one is given."""
    return TeacherPredictor(
        training=training,
        test=test,
        cache=parts.cache.create() if cache is None else cache,
        pipeline=ParallelDistillationPipeline(parts.executor.create()),
        n_folds=TEACHER_FOLDS,
        seed=seed,
        counts=Counts(),
    )


def active_stages(stages: Mapping[str, Any]) -> dict[str, ActiveStage]:
    """Return stages as a run has them."""
    return {name: ActiveStage(name, "benchmark", stage) for name, stage in stages.items()}


def judge(
    selection_sets: Sequence[SelectionSet], context: FitContext, tried: Sequence[Configuration]
) -> list[Trial]:
    """Judge configurations by the selection rows; one that fails ends the benchmark."""
    data = SearchData(tuple(selection_sets), context)
    trials = [evaluate(data, task) for task in enumerate(tried)]
    for trial in trials:
        if trial.failure is not None:
            raise RuntimeError(trial.failure)
    return trials
