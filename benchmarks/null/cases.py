"""Runs in which there is nothing to gain, and what they claim.

Each case is what a user might hand in: rows, labels and a teacher that knows nothing beyond what
the best student on hard labels finds in the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

import hpmkd
from benchmarks.common import runs
from hpmkd.student.encoders.sklearn import TableEncoder

#: Columns of the linear data, and how steep the logit is: about .45 nats are left.
LINEAR_COLUMNS, STEEPNESS = 8, 1.0
#: Most that a run may claim where there is nothing: a gain in nats, and a share of "pays".
MOST_GAIN, MOST_PAYS = 0.01, 0.05


class Handed(NamedTuple):
    """The input of a run."""

    table: Any
    labels: np.ndarray
    teacher: Any = None


def shuffled_labels(table: Any, labels: np.ndarray, seed: int) -> Handed:
    """Give labels that have nothing to do with the rows."""
    return Handed(table, np.random.default_rng(seed).permutation(labels))


def noise_probabilities(table: Any, labels: np.ndarray, seed: int) -> Handed:
    """Give probabilities drawn at random, each vector alike, as the teacher."""
    n_classes = int(labels.max()) + 1
    noise = np.random.default_rng(seed).dirichlet(np.ones(n_classes), len(labels))
    return Handed(table, labels, noise)


class NoiseModel:
    """A fitted model that distinguishes rows, and knows nothing about their labels."""

    def __init__(self, table: Any, labels: np.ndarray, seed: int) -> None:
        self.encoder = TableEncoder("tree").fit(table)
        forest = RandomForestClassifier(50, min_samples_leaf=5, n_jobs=1, random_state=seed)
        noise = np.random.default_rng(seed).permutation(labels)
        self.forest = forest.fit(self.encoder.transform(table), noise)
        self.classes_ = self.forest.classes_

    def predict_proba(self, table: Any) -> np.ndarray:
        """Return what a forest on shuffled labels predicts."""
        probabilities: np.ndarray = self.forest.predict_proba(self.encoder.transform(table))
        return probabilities


def noise_model(table: Any, labels: np.ndarray, seed: int) -> Handed:
    """Give a fitted forest that learned shuffled labels as the teacher."""
    return Handed(table, labels, NoiseModel(table, labels, seed))


def own_control(table: Any, labels: np.ndarray, seed: int) -> Handed:
    """Give the control of a first run on the same rows as the teacher."""
    return Handed(table, labels, runs.control(distilled(Handed(table, labels), seed)))


def linear(table: Any, labels: np.ndarray, seed: int) -> Handed:
    """Give as many new rows whose logit is linear: no student beats a logistic regression."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(len(labels), LINEAR_COLUMNS))
    logits = STEEPNESS * X @ rng.normal(size=LINEAR_COLUMNS)
    drawn = rng.random(len(labels)) < 1 / (1 + np.exp(-logits))
    return Handed(pd.DataFrame(X).add_prefix("x"), drawn.astype(np.int64))


CASES: Mapping[str, Callable[[Any, np.ndarray, int], Handed]] = {
    "shuffled labels": shuffled_labels,
    "given probabilities of noise": noise_probabilities,
    "a fitted model of noise": noise_model,
    "the control of a first run": own_control,
    "linear data": linear,
}


def distilled(handed: Handed, seed: int, settings: Mapping[str, Any] = runs.FIRST_RUN) -> Any:
    """Run the default recipe; a share of the rows becomes the test, as for any user."""
    return hpmkd.distill(
        handed.table, handed.labels, teacher=handed.teacher, settings=settings, seed=seed, workers=1
    )


def claimed(case: str, table: Any, labels: np.ndarray, seed: int) -> dict[str, Any]:
    """Run a case and return what the run claims, as plain values."""
    found = distilled(CASES[case](table, labels, seed), seed)
    verdict = found.verdict
    return {
        "outcome": verdict.outcome,
        "gain": -verdict.delta_log_loss,
        "regime": verdict.regime,
        "chosen": found.chosen,
        "test_rows": found.facts["rows"]["test"],
    }


def false_claims(lines: Iterable[Mapping[str, Any]]) -> tuple[int, float]:
    """Return how many runs say that it pays, and the largest gain that one of these claims."""
    gains = [line["gain"] for line in lines if line["outcome"] == "pays"]
    return len(gains), max(gains, default=0.0)
