"""What a student stores of its training rows: shares by column, and no row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.schema import Schema
from hpmkd.student.drift.columns import (
    WHOLE,
    ColumnSketch,
    NumberSketch,
    column_from_json,
    sketch_class,
)
from hpmkd.student.drift.result import ColumnDrift, Drift, chance, index, is_unusual

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sketch:
    """The training rows of a student, column by column.

    Parameters
    ----------
    rows : int
        How many there were, n >= 1.
    columns : tuple of NumberSketch and LevelSketch
        Of the d columns of a schema.

    Raises
    ------
    ValueError
        There is no row, or a column is not as described.
    """

    rows: int
    columns: tuple[ColumnSketch, ...]

    def __post_init__(self) -> None:
        if type(self.rows) is not int or not 1 <= self.rows <= 2**53:
            raise ValueError(f"a sketch of {self.rows!r:.60} rows")

    @classmethod
    def fit(cls, schema: Schema, table: Any) -> Sketch:
        """Learn the shares of a table.

        Parameters
        ----------
        schema : Schema
            Its columns.
        table : DataFrame, ndarray of shape (n, d), mapping or list
            The training rows.

        Raises
        ------
        DataError
            There are no rows, or they do not fit the schema.
        """
        raw = schema.open(table)
        n = len(raw[0])
        if not n:
            raise DataError("got no rows; expected the training rows")
        pairs = zip(schema.columns, raw, strict=True)
        return cls(n, tuple(sketch_class(column).learn(column, cells) for column, cells in pairs))

    def fits(self, schema: Schema) -> bool:
        """Return whether the sketch describes the columns of a schema."""
        return len(self.columns) == len(schema.columns) and all(
            own.fits(column) for own, column in zip(self.columns, schema.columns, strict=True)
        )

    def compare(self, schema: Schema, table: Any) -> Drift:
        """Compare a table with the training rows.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        raw = schema.open(table)
        found = {
            column.name: self._compared(own, own.count(column, cells))
            for own, column, cells in zip(self.columns, schema.columns, raw, strict=True)
        }
        return Drift(len(raw[0]), found)

    def _compared(self, own: ColumnSketch, counts: NDArray[np.intp]) -> ColumnDrift:
        """Return the drift that the counts of a column's bins show."""
        shares = np.array(own.shares) / WHOLE
        n, beyond, missing = int(counts.sum()), int(counts[-2]), int(counts[-1])
        usual = float(shares[-2:].sum())
        is_number = isinstance(own, NumberSketch)
        return ColumnDrift(
            psi=index(shares, self.rows, counts),
            chance=chance(int(np.count_nonzero(shares)), self.rows, n),
            missing=missing,
            unseen=0 if is_number else beyond,
            outside=beyond if is_number else 0,
            share=(beyond + missing) / max(n, 1),
            usual=usual,
            unusual=is_unusual(beyond + missing, n, usual, self.rows),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the sketch as plain values; :meth:`from_json` reads them."""
        return {"rows": self.rows, "columns": [column.to_json() for column in self.columns]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Sketch:
        """Make a sketch of what :meth:`to_json` returned.

        Raises
        ------
        ValueError, TypeError, KeyError, OverflowError
            The content does not describe a sketch.
        """
        return cls(plain["rows"], tuple(map(column_from_json, plain["columns"])))
