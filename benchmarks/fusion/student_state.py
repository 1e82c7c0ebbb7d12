"""Attention that sees the current student, against attention that does not, by whole runs.

Run ``python -m benchmarks student-state --markdown docs/student-state.md``. Finished lines are in
the cache folder, so that an interrupted benchmark continues.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import hpmkd
from benchmarks.common.datasets import CACHE, READERS, listed, load
from benchmarks.common.pages import filled, page_option, publish, table
from benchmarks.common.results import add_line, done, read_lines
from benchmarks.common.runs import FIRST_RUN, teacher
from hpmkd.student.encoders.sklearn import TableEncoder
from hpmkd_defaults.caches.memory import MemoryCache

PAGE = Path(__file__).with_suffix(".md")
SETS = "breast_cancer,phoneme,segment,spambase"
PANELS = ("full", "specialists")
ARMS = {
    "attention": {},
    "attention, student": {"fuser.student_state": True},
    "two rounds": {"fuser.student_state": True, "search.rounds": 2},
}
TRAINING, TEST, REGIONS = 1500, 4000, 4
#: Common settings of the arms; what is not compared is left out.
SETTINGS = {**FIRST_RUN, "front.size": 0, "stages": ["logistic", "tree", "gbm"]}
RESULTS, KEY = CACHE / "student-state.jsonl", ("set", "panel", "arm")


class Regions:
    """Finds the region of the data that a row is in; it has seen no label."""

    def __init__(self, rows, seed: int) -> None:
        # A run leaves out columns that are constant.
        self.columns = [name for name in rows if rows[name].nunique() > 1]
        self.encoder = TableEncoder("linear").fit(rows[self.columns])
        encoded = self.encoder.transform(rows[self.columns])
        self.clusters = KMeans(REGIONS, n_init=3, random_state=seed).fit(encoded)

    def of(self, rows):
        """Return the number of each row's region."""
        return self.clusters.predict(self.encoder.transform(rows[self.columns]))


class RegionExpert(ClassifierMixin, BaseEstimator):
    """A model that is fitted on the rows of one region alone."""

    def __init__(self, model, regions, region):
        self.model = model
        self.regions = regions
        self.region = region

    def fit(self, X, y):
        """Fit on the rows of the region; on all, where there are none."""
        own = np.flatnonzero(self.regions.of(X) == self.region)
        own = own if len(own) else np.arange(len(y))
        self.fitted_ = clone(self.model).fit(X.iloc[own], np.asarray(y)[own])
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        """Predict any row, also outside the region."""
        found = np.zeros((len(X), len(self.classes_)))
        found[:, np.isin(self.classes_, self.fitted_.classes_)] = self.fitted_.predict_proba(X)
        return found


def teachers(panel: str, rows, seed: int):
    """Return the teachers of a panel; None for those of the recipe."""
    if panel == "full":
        return None
    regions = Regions(rows, seed)
    forest = make_pipeline(TableEncoder("tree"), RandomForestClassifier(100, random_state=seed))
    return {f"region {r}": RegionExpert(forest, regions, r) for r in range(REGIONS)}


def measure(name: str, panel: str, arm: str, cache: MemoryCache, seed: int = 0) -> dict:
    """Run one arm; the cache has the teachers' predictions of the arms before."""
    X, y = load(name)
    n_train = min(TRAINING, int(0.6 * len(y)))
    sizes = {"train_size": n_train, "test_size": min(TEST, len(y) - n_train)}
    X_train, X_test, *labels = train_test_split(X, y, **sizes, stratify=y, random_state=seed)
    start = time.process_time()
    found = hpmkd.distill(
        X_train,
        labels[0],
        X_test=X_test,
        y_test=labels[1],
        teacher=teachers(panel, X_train, seed),
        settings={**SETTINGS, **ARMS[arm]},
        seed=seed,
        cache=cache,
    )
    shipped = next(each for each in found.records if each.chosen)
    return {
        "set": name,
        "panel": panel,
        "arm": arm,
        "gate": dict(found.knowledge.fuser["gate"]),
        "fused": teacher(found).log_loss,
        "shipped": shipped.log_loss,
        "student": shipped.name,
        "rounds": [
            (each.passed, each.reason) for each in found.gates if each.name.startswith("round")
        ],
        "models": found.counts["models_trained"],
        "cpu": time.process_time() - start,
    }


def report(lines: list[dict]) -> str:
    """Return the page: the arms beside each other, set by set."""
    parts = []
    for panel in PANELS:
        own = {(line["set"], line["arm"]): line for line in lines if line["panel"] == panel}
        names = sorted({name for name, _ in own})
        sets = {name: [own.get((name, arm)) for arm in ARMS] for name in names}
        if sets:
            parts += [f"## Panel: {panel}", _table(sets), _rounds([*own.values()])]
    minutes = sum(line["cpu"] for line in lines) / 60
    return filled(PAGE, rows=f"{TRAINING:,}", minutes=f"{minutes:.1f}", panels="\n\n".join(parts))


def _table(sets: dict[str, list[dict | None]]) -> str:
    """Return a line per set, then the means of those that have all arms."""
    kinds = ("fused", "shipped")
    rows = []
    for name, arms in sets.items():
        losses = ["–" if each is None else f"{each[kind]:.4f}" for kind in kinds for each in arms]
        rows.append([name, *map(_gate, arms), *losses])
    whole = [arms for arms in sets.values() if None not in arms]
    if whole:
        accepted = np.sum([[each["gate"]["accepted"] for each in arms] for arms in whole], axis=0)
        losses = [[each[kind] for kind in kinds for each in arms] for arms in whole]
        means = [f"{mean:.4f}" for mean in np.mean(losses, axis=0)]
        own = [f"{n} of {len(whole)} accepted" for n in accepted]
        rows.append([f"**mean of {len(whole)}**", *own, *means])
    return table(["set", *(f"{arm}: {what}" for what in ("gain", *kinds) for arm in ARMS)], rows)


def _rounds(lines: list[dict]) -> str:
    asked = [line for line in lines if line["arm"] == "two rounds"]
    tried = [line["rounds"] for line in asked if line["rounds"]]
    kept = sum(passed for ((passed, _),) in tried)
    return f"A second round was tried in {len(tried)} of {len(asked)} runs, and kept in {kept}."


def _gate(line: dict | None) -> str:
    if line is None:
        return "–"
    gate = line["gate"]
    if gate["gain"] is None:
        return gate["reason"]
    accepted = "accepted" if gate["accepted"] else "refused"
    return f"{gate['gain']:+.4f} ± {gate['standard_error']:.4f}, {accepted}"


@click.command()
@click.option("--sets", default=SETS, show_default=True, help="Data sets.")
@click.option("--panels", default=",".join(PANELS), show_default=True, help="Panels.")
@click.option("--quick", is_flag=True, help="One small set: does it run?")
@click.option("--cached", is_flag=True, help="Compute nothing: report the finished lines.")
@page_option
def main(sets: str, panels: str, quick: bool, cached: bool, markdown: Path | None) -> None:
    """Compare attention with and without the student."""
    names = ["breast_cancer"] if quick else listed(sets, READERS, "sets")
    for panel in listed(panels, PANELS, "panels"):
        for name in names:
            known, cache = done(RESULTS, KEY), MemoryCache()
            missing = [arm for arm in ARMS if (name, panel, arm) not in known]
            for arm in () if cached else missing:
                line = measure(name, panel, arm, cache)
                add_line(RESULTS, line)
                click.echo(f"{name}, {panel}, {arm}: {line['cpu']:.0f} s", err=True)
    publish(report(read_lines(RESULTS, KEY)), markdown)
