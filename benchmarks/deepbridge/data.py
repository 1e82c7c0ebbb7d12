"""Rows for a script, a forest's probabilities of them, and rows that neither library sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split

from benchmarks.common.datasets import load

#: Two classes and numbers alone: DeepBridge's grid takes no others.
SETS = ("breast_cancer", "phoneme", "spambase")
GIVEN, FRESH, TREES = 1000, 1500, 100


@dataclass(frozen=True)
class Rows:
    """A data set of the benchmark.

    Parameters
    ----------
    given : DataFrame
        What the script gets: columns x0 …, label, prob_0, prob_1. The probabilities are a
        forest's, out of fold.
    fresh : DataFrame
        The same features of rows that no library sees before its student is fitted.
    labels : ndarray of shape (n,)
        Of the fresh rows.
    teacher : ndarray of shape (n, 2)
        The forest's probabilities of the fresh rows, fitted on all given ones.
    """

    given: pd.DataFrame
    fresh: pd.DataFrame
    labels: np.ndarray
    teacher: np.ndarray

    def shuffled(self) -> pd.DataFrame:
        """Return the given rows, each with the probabilities of another one."""
        other = self.given.copy()
        names = ["prob_0", "prob_1"]
        at = np.random.default_rng(0).permutation(len(other))
        other[names] = other[names].to_numpy()[at]
        return other


@cache
def rows_of(name: str) -> Rows:
    """Draw the rows of a set; where it has few, two thirds of them are given."""
    table, labels = load(name)
    frame = table.astype(float)
    frame.columns = [f"x{at}" for at in range(frame.shape[1])]
    given = min(GIVEN, 2 * len(frame) // 3)
    train, test = train_test_split(
        np.arange(len(frame)),
        train_size=given,
        test_size=min(FRESH, len(frame) - given),
        stratify=labels,
        random_state=0,
    )
    own, fresh = frame.iloc[train].reset_index(drop=True), frame.iloc[test].reset_index(drop=True)
    forest = RandomForestClassifier(TREES, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    soft = cross_val_predict(forest, own, labels[train], cv=folds, method="predict_proba")
    return Rows(
        own.assign(label=labels[train], prob_0=soft[:, 0], prob_1=soft[:, 1]),
        fresh,
        labels[test],
        forest.fit(own, labels[train]).predict_proba(fresh),
    )
