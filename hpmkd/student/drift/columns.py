"""Columns of the training rows as shares: ten bins of numbers, the most frequent levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.student.columns.column import UNSEEN, Column
from hpmkd.student.drift.edges import MAX_EDGES, edges_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Levels of a category column that have a bin each; the others share one.
MAX_LEVELS = 20
#: Shares are kept in thousandths.
WHOLE = 1000


@dataclass(frozen=True, slots=True)
class NumberSketch:
    """A number column of the training rows, or the moments of a datetime column.

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
        if len(self.edges) == 1 or len(self.edges) > MAX_EDGES:
            raise ValueError(f"a sketch has {len(self.edges)} edges")
        if not all(map(math.isfinite, self.edges)):
            raise ValueError("the edges of a sketch are not finite")
        _check_shares(self.shares, max(len(self.edges) - 1, 0))

    @classmethod
    def learn(cls, column: Column, cells: Any) -> NumberSketch:
        """Return the sketch of the raw cells of a column."""
        numbers = column.read(cells)[0]
        edges = edges_of(numbers)
        return cls(_shares_of(_count_numbers(edges, numbers)), edges)

    def fits(self, column: Column) -> bool:
        """Return whether this may be a sketch of a column."""
        return sketch_class(column) is NumberSketch

    def count(self, column: Column, cells: Any) -> NDArray[np.intp]:
        """Return how many raw cells lie in each bin, out of range, and are missing."""
        return _count_numbers(self.edges, column.read(cells)[0])

    def to_json(self) -> list[Any]:
        """Return the sketch as plain lists."""
        return [list(self.shares), list(map(_shorter, self.edges))]


@dataclass(frozen=True, slots=True)
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

    def fits(self, column: Column) -> bool:
        """Return whether this may be a sketch of a column."""
        same = sketch_class(column) is LevelSketch
        return same and len(self.shares) == _level_bins(column) + 2

    def count(self, column: Column, cells: Any) -> NDArray[np.intp]:
        """Return how many raw cells hold each level, an unknown one, and are missing."""
        return _count_levels(_level_bins(column), column.read_codes(cells))

    def to_json(self) -> list[Any]:
        """Return the sketch as plain lists."""
        return [list(self.shares)]


ColumnSketch = NumberSketch | LevelSketch


def sketch_class(column: Column) -> type[ColumnSketch]:
    """Return how a column is sketched: what is not a category is read as numbers."""
    return LevelSketch if column.kind == "category" else NumberSketch


def column_from_json(plain: Any) -> ColumnSketch:
    """Make the sketch of a column."""
    shares, *more = plain
    if not more:
        return LevelSketch(tuple(shares))
    (edges,) = more
    if any(type(edge) not in (int, float) for edge in edges):
        raise ValueError("the edges of a sketch are not numbers")
    return NumberSketch(tuple(shares), tuple(map(float, edges)))


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


def _shorter(edge: float) -> float:
    """Return a number without its ``.0``, unless that would be longer."""
    return int(edge) if edge.is_integer() and abs(edge) < 1e15 else edge


def _shares_of(counts: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(np.rint(counts * (WHOLE / counts.sum())).astype(int).tolist())


def _check_shares(shares: Sequence[int], n_bins: int) -> None:
    """Refuse shares of another number of bins, or that are none."""
    if len(shares) != n_bins + 2 or any(type(each) is not int for each in shares):
        raise ValueError("the shares of a sketch are not one whole number per bin")
    # Each was rounded.
    if min(shares) < 0 or abs(sum(shares) - WHOLE) > len(shares):
        raise ValueError(f"the shares of a sketch sum to {sum(shares)}, expected {WHOLE}")
