"""Warns of rows that stand where only new ones should: among test rows, or rows without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.dataset import Dataset
from hpmkd.errors import DataWarning, warn
from hpmkd.student import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares above this are warned of: fewer rows may be copies by chance.
SUBSTANTIAL = 0.1


def warn_of_known_rows(unlabeled: Any, training: Dataset, test: Dataset) -> None:
    """Warn if many rows without labels are training rows, or many test rows stand among them.

    Two rows are the same if all cells are. Where rows repeat by nature (few columns of few
    values), new ones look known, too: the share of training rows that have a copy among the
    training rows is what chance gives, and is taken off before a share counts as substantial.

    Parameters
    ----------
    unlabeled : DataFrame or ndarray of shape (m, d)
        With the columns of the training rows.
    training, test : Dataset
        The rows with labels.
    """
    known, threshold, hashes = _training_rows(training)
    extra, tested = hashes(unlabeled), hashes(test.table)
    repeated, met = float(np.isin(extra, known).mean()), float(np.isin(tested, extra).mean())
    if repeated > threshold:
        warn(
            f"unlabeled rows: {repeated:.0%} of them are training rows, cell by cell; these "
            "teach nothing new, and the teachers have seen their labels: leave them out",
            DataWarning,
        )
    if met > threshold:
        warn(
            f"unlabeled rows: {met:.0%} of the test rows are among them, cell by cell; the "
            "result is then transductive: it shows how good the student is on rows that it has "
            "learned from, not on new ones. Leave them out, or test on others",
            DataWarning,
        )


def warn_of_tested_rows(training: Dataset, test: Dataset) -> None:
    """Warn if many test rows are training rows, as :func:`warn_of_known_rows` counts them."""
    known, threshold, hashes = _training_rows(training)
    met = float(np.isin(hashes(test.table), known).mean())
    if met > threshold:
        warn(
            f"test rows: {met:.0%} of them are training rows, cell by cell; scores and verdict "
            "then show how well rows are remembered, not how new ones are predicted: test on "
            "rows that are not in the training data",
            DataWarning,
        )


def _training_rows(training: Dataset) -> tuple[NDArray[np.uint64], float, Any]:
    """Return the hashes of the training rows, the share to warn above, and what makes hashes."""
    # As students read them: 1 and 1.0 are one value, whatever the types of the columns.
    schema = Schema.fit(training.features, max_categories=len(training))

    def hashes(table: Any) -> NDArray[np.uint64]:
        starts = range(0, len(table), tables.ROWS_AT_ONCE)
        ends = [np.arange(at, min(at + tables.ROWS_AT_ONCE, len(table))) for at in starts]
        return np.concatenate([_hashes(schema.matrix(tables.take(table, at))) for at in ends])

    known = hashes(training.table)
    _, at, counts = np.unique(known, return_inverse=True, return_counts=True)
    return known, SUBSTANTIAL + float((counts[at] > 1).mean()), hashes


def _hashes(matrix: NDArray[np.float64]) -> NDArray[np.uint64]:
    import pandas as pd

    # Adding 0 makes one zero of two.
    hashes = pd.util.hash_pandas_object(pd.DataFrame(matrix + 0.0), index=False)
    return np.asarray(hashes, dtype=np.uint64)
