"""What a student remembers of its training rows: shares by column, and no row.

Ten bins of about equal shares of a number column, and the most frequent levels of a category.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.schema import UNSEEN, Column, Schema
from hpmkd.student.drift.edges import MAX_EDGES, edges_of
from hpmkd.student.drift.result import ColumnDrift, Drift, chance, index, is_unusual

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Levels of a category column that have a bin each; the others share one.
MAX_LEVELS = 20
#: Shares are kept in thousandths.
WHOLE = 1000


@dataclass(frozen=True)
class NumberSketch:
    """A number column of the training rows.

    Parameters
    ----------
    shares : tuple of int
        Of the rows, in thousandths: each bin, cells out of range, missing ones.
    edges : tuple of float
        The lower end of the range, the upper bounds of the bins, each part of its bin, and of the
        last one the upper end of the range. Empty if all cells were missing.
    """

    shares: tuple[int, ...]
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        bounds = self.edges[1:-1]
        if list(self.edges) != sorted(self.edges) or len(set(bounds)) < len(bounds):
            raise ValueError("the edges of a sketch do not ascend")
        if len(self.edges) in (1, *range(MAX_EDGES + 1, len(self.edges) + 1)):
            raise ValueError(f"a sketch has {len(self.edges)} edges")
        if not all(map(math.isfinite, self.edges)):
            raise ValueError("the edges of a sketch are not finite")
        _check_shares(self.shares, max(len(self.edges) - 1, 0))

    @classmethod
    def learn(cls, column: Column, cells: Any) -> NumberSketch:
        """Return the sketch of the raw cells of a column."""
        numbers = column.read(cells)
        edges = edges_of(numbers)
        return cls(_shares_of(_count_numbers(edges, numbers)), edges)

    def count(self, column: Column, cells: Any) -> NDArray[np.intp]:
        """Return how many raw cells lie in each bin, out of range, and are missing."""
        return _count_numbers(self.edges, column.read(cells))

    def to_json(self) -> list[Any]:
        """Return the sketch as plain lists."""
        edges = [int(each) if each.is_integer() else each for each in self.edges]
        return [list(self.shares), edges]


@dataclass(frozen=True)
class LevelSketch:
    """A category column of the training rows.

    Parameters
    ----------
    shares : tuple of int
        Of the rows, in thousandths: each of the most frequent levels, the other known ones
        together (if there are more than 20), unseen ones, missing cells. Levels that occur once,
        or that the schema does not keep, are unseen: so many are to be expected of other rows
        (I. J. Good, *Biometrika* 1953).
    """

    shares: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_shares(self.shares, min(max(len(self.shares) - 2, 0), MAX_LEVELS + 1))

    @classmethod
    def learn(cls, column: Column, cells: Any) -> LevelSketch:
        """Return the sketch of the raw cells of a column."""
        codes = column.read_codes(cells)
        known = codes[codes >= 0]
        once = np.bincount(known, minlength=len(column.categories)) == 1
        codes[codes >= 0] = np.where(once[known], UNSEEN, known)
        return cls(_shares_of(_count_levels(_level_bins(column), codes)))

    def count(self, column: Column, cells: Any) -> NDArray[np.intp]:
        """Return how many raw cells hold each level, an unknown one, and are missing."""
        return _count_levels(_level_bins(column), column.read_codes(cells))

    def to_json(self) -> list[Any]:
        """Return the sketch as plain lists."""
        return [list(self.shares)]


ColumnSketch = NumberSketch | LevelSketch


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
        return cls(n, tuple(_class_for(column).learn(column, cells) for column, cells in pairs))

    def fits(self, schema: Schema) -> bool:
        """Return whether the sketch describes the columns of a schema."""
        return len(self.columns) == len(schema.columns) and all(
            isinstance(own, _class_for(column))
            and (isinstance(own, NumberSketch) or len(own.shares) == _level_bins(column) + 2)
            for own, column in zip(self.columns, schema.columns, strict=True)
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
        """Return what the counts of a column's bins say."""
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
        return cls(plain["rows"], tuple(map(_column_from_json, plain["columns"])))


def _class_for(column: Column) -> type[ColumnSketch]:
    """Return how a column is sketched: what is no category is read as numbers."""
    return LevelSketch if column.kind == "category" else NumberSketch


def _level_bins(column: Column) -> int:
    """Return how many bins the levels of a category column have."""
    return min(len(column.categories), MAX_LEVELS + 1)


def _count_numbers(edges: Sequence[float], numbers: NDArray[np.float64]) -> NDArray[np.intp]:
    """Count numbers in the bins between edges, out of range, and missing."""
    n_bins = max(len(edges) - 1, 0)
    bins = np.searchsorted(edges[1:-1], numbers, side="left")
    low, high = (edges[0], edges[-1]) if edges else (np.inf, -np.inf)
    bins[(numbers < low) | (numbers > high)] = n_bins
    bins[np.isnan(numbers)] = n_bins + 1
    return np.bincount(bins, minlength=n_bins + 2)


def _count_levels(n_bins: int, codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Count codes of levels, the last bin holding all that have none; unseen and missing ones."""
    # Both are negative: as positions they count from the end.
    bins = np.where(codes >= 0, np.minimum(codes, n_bins - 1), codes + n_bins + 2)
    return np.bincount(bins, minlength=n_bins + 2)


def _shares_of(counts: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(np.rint(counts * (WHOLE / counts.sum())).astype(int).tolist())


def _check_shares(shares: Sequence[int], n_bins: int) -> None:
    """Refuse shares of another number of bins, or that are none."""
    if len(shares) != n_bins + 2 or any(type(each) is not int for each in shares):
        raise ValueError("the shares of a sketch are not one whole number per bin")
    # Each was rounded.
    if min(shares) < 0 or abs(sum(shares) - WHOLE) > len(shares):
        raise ValueError(f"the shares of a sketch sum to {sum(shares)}, expected {WHOLE}")


def _column_from_json(plain: Any) -> ColumnSketch:
    """Make the sketch of a column."""
    shares, *more = plain
    if not more:
        return LevelSketch(tuple(shares))
    (edges,) = more
    if any(type(edge) not in (int, float) for edge in edges):
        raise ValueError("the edges of a sketch are not numbers")
    return NumberSketch(tuple(shares), tuple(map(float, edges)))
