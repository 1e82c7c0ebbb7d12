"""The roles of rows in the benchmark of students.

So many training rows, at most 60 % of a set. Half of the other rows are the test, at most 4,000;
what is left, at most 8,000, are real rows without labels: rows as a user has beside the
labelled ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common.datasets import load
from benchmarks.common.draws import LARGEST_SHARE, drawn
from hpmkd.data.dataset import Dataset

SETS = ("satimage", "magic", "spambase", "adult", "phoneme", "segment", "splice", "penbased")
TEST, REAL = 4000, 8000
#: Of the requested training rows: a set with fewer is left out.
LEAST_SHARE = 0.6


@dataclass(frozen=True)
class Problem:
    """One draw of rows from one set.

    Parameters
    ----------
    name : str
        The set.
    rows : int
        Training rows that were requested: there may be fewer.
    seed : int
        Of the draw; all randomness follows from it.
    training, test : Dataset
        Rows to learn from, and rows that are predicted by finished students and nothing else.
    real : DataFrame
        Rows whose labels nothing reads.
    """

    name: str
    rows: int
    seed: int
    training: Dataset
    test: Dataset
    real: Any

    @property
    def key(self) -> tuple[str, int, int]:
        """The identity of this draw."""
        return self.name, self.rows, self.seed

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return len(self.training.classes)


def draw(name: str, rows: int, seed: int) -> Problem:
    """Draw training, test and real rows, class by class."""
    table, labels = load(name)
    classes = np.arange(labels.max() + 1)
    training, test, real = (
        Dataset(table.iloc[at].reset_index(drop=True), labels[at], classes)
        for at in drawn(labels, rows, seed, TEST, REAL)
    )
    return Problem(name, rows, seed, training, test, real.table)


def has(name: str, rows: int) -> bool:
    """Return whether a set has about so many training rows: 60 % of them at least."""
    return LEAST_SHARE * rows <= LARGEST_SHARE * len(load(name)[1])
