"""Teacher calls of a grid without a cache, and of each method.

All are given the same fitted model, which counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sklearn.ensemble import RandomForestClassifier

import hpmkd
from benchmarks.claims.arm import ARMS, Rows, distilled
from benchmarks.common.engine import active_stages
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.splits import holdout
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry
from hpmkd.training.datasets import TrainingSet
from hpmkd.training.fit import FitContext
from hpmkd.values import Configuration, SearchSpace


class CountingTeacher:
    """A fitted model that counts the calls of its ``predict_proba``."""

    def __init__(self, model) -> None:
        self.model, self.classes_, self.calls = model, model.classes_, 0

    def predict_proba(self, table):
        """Count, and predict."""
        self.calls += 1
        return self.model.predict_proba(table)


class BeforeMeasuring:
    """Notes the calls of a teacher before a run measures its speed."""

    def __init__(self, teacher: CountingTeacher) -> None:
        self.teacher, self.calls = teacher, None

    @hpmkd.hookimpl
    def hpmkd_phase_advanced(self, phase: str) -> None:
        """Note it once."""
        if phase == "measure" and self.calls is None:
            self.calls = self.teacher.calls


def counted(rows: Rows, seed: int) -> dict[str, int]:
    """Count the calls; the teacher is fitted on half of the rows, the arms get the other half."""
    theirs, ours = holdout(rows.y, 0.5, seed)
    model = RandomForestClassifier(200, random_state=seed, n_jobs=1)
    teacher = CountingTeacher(model.fit(rows.X.iloc[theirs], rows.y[theirs]))
    own = Rows(rows.X.iloc[ours], rows.y[ours], rows.X_test, rows.y_test)
    fits = naive_grid(own, teacher, seed)
    found = {"naive_fits": fits, "naive_calls": teacher.calls, "rows": len(own.y)}
    for arm in ARMS:
        teacher.calls = 0
        watch = BeforeMeasuring(teacher)
        result = distilled(arm, own, teacher, seed, [watch])
        found[f"{arm}_calls"] = watch.calls
        # With those of the models that a given teacher is compared with.
        found[f"{arm}_all_calls"] = result.counts["teacher_calls"]
    return found


def naive_grid(rows: Rows, teacher: CountingTeacher, seed: int) -> int:
    """Fit every trial of the grid by itself: encode its rows, call the teacher, fit.

    Our own stages at our own 640 points; there is one holdout, so one fit for each trial. The
    teacher predicts the rows to fit on alone: the students are not evaluated.
    """
    recipe = Recipe.load("grid")
    parts = resolve(recipe, Registry.installed())
    dataset = make_dataset(rows.X, rows.y)
    fit_rows, _ = holdout(dataset.labels, recipe.split.selection_size, seed)
    stages = active_stages({name: spec.create() for name, spec in parts.stages.items()})
    fitting, fits = FitContext(stages, {}, parts.scheduler.create(), seed), 0
    for configuration in grid_points(len(fit_rows), seed):
        some = dataset.rows(fit_rows)
        soft_targets = np.array(teacher.predict_proba(some.table))
        kind = stages[configuration.stage].stage.encoding
        training = TrainingSet.encode(some, soft_targets, {kind})
        fitting.student(training, replace(configuration))
        fits += 1
    return fits


def grid_points(n_rows: int, seed: int) -> Iterator[Configuration]:
    """Yield the configurations of the grid; one holdout judges them, so each is fitted once."""
    recipe = Recipe.load("grid")
    parts = resolve(recipe, Registry.installed())
    space = SearchSpace(
        stages={name: spec.create() for name, spec in parts.stages.items()},
        temperatures=recipe.search.temperatures,
        alphas=recipe.search.alphas.external,
        seed=seed,
        n_rows=n_rows,
    )
    sampler = parts.sampler.create(space)
    while batch := sampler.ask(4):
        yield from batch
