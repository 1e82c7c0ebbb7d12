"""Rows with labels, and how they are divided into those to train on and those to measure on."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import entr

from hpmkd.data import splits, tables
from hpmkd.errors import DataError, DataWarning, warn
from hpmkd.values import DataFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from hpmkd.values import FloatArray, IntArray


@dataclass(frozen=True)
class Dataset:
    """Rows with labels; its arrays are read-only, because plugins receive them.

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
        warn(
            f"classes with fewer rows than the {n_folds} folds: {', '.join(rare[:5])}; some folds "
            "train without them and their scores mean little: collect more rows or merge them",
            DataWarning,
        )
