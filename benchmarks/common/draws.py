"""The roles of a set's rows: training, test, and the rest, drawn class by class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

LARGEST_SHARE = 0.6


class Drawn(NamedTuple):
    """Numbers of the rows that do one thing each, in their order."""

    training: np.ndarray
    test: np.ndarray
    rest: np.ndarray


def drawn(labels: np.ndarray, rows: int, seed: int, test: int, rest: int) -> Drawn:
    """Draw so many training rows, at most 60 % of a set, and half of the others as its test.

    `test` and `rest` say how many test rows and others there are at most.
    """

    def divided(at: np.ndarray, size: int) -> list[np.ndarray]:
        return train_test_split(at, train_size=size, stratify=labels[at], random_state=seed)

    n_train = min(rows, int(LARGEST_SHARE * len(labels)))
    training, others = divided(np.arange(len(labels)), n_train)
    tested, left = divided(others, min(test, len(others) // 2))
    return Drawn(*map(np.sort, (training, tested, left[:rest])))
