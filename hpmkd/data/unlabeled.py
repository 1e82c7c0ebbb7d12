"""Rows without labels: real ones from the user, or rows that an augmenter makes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.columns import conformed
from hpmkd.data.dataset import Dataset
from hpmkd.data.raw_rows import as_table
from hpmkd.errors import DataError, DataWarning
from hpmkd.student import Schema

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hpmkd.contracts import Augmenter
    from hpmkd.recipe.settings import ExtraSettings
    from hpmkd.values import FloatArray

#: Shares above this are warned of: fewer rows may be twins by chance.
SUBSTANTIAL = 0.1


@dataclass(frozen=True)
class ExtraSource:
    """Where rows without labels come from.

    Parameters
    ----------
    settings : ExtraSettings
        How many to make.
    augmenter : Augmenter or None
        Makes rows; None for no such rows.
    unlabeled : DataFrame or ndarray, or None
        Real rows. They take precedence: then none are made.
    seed : int
        Of the augmenter's generator.
    """

    settings: ExtraSettings
    augmenter: Augmenter | None
    unlabeled: Any
    seed: int

    @property
    def real(self) -> bool:
        """Whether the rows are real ones."""
        return self.unlabeled is not None

    def without_augmenter(self) -> ExtraSource:
        """Return a source of real rows only."""
        return replace(self, augmenter=None)

    def disabled(self) -> ExtraSource:
        """Return a source of no rows."""
        return replace(self, augmenter=None, unlabeled=None)

    def requested(self, n: int) -> bool:
        """Return whether there are or will be extra rows beside a table of n rows."""
        return self.real or (self.augmenter is not None and self._wanted(n) > 0)

    def _wanted(self, n: int) -> int:
        settings = self.settings
        return 0 if n > settings.until else min(round(settings.rows * n), settings.max_rows)

    def rows(self, table: Any) -> Any:
        """Return rows to learn from beside those of `table`, or None if there are none.

        What is made follows from `table` and the seed alone. It must hold no selection or
        test row: an augmenter copies cells.

        Raises
        ------
        PluginError
            If the augmenter fails or breaks its contract.
        """
        if self.real:
            return self.unlabeled
        n = self._wanted(len(table))
        if self.augmenter is None or n == 0:
            return None
        made = self.augmenter.rows(table, n, np.random.default_rng(self.seed))
        return made if made.shape[0] else None


@dataclass(frozen=True)
class PseudoLabelledRows:
    """Extra rows and the fused probabilities of the teachers on them.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (m, d)
        Raw rows.
    soft_targets : ndarray of shape (m, K)
        The fused probabilities.
    real : bool
        Whether a user handed them in.
    """

    table: Any
    soft_targets: FloatArray
    real: bool


def unlabeled_rows(X: Any, training: Dataset) -> Any:
    """Check real rows without labels, and bring them to the columns of the training rows.

    Parameters
    ----------
    X : DataFrame or array-like of shape (m, d)
        Raw rows. Columns are matched by name where both sides have names, else by position;
        further named ones, the target among them, are dropped. Columns without any cell that
        have some in training are warned of.
    training : Dataset
        The rows with labels.

    Returns
    -------
    DataFrame or ndarray of shape (m, d)
        Whichever the training rows are.

    Raises
    ------
    DataError
        If there are no rows, columns are missing, cells are infinite, or text stands where
        training has numbers.
    """
    import pandas as pd

    try:
        table = as_table(X)
        # What does not fit would come up inside a teacher, long after the start.
        Schema.fit(training.features, missing=training.missing).read(table)
    except DataError as error:
        raise DataError(f"unlabeled rows: {error}") from error
    if isinstance(training.table, pd.DataFrame):
        names = list(training.table.columns)
        given = isinstance(table, pd.DataFrame)
        there = [name for name in names if given and name in table]
        table = table[there] if given else pd.DataFrame(table, columns=names)
        table = conformed(table, training.table, training.missing)
    elif isinstance(table, pd.DataFrame):
        table = table.to_numpy()
    _warn_of_empty_columns(pd.DataFrame(table), pd.DataFrame(training.features))
    return table


def _warn_of_empty_columns(rows: pd.DataFrame, training: pd.DataFrame) -> None:
    empty = rows[training.columns].isna().all() & ~training.isna().all()
    names = [str(name) for name in training.columns[empty]]
    if names:
        shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        warnings.warn(
            f"unlabeled rows: columns without any value that have some in training: {shown}; "
            "the teachers label these rows without knowing them: fill them, or leave the rows out",
            DataWarning,
            stacklevel=3,
        )


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
    schema = Schema.fit(training.features, max_categories=len(training))
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
