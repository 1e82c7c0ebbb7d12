"""Rows without labels that the run knows already: training rows and test rows among them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.dataset import Dataset, DataWarning
from hpmkd.student import Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares above this are warned of: fewer rows may be twins by chance.
SUBSTANTIAL = 0.1


def warn_of_known_rows(unlabeled: Any, training: Dataset, test: Dataset) -> None:
    """Warn if many rows without labels are training rows, or many test rows stand among them.

    Two rows are the same if all cells are. Where rows repeat by nature (few columns of few
    values), new ones look known, too: the share of training rows that have a twin among the
    training rows is what chance gives, and is taken off before a share counts as substantial.

    Parameters
    ----------
    unlabeled : DataFrame or ndarray of shape (m, d)
        With the columns of the training rows.
    training, test : Dataset
        The rows with labels.
    """
    # As students read them: 1 and 1.0 are one value, whatever the types of the columns.
    schema = Schema.fit(training.table, max_categories=len(training))
    extra, known, tested = (
        _hashes(schema, table) for table in (unlabeled, training.table, test.table)
    )
    _, at, counts = np.unique(known, return_inverse=True, return_counts=True)
    threshold = SUBSTANTIAL + float((counts[at] > 1).mean())
    repeated, met = float(np.isin(extra, known).mean()), float(np.isin(tested, extra).mean())
    if repeated > threshold:
        warnings.warn(
            f"unlabeled rows: {repeated:.0%} of them are training rows, cell by cell; these teach "
            "nothing new, and teachers label them that have seen their labels: leave them out",
            DataWarning,
            stacklevel=2,
        )
    if met > threshold:
        warnings.warn(
            f"unlabeled rows: {met:.0%} of the test rows are among them, cell by cell; the result "
            "is then transductive: it says how good the student is on rows that it has learned "
            "from, not on new ones. Leave them out, or test on others",
            DataWarning,
            stacklevel=2,
        )


def _hashes(schema: Schema, table: Any) -> NDArray[np.uint64]:
    import pandas as pd

    # Adding 0 makes one zero of two.
    frame = pd.DataFrame(schema.matrix(table) + 0.0)
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)
