"""Rows without labels: students with munge, with mixup, with none.

Run: ``python -m benchmarks augmenters [--seeds 3] [--csv adult.csv:loan …]``. Teachers are a
forest and a logistic regression. For each augmenter and alpha, selection rows that no teacher saw
choose among four draws of hyperparameters; figures are from test rows. Draws are the same in every
arm, so a difference to ``none`` at the same alpha is the augmenter's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.common.engine import active_stages, judge, knowledge_of, teacher_predictor
from hpmkd.data import splits, tables
from hpmkd.data.dataset import Dataset, separate_test
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.probabilities import row_losses
from hpmkd.data.unlabeled import PseudoLabelledRows
from hpmkd.knowledge.builder import KnowledgeBuilder, TeacherKnowledge
from hpmkd.knowledge.regime import SELF
from hpmkd.knowledge.teachers import as_teachers
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import Components, resolve
from hpmkd.registry.registry import Registry
from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd.training.datasets import SelectionSet, TrainingSet
from hpmkd.training.fit import FitContext
from hpmkd.values import Configuration, SearchSpace

#: Augmenter, rows per training row, weight.
ARMS = [
    ("none", 0, 1.0),
    ("munge", 1, 0.5),
    ("mixup", 1, 0.5),
    ("munge", 3, 0.2),
    ("munge s=4", 3, 0.2),
    ("mixup", 3, 0.2),
    ("munge", 3, 1.0),
    ("mixup", 3, 1.0),
]
ALPHAS = (0.1, 0.5, 1.0)
STAGES = ("tree", "xgboost")
DRAWS = 4
MOST = 3
LARGEST_TRAINING = 2000


@dataclass(frozen=True)
class EveryAugmenter:
    """A source of the rows of all arms at once: the teachers are then fitted only once."""

    augmenters: dict[str, Any]
    seed: int
    real: bool = False

    def requested(self, n: int) -> bool:
        """Return that there are such rows."""
        return True

    def rows(self, table: Any) -> Any:
        """Return the rows of each augmenter under each other."""
        made = [
            each.rows(table, MOST * len(table), np.random.default_rng(self.seed))
            for each in self.augmenters.values()
        ]
        return pd.concat(made, ignore_index=True)

    def arm(self, labelled: PseudoLabelledRows, name: str, rows: int) -> PseudoLabelledRows | None:
        """Return what one arm gets of them."""
        if rows == 0:
            return None
        block = len(labelled.table) // len(self.augmenters)
        start = list(self.augmenters).index(name) * block
        at = np.arange(start, start + block * rows // MOST)
        return PseudoLabelledRows(
            tables.take(labelled.table, at), labelled.soft_targets[at], real=False
        )


@click.command()
@click.option("--seeds", default=3, show_default=True, help="Runs per data set.")
@click.option("--csv", "files", multiple=True, metavar="FILE:TARGET", help="Further data sets.")
@click.option("--out", type=click.Path(path_type=Path), help="Write every figure here, as CSV.")
def main(seeds: int, files: tuple[str, ...], out: Path | None) -> None:
    """Measure every arm on every set and print means of the differences to no augmenter."""
    figures = []
    for name, X, y in _sets(files):
        for seed in range(seeds):
            figures += [{"data": name, "seed": seed, **each} for each in _run(X, y, seed)]
            click.echo(f"{name} {seed}", err=True)
    frame = pd.DataFrame(figures)
    if out is not None:
        frame.to_csv(out, index=False)
    for by in (["stage"], ["data", "stage"]):
        table = frame.pivot_table(["log_loss", "accuracy"], [*by, "alpha"], "arm", sort=False)
        click.echo(table.round(4).to_string() + "\n")


def _sets(files: tuple[str, ...]) -> Iterator[tuple[str, pd.DataFrame, Any]]:
    yield "digits", *datasets.load_digits(return_X_y=True, as_frame=True)
    yield "breast_cancer", *datasets.load_breast_cancer(return_X_y=True, as_frame=True)
    for text in files:
        path, _, target = text.rpartition(":")
        frame = pd.read_csv(path)
        yield Path(path).stem, frame.drop(columns=target), frame[target]


def _run(X: pd.DataFrame, y: Any, seed: int) -> Iterator[dict[str, Any]]:
    every = make_dataset(X, y)
    train_rows, test_rows = separate_test(every, 0.3, seed)
    some = np.random.default_rng(seed).permutation(train_rows)[:LARGEST_TRAINING]
    training, test = every.rows(np.sort(some)), every.rows(test_rows)
    registry = Registry.installed()
    parts = resolve(Recipe.load("hpm"), registry)
    augmenters = {
        "munge": registry.offer("augmenter", "munge", "").create(),
        "munge s=4": registry.offer("augmenter", "munge", "").create(s=4.0),
        "mixup": registry.offer("augmenter", "mixup", "").create(),
    }
    source = EveryAugmenter(augmenters, seed)
    active = active_stages({name: registry.offer("stage", name, "").create() for name in STAGES})
    encodings = {each.stage.encoding for each in active.values()}
    fit_rows, held_rows = splits.holdout(training.labels, 0.25, seed)
    beside_held = _knowledge(training, test, parts, source, seed, fit_rows)
    knowledge = _knowledge(training, test, parts, source, seed)
    assert beside_held.extra is not None
    assert knowledge.extra is not None
    context = FitContext(active, {}, parts.scheduler.create(), seed)
    points = _points(parts, active, seed)
    for name, rows, weight in ARMS:
        made, targets = source.arm(beside_held.extra, name, rows), beside_held.fused.soft_targets
        fitted = TrainingSet.encode(training.rows(fit_rows), targets, encodings, made)
        held = training.rows(held_rows).taken()
        selection_set = SelectionSet(fitted, held_rows, held, len(fit_rows))
        made = source.arm(knowledge.extra, name, rows)
        whole = TrainingSet.encode(training, knowledge.fused.soft_targets, encodings, made)
        for stage in STAGES:
            for alpha in (0.0, *ALPHAS) if name == "none" else ALPHAS:
                softening = {"extra_weight": weight if rows and alpha else 0.0}
                tried = [
                    Configuration(stage, 1.0, alpha, point, **softening) for point in points[stage]
                ]
                best = min(judge([selection_set], context, tried), key=lambda trial: trial.log_loss)
                student = context.student(whole, best.configuration)
                predicted = student.predict_proba(test.table)
                yield {
                    "stage": stage,
                    "alpha": alpha,
                    "arm": f"{name} x{rows} w{weight:g}" if rows else name,
                    "selection": best.log_loss,
                    "log_loss": row_losses(predicted, test.labels).mean(),
                    "accuracy": (predicted.argmax(axis=1) == test.labels).mean(),
                }


def _knowledge(
    training: Dataset,
    test: Dataset,
    parts: Components,
    source: EveryAugmenter,
    seed: int,
    seen: np.ndarray | None = None,
) -> TeacherKnowledge:
    forest = RandomForestClassifier(100, min_samples_leaf=2)
    teachers = {
        "forest": make_pipeline(TableEncoder("tree"), forest),
        "line": make_pipeline(TableEncoder("linear"), LogisticRegression(C=0.1, max_iter=500)),
    }
    predictor = teacher_predictor(training, test, parts, seed, seen=seen)
    named, reference = as_teachers(teachers), lambda: ()
    builder = KnowledgeBuilder(named, predictor, parts.fuser, reference, source)  # type: ignore[arg-type]
    return knowledge_of(builder, SELF)


def _points(parts: Components, active: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the draws of hyperparameters that the grid would try."""
    stages = {name: each.stage for name, each in active.items()}
    sampler = parts.sampler.offered.create(SearchSpace(stages, (1.0,), (0.0,), seed), trials=DRAWS)
    drawn = sampler.ask(DRAWS * len(stages))
    return {
        name: [dict(each.hyperparameters) for each in drawn if each.stage == name]
        for name in stages
    }
