"""Recognised regimes of given probabilities, on draws of real sets made in each.

Run: ``python -m benchmarks regimes [--first 10] [--jobs 2] [--markdown docs/regimes.md]``.
Try a changed detector on draws from 100 on, and report others.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from benchmarks.common.datasets import load
from benchmarks.common.engine import teacher_predictor
from benchmarks.common.pages import filled, frame_table, page_option
from hpmkd.data.make_dataset import make_dataset
from hpmkd.data.unlabeled import ExtraSource
from hpmkd.knowledge.builder import KnowledgeBuilder
from hpmkd.knowledge.panels import members
from hpmkd.knowledge.regime import Regime
from hpmkd.knowledge.teachers import GivenTeacher
from hpmkd.recipe.recipe import Recipe
from hpmkd.recipe.resolve import resolve
from hpmkd.registry.registry import Registry
from hpmkd.student.encoders.sklearn import TableEncoder

PAGE = Path(__file__).with_suffix(".md")


class Case(NamedTuple):
    """A real set, the rows at hand, and the other rows that an external teacher learns from."""

    name: str
    own: int
    others: int

    def __str__(self) -> str:
        return f"{self.name}, {self.own:,} of {self.others:,}"


#: The last two were not looked at while the detector was made.
CASES = (
    Case("adult", 1000, 15000),
    Case("adult", 2000, 20000),
    Case("magic", 1000, 12000),
    Case("digits", 300, 1400),
    Case("phoneme", 600, 4800),
    Case("spambase", 600, 3900),
)


def teachers(table, labels, own, others, seed) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield (regime that it is made to be in, teacher, probabilities of the own rows)."""
    mine, theirs = table.iloc[own], table.iloc[others]
    forest = RandomForestClassifier(100, random_state=seed)
    trees = ExtraTreesClassifier(200, random_state=seed)
    boosted = XGBClassifier(n_estimators=200, max_depth=6, learning_rate=0.1, n_jobs=1)
    external = ("boosted", boosted) if len(others) > 5000 else ("extra trees", trees)

    def piped(model):
        return make_pipeline(TableEncoder(kind="tree"), model)

    def out_of_fold(model):
        return cross_val_predict(piped(model), mine, labels[own], cv=5, method="predict_proba")

    def in_sample(model):
        return piped(model).fit(mine, labels[own]).predict_proba(mine)

    def leaves(size):
        return RandomForestClassifier(100, min_samples_leaf=size, random_state=seed)

    yield "self", "forest, out of fold", out_of_fold(forest)
    yield "self", "boosted, out of fold", out_of_fold(boosted)
    from_others = piped(external[1]).fit(theirs, labels[others]).predict_proba(mine)
    yield "external", f"{external[0]}, trained on the others", from_others
    yield "leaking", "the labels themselves", np.eye(labels.max() + 1)[labels[own]]
    yield "leaking", "forest, in sample", in_sample(forest)
    few = RandomForestClassifier(20, random_state=seed)
    yield "mild leak", "forest of 20 trees, in sample", in_sample(few)
    yield "mild leak", "forest of leaves of 5, in sample", in_sample(leaves(5))
    yield "mild leak", "forest of leaves of 10, in sample", in_sample(leaves(10))
    short = XGBClassifier(n_estimators=50, max_depth=4, learning_rate=0.1, n_jobs=1)
    yield "mild leak", "boosted 50 rounds, in sample", in_sample(short)


def recognise(table, labels, given) -> list[Regime]:
    """Return the regime that the engine recognises for each matrix of probabilities."""
    registry, recipe = Registry.installed(), Recipe.load()
    parts = resolve(recipe, registry)
    dataset = make_dataset(table, labels)
    predictor = teacher_predictor(dataset, dataset, parts, seed=1)

    def reference():
        return members(parts.reference, dataset.facts, 1)

    source = ExtraSource(recipe.extra, None, None, 1)
    builders = [
        KnowledgeBuilder([GivenTeacher("given", each)], predictor, parts.fuser, reference, source)
        for each in given
    ]
    return [each.regime() for each in builders]


def draw(case: Case, seed: int) -> list[dict]:
    """Return what is recognised in one draw, and by what."""
    warnings.simplefilter("ignore")
    table, labels = load(case.name)
    order = np.random.default_rng(seed).permutation(len(labels))
    own, others = order[: case.own], order[case.own : case.own + case.others]
    made = list(teachers(table, labels, own, others, seed))
    found = recognise(table.iloc[own], labels[own], [given for *_, given in made])
    return [
        {
            "set, rows": str(case),
            "made": regime,
            "teacher": teacher,
            "draw": seed,
            "right": each.name == regime.replace("mild leak", "leaking"),
            "recognised": each.name,
            "warned": bool(each.warning),
            "on_mistakes": each.evidence.on_mistakes,
            "gain": each.evidence.gain,
            "error": each.evidence.error,
            "lean": each.evidence.lean,
        }
        for (regime, teacher, _), each in zip(made, found, strict=True)
    ]


@click.command()
@click.option("--draws", default=10, show_default=True)
@click.option("--first", default=0, show_default=True, help="Number of the first draw.")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@page_option
def main(draws: int, first: int, jobs: int, markdown: Path | None) -> None:
    """Count how often each regime is recognised."""
    for case in CASES:
        load(case.name)  # downloaded once, before processes race for it
    tasks = [(case, seed) for case in CASES for seed in range(first, first + draws)]
    found = []
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in pool.map(draw, *zip(*tasks, strict=True)):
            found += done
            click.echo(f"{done[0]['set, rows']}: draw {done[0]['draw']}", err=True)
    frame = pd.DataFrame(found)
    frame["gain / error"] = frame.gain / frame.error
    click.echo(summary(frame).to_string())
    if markdown is not None:
        honest = frame[frame.made.isin(["self", "external"]) & ~frame.right]
        missed = honest[["set, rows", "teacher", "draw", "recognised", "gain", "error", "lean"]]
        tables = {"summary": frame_table(summary(frame)), "missed": frame_table(missed.round(4))}
        markdown.write_text(filled(PAGE, **tables), "utf-8")


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Count over draws; evidence as lowest … median … highest."""
    grouped = frame.groupby(["set, rows", "made", "teacher"], sort=False)
    counted = {"right": ("right", "sum"), "draws": ("right", "size")}
    counted |= {"recognised": ("recognised", _counted), "warned": ("warned", "sum")}
    ranges = {name: (name, _range) for name in ("on_mistakes", "gain / error", "lean")}
    return grouped.agg(**counted, **ranges).reset_index()


def _counted(names: pd.Series) -> str:
    return ", ".join(f"{name} {count}" for name, count in names.value_counts().items())


def _range(values: pd.Series) -> str:
    return " … ".join(f"{values.quantile(share):.2f}" for share in (0, 0.5, 1))
