"""What a student stores of its columns, and how it reads a raw table with it.

* Numbers, booleans (0 and 1), nullable pandas columns and durations (seconds) are *numbers*, and
  so are objects that are nothing but these, or these and moments. Columns without a single value
  are numbers.
* Moments, typed, as objects or as ISO 8601 text, are of the kind *datetime*; models read several
  numbers of them, see :class:`hpmkd.student.columns.calendar.Calendar`.
* Text, pandas categories and all else are *categories*, by their text; see
  :func:`hpmkd.student.columns.cells.read_texts` for the spelling. A column of objects without a
  single value is a category without levels: whatever comes later is unknown.
* None, NaN, NaT and pd.NA are missing and become NaN, and so does a category that training
  did not show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError
from hpmkd.student.columns.column import Column
from hpmkd.student.columns.features import Feature
from hpmkd.student.columns.tables import (
    check_keys,
    has_no_rows,
    listed,
    match_columns,
    number_block,
    open_table,
)

#: Levels that a category column keeps: identifiers must not make a student as large as the data.
MAX_CATEGORIES = 1000
NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Parameters
    ----------
    columns : tuple of Column
        At least one; names are unique.
    named : bool
        True if tables are matched by column name, False if by position.
    """

    columns: tuple[Column, ...]
    named: bool

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a schema needs at least one column")
        if len({column.name for column in self.columns}) < len(self.columns):
            raise ValueError("column names repeat")

    @classmethod
    def fit(
        cls,
        table: Any,
        max_categories: int = MAX_CATEGORIES,
        missing: Mapping[str, tuple[str, ...]] = NOTHING,
    ) -> Schema:
        """Learn the columns of a training table.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            At least one row and one column. Without column names they become x0, x1, …
            Mappings must all have the same keys.
        max_categories : int
            Levels that a category column keeps; rarer ones are read as missing.
        missing : mapping of str to tuple of str
            Texts that stand for a missing cell, by number column.

        Raises
        ------
        DataError
            It is not a table, is empty, two columns have one name, or a row lacks a key.
        """
        raw = open_table(table)
        if not raw.n_rows or not raw.columns:
            raise DataError(
                f"got a table of {raw.n_rows} rows and {len(raw.columns)} columns, expected at "
                "least one of each: pass the training rows"
            )
        names = raw.names or tuple(f"x{j}" for j in range(len(raw.columns)))
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise DataError(f"two columns have the same name: {listed(repeated)}; rename one")
        check_keys(table, raw.names)
        columns = (
            Column.learn(name, cells, max_categories, missing.get(name, ()))
            for name, cells in zip(names, raw.columns, strict=True)
        )
        return cls(tuple(columns), raw.names is not None)

    def read(self, table: Any) -> list[NDArray[np.float64]]:
        """Read a raw table column by column.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            With names, and if the schema has names too: any order, further columns are
            ignored. Otherwise exactly d columns, by position. n may be 0, also as ``[]``.
            Every mapping of a list must have every column.

        Returns
        -------
        list of w ndarrays of shape (n,)
            float64, one per feature: numbers, ±inf among them, and codes of categories; NaN for
            missing cells and unknown categories. They may share memory with `table`.

        Raises
        ------
        DataError
            Columns are missing, too many or too few, a row lacks one, or a cell is of another kind
            than its column.
        """
        raw = self.open(table)
        read = (column.read(cells) for column, cells in zip(self.columns, raw, strict=True))
        return list(chain.from_iterable(read))

    def open(self, table: Any) -> list[Any]:
        """Find the columns in a raw table, as :meth:`read` does, without reading their cells.

        Returns
        -------
        list of d ndarrays or Series of n cells

        Raises
        ------
        DataError
            Columns are missing, too many or too few, or a row lacks one.
        """
        if has_no_rows(table):
            return [np.empty(0) for _ in self.columns]
        raw = open_table(table)
        positions = match_columns(raw, self.names, self.named)
        check_keys(table, self._wanted)
        return [raw.columns[j] for j in positions]

    def matrix(self, table: Any, dtype: type[np.floating[Any]] = np.float64) -> NDArray[Any]:
        """Read a raw table into one new array, as :meth:`read` does.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
        dtype : type
            ``numpy.float64`` or ``numpy.float32``; what float32 cannot hold becomes ±inf.

        Returns
        -------
        ndarray of shape (n, w)
            C-ordered, a column per feature.

        Raises
        ------
        DataError
            As :meth:`read`.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            block = number_block(table, self._wanted) if self.all_numbers else None
            if block is not None and block.shape[1] == len(self.columns):
                # By way of float64, so that integers round as they do column by column.
                floats = block.astype(np.float64, copy=False)
                return np.array(floats, dtype=dtype, order="C")
            columns = self.read(table)
            matrix = np.empty((len(columns[0]), len(columns)), dtype=dtype)
            for j, values in enumerate(columns):
                matrix[:, j] = values
        return matrix

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What models read: w features, those of each column behind those of the one before."""
        return tuple(feature for column in self.columns for feature in column.features)

    @cached_property
    def all_numbers(self) -> bool:
        """Whether all columns are numbers, and hence the features."""
        return all(column.kind == "number" for column in self.columns)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the d columns."""
        return tuple(column.name for column in self.columns)

    @property
    def _wanted(self) -> tuple[str, ...] | None:
        return self.names if self.named else None

    def to_json(self) -> dict[str, Any]:
        """Return the schema as plain dicts and lists; :meth:`from_json` reads them."""
        return {"named": self.named, "columns": [column.to_json() for column in self.columns]}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Schema:
        """Make a schema from what :meth:`to_json` returned.

        Raises
        ------
        ValueError
            The content does not describe a schema.
        """
        named, entries = plain.get("named"), plain.get("columns")
        if not isinstance(named, bool) or not isinstance(entries, list):
            raise ValueError("the schema lacks 'named' or 'columns'")
        return cls(tuple(Column.from_json(entry) for entry in entries), named)
