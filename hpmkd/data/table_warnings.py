"""Warnings about tables and labels that can be used as they are, but may not be meant so."""

from __future__ import annotations

from typing import Any

from hpmkd.errors import DataWarning, warn

#: Columns above which a run takes longer for them than for anything else; see docs/data.md.
MANY_COLUMNS = 2000


def warn_of_another_order(X: Any, given: Any, what: str) -> None:
    """Warn of labels, or what else is given by row, in another order than the rows by the index."""
    import pandas as pd

    if not isinstance(X, pd.DataFrame) or not isinstance(given, pd.Series | pd.DataFrame):
        return
    rows, own = X.index, given.index
    if rows.equals(own):
        return
    if len(rows) == len(own) and not len(rows.symmetric_difference(own, sort=False)):
        warn(
            f"the {what} have the index of the rows in another order; {what} are taken by "
            "position, as scikit-learn takes them: .loc[X.index] brings them into the order of "
            "the rows, .to_numpy() leaves them as they are and silences this",
            DataWarning,
        )


def warn_of_many_columns(table: Any) -> None:
    """Warn of so many columns that they decide what a run costs."""
    n, d = table.shape
    if d > MANY_COLUMNS:
        warn(
            f"{d:,} columns for {n:,} rows: above {MANY_COLUMNS:,} the time and the memory of a "
            "run grow with the columns, and among so many some fit the labels by chance: keep "
            "those that may tell the classes apart",
            DataWarning,
        )
