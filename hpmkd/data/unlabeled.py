"""Rows without labels: real ones from the user, or rows that an augmenter makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data.columns import conformed
from hpmkd.data.dataset import Dataset
from hpmkd.data.raw_rows import as_table
from hpmkd.errors import DataError, DataWarning, warn
from hpmkd.student import Schema

if TYPE_CHECKING:
    import pandas as pd

    from hpmkd.contracts import Augmenter
    from hpmkd.recipe.settings import ExtraSettings
    from hpmkd.values import FloatArray


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

    def requested(self, n_rows: int, n_columns: int) -> bool:
        """Return whether there are or will be extra rows beside a table of this shape."""
        return self.real or (self.augmenter is not None and self._wanted(n_rows, n_columns) > 0)

    def _wanted(self, n_rows: int, n_columns: int) -> int:
        settings = self.settings
        if n_rows > settings.until or n_columns > settings.until_columns:
            return 0
        return min(round(settings.rows * n_rows), settings.max_rows)

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
        n = self._wanted(*table.shape)
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
    elif isinstance(table, pd.DataFrame):
        table = table.to_numpy()
    table = conformed(table, training.table, training.missing)
    _warn_of_empty_columns(pd.DataFrame(table), pd.DataFrame(training.features))
    return table


def _warn_of_empty_columns(rows: pd.DataFrame, training: pd.DataFrame) -> None:
    empty = rows[training.columns].isna().all() & ~training.isna().all()
    names = [str(name) for name in training.columns[empty]]
    if names:
        shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        warn(
            f"unlabeled rows: columns without any value that have some in training: {shown}; "
            "the teachers label these rows without knowing them: fill them, or leave the rows out",
            DataWarning,
        )
