"""The labelled rows of a run as they were handed in, and how they are divided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hpmkd.data.columns import ANY, ColumnChoice
from hpmkd.data.dataset import Dataset, separate_test
from hpmkd.data.known_rows import warn_of_tested_rows
from hpmkd.data.make_dataset import as_test_rows, make_dataset
from hpmkd.data.raw_rows import as_table
from hpmkd.data.weights import weighed_by_class
from hpmkd.errors import DataError, DataWarning, warn


@dataclass(frozen=True)
class GivenRows:
    """Rows, labels and weights; those that are not text are as :func:`make_dataset` takes them.

    Parameters
    ----------
    X, y : table and labels
        Of all rows, or of those to train on, where there are test rows; `y` may be the name of a
        column.
    X_test, y_test : table and labels, optional
        Rows to measure on.
    sample_weight, sample_weight_test : array-like or str, optional
        How much each row counts; the name of a column in both tables.
    class_weight : None, "balanced", or mapping of label to number
        How much each class counts besides, in all but the test rows.
    columns : ColumnChoice
        Columns that are to be left out or kept.
    """

    X: Any
    y: Any
    X_test: Any = None
    y_test: Any = None
    sample_weight: Any = None
    sample_weight_test: Any = None
    class_weight: Any = None
    columns: ColumnChoice = ANY

    @cached_property
    def dataset(self) -> Dataset:
        """The rows of `X`, without weights of classes."""
        return make_dataset(self.X, self.y, columns=self.columns, weights=self.sample_weight)

    def divided(self, test_size: float, seed: int) -> tuple[Dataset, Dataset]:
        """Return the rows to train on and those to measure on.

        Parameters
        ----------
        test_size : float
            Share of the rows to measure on, where none were handed in for that.
        seed : int
            Source of the shuffle.

        Raises
        ------
        DataError
            If rows, labels or weights cannot be used.
        """
        if self.X_test is None:
            for name in ("y_test", "sample_weight_test"):
                if getattr(self, name) is not None:
                    raise DataError(f"got {name} without X_test; expected both or neither")
            parts = separate_test(self.dataset, test_size, seed)
            training, test = map(self.dataset.rows, parts)
        else:
            training, test = self.dataset, self._test()
        return weighed_by_class(training, self.class_weight), test

    def _test(self) -> Dataset:
        table = as_table(self.X_test)
        target = self.y if self.y_test is None and isinstance(self.y, str) else self.y_test
        weights = self.sample_weight_test
        if weights is None and isinstance(self.sample_weight, str):
            weights = self.sample_weight
            if weights not in getattr(table, "columns", ()):
                warn(
                    f"the test rows have no column {weights!r} with weights: they all count the "
                    "same (add it, or give sample_weight_test)",
                    DataWarning,
                )
                weights = None
        test = as_test_rows(self.dataset, table, target, weights)
        warn_of_tested_rows(self.dataset, test)
        return test
