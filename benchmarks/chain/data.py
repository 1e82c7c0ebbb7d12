"""The roles of rows in the chain benchmark.

``self``: up to 2,000 training rows (at most 60 % of a set) and up to 4,000 test rows; the
teachers learn from the training rows. ``external-300`` and ``external-1000``: so many training
rows, and teachers that learned from up to 8,000 other rows; the test is at most 40 % of a set.
``large``: as ``self``, but up to 20,000 training rows, of the sets with 10,000 or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from benchmarks.common.datasets import load
from hpmkd.data.dataset import Dataset

#: All but ``wine``, whose 71 test rows are too few (it runs where its name is given).
SETS = (
    "adult", "german", "magic", "phoneme", "spambase", "breast_cancer", "splice", "segment",
    "satimage", "penbased", "texture", "digits",
)  # fmt: skip
SELF, LARGE = "self", "large"
#: Training rows of each setting with a teacher from elsewhere.
EXTERNAL = {"external-300": 300, "external-1000": 1000}
SETTINGS = (SELF, *EXTERNAL, LARGE)
TRAINING, TEST, OTHERS = {SELF: 2000, LARGE: 20000}, 4000, 8000
LEAST_LARGE = 10000
#: An external teacher must have seen this many times the training rows, or it knows no more.
LEAST_OTHERS = 1.5


@dataclass(frozen=True)
class Problem:
    """One draw of rows from one set.

    Parameters
    ----------
    setting, name : str
        Where the teachers come from, and the set.
    seed : int
        Of the draw; arms take all their randomness from it.
    training, test : Dataset
        Rows to learn from, and rows that nothing has seen. An arm reads only the table of the
        latter, and only with its finished student.
    others : Dataset or None
        Rows of an external teacher.
    """

    setting: str
    name: str
    seed: int
    training: Dataset
    test: Dataset
    others: Dataset | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """Return the identity of this problem."""
        return self.setting, self.name, self.seed

    @property
    def n_classes(self) -> int:
        """Number of classes, K."""
        return len(self.training.classes)


def draw(setting: str, name: str, seed: int) -> Problem | None:
    """Draw a problem; None where the set has too few rows for it."""
    table, labels = load(name)
    whole = Dataset(table.reset_index(drop=True), labels, np.arange(labels.max() + 1))
    if setting in TRAINING:
        n_train = min(TRAINING[setting], int(0.6 * len(whole)))
        if setting == LARGE and n_train < LEAST_LARGE:
            return None
        rest, test = _split(whole, n_train, min(TEST, len(whole) - n_train), seed)
        return Problem(setting, name, seed, _sorted(whole, rest), _sorted(whole, test))
    n_train = EXTERNAL[setting]
    n_test = min(TEST, int(0.4 * len(whole)))
    n_others = min(OTHERS, len(whole) - n_test - n_train)
    if n_others < LEAST_OTHERS * n_train:
        return None
    rest, test = _split(whole, len(whole) - n_test, n_test, seed)
    own, others = train_test_split(
        rest,
        train_size=n_train,
        test_size=n_others,
        stratify=labels[rest],
        random_state=seed,
    )
    parts = (_sorted(whole, rows) for rows in (own, test, others))
    return Problem(setting, name, seed, *parts)


def _split(whole: Dataset, n_first: int, n_second: int, seed: int):
    sizes = {"train_size": n_first, "test_size": n_second}
    rows = np.arange(len(whole))
    return train_test_split(rows, **sizes, stratify=whole.labels, random_state=seed)


def _sorted(whole: Dataset, rows) -> Dataset:
    found = whole.rows(np.sort(rows))
    return Dataset(found.table.reset_index(drop=True), found.labels, found.classes)
