"""Makes a dataset of a user's input: checked, labels coded, useless columns left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.data import tables
from hpmkd.data.columns import (
    ANY,
    ColumnChoice,
    conformed,
    left_out,
    named,
    read_text_numbers,
    warn_of_commas,
)
from hpmkd.data.dataset import Dataset
from hpmkd.data.dates import settle_dates
from hpmkd.data.labels import as_labels, classes_of, codes_of
from hpmkd.data.raw_rows import aligned, as_table, unknown_column
from hpmkd.data.table_warnings import warn_of_another_order, warn_of_many_columns
from hpmkd.data.weights import positive_weights
from hpmkd.errors import DataError, DataWarning, warn

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROWS = 10
#: Rows in which most columns change.
FEW_ROWS = 1000


def make_dataset(
    X: Any,
    y: Any,
    classes: NDArray[Any] | None = None,
    columns: ColumnChoice = ANY,
    weights: Any = None,
) -> Dataset:
    """Check raw rows and labels.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Numbers, booleans, strings, categories, missing values, in any mix.
    y : array-like of shape (n,), or str
        Labels of any one type, or the name of their column in `X`.
    classes : ndarray of shape (K,), optional
        The labels allowed (those of the training rows); by default those in `y`.
    columns : ColumnChoice
        Columns that are to be left out or kept.
    weights : array-like of shape (n,), or str, optional
        How much each row counts, or the name of their column in `X`. Only their ratios matter;
        a row of weight 0 is left out, as if it were not there.

    Raises
    ------
    DataError
        Saying what is wrong with rows, labels or weights and what to do about it.
    """
    if isinstance(y, str) and isinstance(weights, str) and y == weights:
        raise DataError(f"got {y!r} as target and as weights; name another column of weights")
    warn_of_another_order(X, y, "labels")
    warn_of_another_order(X, weights, "weights")
    table, y = _split(as_table(X), y, "target")
    table, weights = _split(table, weights, "weights")
    labels, at = as_labels(y, table.shape[0]), None
    if weights is not None:
        at, weights = positive_weights(weights, len(labels))
        labels = labels if at is None else labels[at]
    if classes is not None:
        return Dataset(table, codes_of(labels, classes), classes, at, weights=weights)
    if len(labels) < MIN_ROWS:
        found = ", ".join(map(str, np.unique(labels)))
        left = "" if at is None else f" of a weight above 0, of the classes {found}"
        raise DataError(
            f"got {len(labels)} rows{left}; expected at least {MIN_ROWS} to train and to measure"
        )
    classes = classes_of(labels)
    warn_of_many_columns(table)
    codes = codes_of(labels, classes)
    table, missing = _settled(table)
    if hasattr(table, "columns"):
        warn_of_commas(table)
        known = table if at is None else tables.take(table, at)
        return Dataset(table, codes, classes, at, left_out(known, columns), missing, weights)
    if columns != ANY:
        raise DataError(
            "drop and keep: got names of columns, but the rows are an array without names; "
            "expected a frame"
        )
    _warn_of_dull_columns(table)
    return Dataset(table, codes, classes, at, (), missing, weights)


def _settled(table: Any) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """Return training rows whose columns of dates and of numbers hold nothing else.

    Also by column, the texts that are missing there.
    """
    if not hasattr(table, "columns"):
        if table.dtype.kind not in "OU":
            return table, {}
        given = named(table)
        frame, missing = _settled(given)
        return (table if frame is given else frame.to_numpy(dtype=object)), missing
    table, no_dates = settle_dates(table)
    table, no_numbers = read_text_numbers(table)
    return table, {**no_dates, **no_numbers}


def as_test_rows(training: Dataset, X_test: Any, target: Any, weights: Any = None) -> Dataset:
    """Return given test rows, with the classes and the columns of the training rows."""
    test = make_dataset(X_test, target, classes=training.classes, weights=weights)
    table = aligned(test.whole, training.whole, training.left_out)
    return replace(test, whole=conformed(table, training.whole, training.missing))


def _split(table: Any, name: Any, what: str) -> tuple[Any, Any]:
    """Take a column out of a table, which `what` describes, if it is given by its name."""
    if not isinstance(name, str):
        return table, name
    if not hasattr(table, "columns"):
        raise DataError(f"got the {what} {name!r} by name, but the rows are an array without names")
    if name not in table.columns:
        raise DataError(unknown_column(table, name))
    if table.shape[1] == 1:
        raise DataError(f"the data has no column beside the {what} {name!r}")
    return table.drop(columns=name), table[name]


def _warn_of_dull_columns(table: Any) -> None:
    import pandas as pd

    frame = pd.DataFrame(table, copy=False)
    # What changes among the first rows need not be looked for in all of them.
    for most in (FEW_ROWS, len(frame)):
        same = frame.head(most).nunique(dropna=False).to_numpy() <= 1
        frame = frame.loc[:, same]
    missing = frame.columns[frame.isna().all()]
    constant = [name for name in frame.columns if name not in set(missing)]
    for names, problem in ((missing, "are missing in every row"), (constant, "never change")):
        if len(names):
            shown = ", ".join(map(str, names[:10])) + (" …" if len(names) > 10 else "")
            warn(
                f"columns that {problem}: {shown}; they teach nothing, drop them to save space",
                DataWarning,
            )
