"""What a user hands in becomes a dataset: checked, labels coded, nothing else changed."""

from __future__ import annotations

import warnings
import weakref
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import entr

from hpmkd.data import splits, tables
from hpmkd.data.columns import (
    ANY,
    ColumnChoice,
    conformed,
    left_out,
    read_text_numbers,
    warn_of_commas,
)
from hpmkd.data.dates import settle_dates
from hpmkd.data.labels import as_labels, classes_of, codes_of
from hpmkd.data.raw_rows import aligned, as_table, unknown_column
from hpmkd.data.table_warnings import warn_of_another_order, warn_of_many_columns
from hpmkd.data.weights import that_count
from hpmkd.errors import DataError, DataWarning
from hpmkd.values import DataFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray

MIN_ROWS = 10
#: Rows in which most columns change.
FEW_ROWS = 1000


@dataclass(frozen=True)
class Dataset:
    """Rows with labels; its arrays are read-only, for plugins are handed them.

    Parameters
    ----------
    whole : DataFrame or ndarray of shape (m, d)
        Raw columns, as they came.
    labels : ndarray of shape (n,)
        Class codes 0 … K-1.
    classes : ndarray of shape (K,)
        The labels behind the codes, sorted.
    at : ndarray of shape (n,), optional
        Which rows of `whole` these are; by default all.
    left_out : tuple of str
        Columns that nothing is learned from: a model that was handed in may need them.
    missing : mapping of str to tuple of str
        Texts that stood for a missing cell, by column of numbers.
    weights : ndarray of shape (n,), optional
        How much each row counts, > 0; without them all count the same.
    """

    whole: Any
    labels: IntArray
    classes: NDArray[Any]
    at: IntArray | None = None
    left_out: tuple[str, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", tables.read_only(self.whole))
        object.__setattr__(self, "labels", tables.frozen(self.labels))
        object.__setattr__(self, "classes", tables.frozen(self.classes))
        if self.weights is not None:
            object.__setattr__(self, "weights", tables.frozen(self.weights))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def weight(self) -> float:
        """What the rows weigh together."""
        return float(len(self) if self.weights is None else self.weights.sum())

    def __getstate__(self) -> dict[str, Any]:
        # What was taken out of the table for somebody here is taken out again elsewhere.
        return {name: value for name, value in vars(self).items() if name != "_taken"}

    @property
    def table(self) -> Any:
        """The n rows, raw.

        Of many rows, copies are what memory goes to. So a part of a table is taken out of it
        at the first use, and lives as long as somebody uses it; meanwhile every access returns
        the same one.
        """
        if self.at is None:
            return self.whole
        known: weakref.ref[Any] | None = self.__dict__.get("_taken")
        table = None if known is None else known()
        if table is None:
            table = tables.read_only(tables.take(self.whole, self.at))
            object.__setattr__(self, "_taken", weakref.ref(table))
        return table

    @property
    def features(self) -> Any:
        """The n rows, raw, without the columns that are left out."""
        return tables.without(self.table, self.left_out)

    @cached_property
    def part(self) -> Any:
        """The n rows within their table, or the table itself if they are all of it."""
        return self.whole if self.at is None else tables.TablePart(self.whole, self.at)

    def rows(self, rows: IntArray) -> Dataset:
        """Return the dataset of some rows, by position."""
        at = rows if self.at is None else self.at[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, labels=self.labels[rows], at=at, weights=weights)

    def taken(self) -> Dataset:
        """Return the same rows, taken out of their table for good: they are used often."""
        return replace(self, whole=self.table, at=None)

    def blocks(self, size: int) -> Iterator[Dataset]:
        """Yield all rows in their order, so many at a time."""
        for start in range(0, len(self), size):
            yield self.rows(np.arange(start, min(start + size, len(self))))

    @property
    def facts(self) -> DataFacts:
        """The problem in a few numbers, before any teacher has predicted."""
        shares = np.bincount(self.labels, minlength=len(self.classes)) / len(self)
        balance = entr(shares).sum() / np.log(len(shares)) if len(shares) > 1 else 1.0
        return DataFacts(len(self), self.whole.shape[1], len(self.classes), float(balance))

    @cached_property
    def digest(self) -> str:
        """Digest of table and labels, and of weights if there are any."""
        more: list[Any] = [list(self.left_out)] if self.left_out else []
        more += [] if self.weights is None else [self.weights]
        return tables.digest(self.part, self.labels, self.classes, *more)


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
    warn_of_another_order(X, y)
    table, y = _split(as_table(X), y, "target")
    table, weights = _split(table, weights, "weights")
    table, no_dates = settle_dates(table)
    labels, at = as_labels(y, table.shape[0]), None
    if weights is not None:
        at, weights = that_count(weights, len(labels))
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
    if hasattr(table, "columns"):
        table, no_numbers = read_text_numbers(table)
        missing = {**no_dates, **no_numbers}
        warn_of_commas(table)
        known = table if at is None else tables.take(table, at)
        return Dataset(table, codes, classes, at, left_out(known, columns), missing, weights)
    if columns != ANY:
        raise DataError(
            "drop and keep: got names of columns, but the rows are an array without names; "
            "expected a frame"
        )
    _warn_of_dull_columns(table)
    return Dataset(table, codes, classes, at, weights=weights)


def as_test_rows(training: Dataset, X_test: Any, target: Any, weights: Any = None) -> Dataset:
    """Return given test rows, with the classes and the columns of the training rows."""
    test = make_dataset(X_test, target, classes=training.classes, weights=weights)
    table = aligned(test.whole, training.whole, training.left_out)
    if hasattr(table, "columns"):
        table = conformed(table, training.whole, training.missing)
    return replace(test, whole=table)


def separate_test(
    dataset: Dataset,
    size: float,
    seed: int,
    cure: str = "hand in test rows of their own (--test FILE)",
) -> tuple[IntArray, IntArray]:
    """Return the row numbers to train on and those to measure on.

    Parameters
    ----------
    size : float
        Share of the rows to measure on, in (0, 1).
    seed : int
        Source of the shuffle.
    cure : str
        What to do if too few rows are left to measure on, for the error.
    """
    train, test = splits.holdout(dataset.labels, size, seed)
    if len(test) == 0:
        raise DataError(f"got {len(dataset)} rows, too few to keep {size:.0%} for the test; {cure}")
    return train, test


def warn_of_rare_classes(dataset: Dataset, n_folds: int) -> None:
    """Warn of classes with fewer rows than the teachers have folds."""
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    rare = [f"{dataset.classes[k]} ({counts[k]})" for k in np.flatnonzero(counts < n_folds)]
    if rare:
        warnings.warn(
            f"classes with fewer rows than the {n_folds} folds: {', '.join(rare[:5])}; some folds "
            "train without them and their scores mean little: collect more rows or merge them",
            DataWarning,
            stacklevel=2,
        )


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
            warnings.warn(
                f"columns that {problem}: {shown}; they teach nothing, drop them to save space",
                DataWarning,
                stacklevel=4,
            )
