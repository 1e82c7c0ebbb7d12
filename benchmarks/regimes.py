"""Is the regime of given probabilities recognised? Draws of real sets, made to be in each.

Run: ``python benchmarks/regimes.py [--draws 10] [--markdown docs/regimes.md]``.
"""

from __future__ import annotations

import os

# One thread per process; before NumPy and XGBoost are loaded.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import warnings
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
from data import load
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from hpmkd.components import resolve
from hpmkd.counts import Counts
from hpmkd.dataset import make_dataset
from hpmkd.extra import ExtraSource
from hpmkd.panels import members
from hpmkd.reading import TeacherReader
from hpmkd.recipe import Recipe
from hpmkd.registry import Registry
from hpmkd.student.transformer import TableEncoder
from hpmkd.teachers import GivenTeacher
from hpmkd.teaching import Teaching

#: Rows at hand, and other rows that an external teacher learns from.
SETS = {"adult": (1000, 15000), "magic": (1000, 12000), "digits": (300, 1400)}


def teachers(table, labels, own, others, seed) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (regime that it is made to be in, teacher, probabilities of the own rows)."""
    mine, theirs = table.iloc[own], table.iloc[others]
    forest = RandomForestClassifier(100, random_state=seed)
    trees = ExtraTreesClassifier(200, random_state=seed)
    boosted = XGBClassifier(n_estimators=200, max_depth=6, learning_rate=0.1, n_jobs=1)
    leaves = RandomForestClassifier(100, min_samples_leaf=5, random_state=seed)
    strong = boosted if len(others) > 5000 else trees

    def piped(model):
        return make_pipeline(TableEncoder(kind="tree"), model)

    def out_of_fold(model):
        return cross_val_predict(piped(model), mine, labels[own], cv=5, method="predict_proba")

    yield "self", "forest, out of fold", out_of_fold(forest)
    yield "self", "boosted, out of fold", out_of_fold(boosted)
    external = piped(strong).fit(theirs, labels[others]).predict_proba(mine)
    yield "external", f"{type(strong).__name__} on other rows", external
    in_sample = piped(forest).fit(mine, labels[own]).predict_proba(mine)
    yield "leaking", "forest, in sample", in_sample
    yield "leaking", "the labels themselves", np.eye(labels.max() + 1)[labels[own]]
    regularised = piped(leaves).fit(mine, labels[own]).predict_proba(mine)
    yield "leaking", "forest of leaves of 5, in sample", regularised


def recognise(table, labels, given) -> list[str]:
    """Return the regime that the engine recognises for each matrix of probabilities."""
    registry, recipe = Registry.installed(), Recipe.load()
    parts = resolve(recipe, registry)
    dataset = make_dataset(table, labels)
    reader = TeacherReader(
        training=dataset,
        test=dataset,
        cache=parts.cache.create(),
        executor=parts.executor.create(),
        n_folds=recipe.split.teacher_folds,
        seed=1,
        counts=Counts(),
    )

    def reference():
        return members(parts.reference, dataset.facts, 1)

    source = ExtraSource(recipe.extra, None, None, 1)
    said = [GivenTeacher("given", each) for each in given]
    asked = [Teaching([each], reader, parts.fuser, reference, source) for each in said]
    return [each.regime().name for each in asked]


@click.command()
@click.option("--draws", default=10, show_default=True)
@click.option("--markdown", type=click.Path(path_type=Path))
def main(draws: int, markdown: Path | None) -> None:
    """Count how often each regime is recognised."""
    warnings.simplefilter("ignore")
    found = []
    for name, (n, m) in SETS.items():
        table, labels = load(name)
        for seed in range(draws):
            order = np.random.default_rng(seed).permutation(len(labels))
            own, others = order[:n], order[n : n + m]
            made = list(teachers(table, labels, own, others, seed))
            told = recognise(table.iloc[own], labels[own], [given for *_, given in made])
            for (regime, teacher, _), said in zip(made, told, strict=True):
                found.append({"set": name, "made": regime, "teacher": teacher, "said": said})
    frame = pd.DataFrame(found)
    frame["right"] = frame.made == frame.said
    table = (
        frame.groupby(["set", "made", "teacher"], sort=False)
        .agg(right=("right", "sum"), draws=("right", "size"), said=("said", _counted))
        .reset_index()
    )
    click.echo(table.to_string())
    if markdown is not None:
        lines = ["| " + " | ".join(table.columns) + " |", "|---" * table.shape[1] + "|"]
        rows = table.itertuples(index=False)
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
        markdown.write_text(INTRODUCTION + "\n".join(lines) + "\n", "utf-8")


def _counted(said: pd.Series) -> str:
    return ", ".join(f"{name} {count}" for name, count in said.value_counts().items())


INTRODUCTION = """# Which regime are given probabilities in?

Written by `python benchmarks/regimes.py --markdown docs/regimes.md`. Each draw takes other rows;
`made` is what the probabilities are, `said` what the engine recognised.

A regularised model read in sample is not told from a teacher that knows more: nothing in its
probabilities does.

"""

if __name__ == "__main__":
    main()
