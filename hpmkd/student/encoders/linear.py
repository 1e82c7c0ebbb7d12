"""The encoder of linear margins: complete, scaled, one-hot."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Schema
from hpmkd.student.file.arrays import finite, owned


@dataclass(frozen=True, eq=False)
class NumberScaling:
    """Impute, clip, standardise; indicate where cells were missing.

    A linear margin extrapolates, so that one outlying row could ruin a log loss: what lies
    outside the training range is moved to its edge.

    Parameters
    ----------
    medians : ndarray of shape (m,)
        What a missing cell becomes.
    lows, highs : ndarray of shape (m,)
        The training range.
    centers, scales : ndarray of shape (m,)
        Mean and standard deviation of the training cells; a constant column has scale 1 and
        becomes 0.
    indicated : ndarray of shape (m,)
        True for the columns that get an indicator of missing cells.
    """

    medians: NDArray[np.float64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    centers: NDArray[np.float64]
    scales: NDArray[np.float64]
    indicated: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name in ("medians", "lows", "highs", "centers", "scales"):
            values = owned(getattr(self, name), np.float64, 1, name)
            finite(values, name)
            object.__setattr__(self, name, values)
        object.__setattr__(self, "indicated", owned(self.indicated, bool, 1, "indicated"))
        lengths = {len(values) for values in vars(self).values()}
        if len(lengths) > 1:
            raise ValueError("the arrays of the scaling differ in length")
        if (self.lows > self.highs).any() or (self.scales <= 0).any():
            raise ValueError("the scaling has an empty range or a scale that is not positive")

    @classmethod
    def fit(cls, numbers: NDArray[np.float64]) -> NumberScaling:
        """Learn from number columns of shape (n, m), NaN where missing; ±inf is not counted."""
        statistics = [_describe(column) for column in numbers.T]
        table = np.array(statistics, dtype=np.float64).reshape(len(statistics), 5).T
        missing = np.isnan(numbers)
        # A column without a single value has no information in being missing.
        indicated = np.asarray(missing.any(axis=0) & ~missing.all(axis=0))
        medians, lows, highs, centers, scales = table
        return cls(medians, lows, highs, centers, scales, indicated)

    def transform(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale number columns of shape (n, m): NaN where missing, ±inf is the edge of the range.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            The m columns, then the indicators; finite.
        """
        missing = np.isnan(numbers)
        filled = np.where(missing, self.medians, numbers)
        np.clip(filled, self.lows, self.highs, out=filled)
        filled += 0.0  # whether clipping keeps -0.0 depends on how many rows there are
        # Divided first: the difference of two huge numbers may overflow. In place, for of many
        # rows every further array counts.
        filled /= self.scales
        filled -= self.centers / self.scales
        return np.hstack([filled, missing[:, self.indicated]]) if self.indicated.any() else filled

    @property
    def n_columns(self) -> int:
        """Number of columns that it reads, m."""
        return len(self.medians)

    @cached_property
    def n_outputs(self) -> int:
        """Number of columns that it writes."""
        return self.n_columns + int(self.indicated.sum())


def _describe(column: NDArray[Any]) -> tuple[float, float, float, float, float]:
    """Return median, low, high, mean and deviation of the finite cells."""
    cells = column[np.isfinite(column)]
    if not len(cells):
        return 0.0, 0.0, 0.0, 0.0, 1.0
    low, high = float(cells.min()), float(cells.max())
    middle = np.partition(cells, [(len(cells) - 1) // 2, len(cells) // 2])
    # Halved before adding, and the moments of shrunk cells: sums of huge numbers overflow.
    median = float(middle[(len(cells) - 1) // 2] / 2 + middle[len(cells) // 2] / 2)
    if low == high:
        return low, low, low, low, 1.0
    magnitude = max(abs(low), abs(high))
    shrunk = cells / magnitude
    center = min(max(float(shrunk.mean()) * magnitude, low), high)
    return median, low, high, center, float(shrunk.std()) * magnitude or 1.0


#: One-hot columns that a category column gets at most.
MAX_LEVELS = 12


@dataclass(frozen=True, eq=False)
class LinearEncoder:
    """A complete, scaled matrix: what linear margins read.

    The columns are, in this order: every number column, imputed, clipped and standardised
    (:class:`~hpmkd.student.encoders.linear.NumberScaling`); 0/1 indicators "is missing" of those
    number columns that had missing cells in training; 0/1 columns of the most frequent
    levels of every category column. A missing, unknown or rare level is zero in all of them.

    Parameters
    ----------
    schema : Schema
        The raw columns.
    scaling : NumberScaling
        Of the m number columns.
    max_levels : int
        Levels of a category column that get an output, >= 1.
    """

    schema: Schema
    scaling: NumberScaling
    max_levels: int = MAX_LEVELS
    kind: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        numbers = sum(column.kind == "number" for column in self.schema.columns)
        if self.scaling.n_columns != numbers:
            raise ValueError(
                f"the scaling is of {self.scaling.n_columns} columns, the schema has {numbers}"
            )
        if self.max_levels < 1:
            raise ValueError(f"max_levels is {self.max_levels}, expected at least 1")

    @classmethod
    def fit(cls, schema: Schema, table: Any, max_levels: int = MAX_LEVELS) -> LinearEncoder:
        """Learn the scaling of the number columns.

        Parameters
        ----------
        schema : Schema
            Fitted on the same rows.
        table : DataFrame, ndarray of shape (n, d), mapping or list
            Training rows.
        max_levels : int
            Levels of a category column that get an output.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        matrix = schema.matrix(table)
        if not schema.all_numbers:
            matrix = matrix[:, [column.kind == "number" for column in schema.columns]]
        return cls(schema, NumberScaling.fit(matrix), max_levels)

    def transform(self, table: Any) -> NDArray[np.float64]:
        """Encode raw rows.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            See :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            float64, C-ordered, finite, new.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        return self.encode(self.schema.matrix(table))

    def encode(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encode rows that :meth:`hpmkd.student.columns.schema.Schema.matrix` has read already."""
        numbers = matrix if self.schema.all_numbers else matrix[:, self._number_columns]
        scaled = self.scaling.transform(numbers)
        if not self._levels:
            return np.ascontiguousarray(scaled)
        encoded = np.zeros((len(matrix), self.n_outputs))
        encoded[:, : self.scaling.n_outputs] = scaled
        for (j, levels), start in zip(self._levels, self._starts, strict=True):
            rows = np.flatnonzero(matrix[:, j] < levels)  # NaN is not
            encoded[rows, start + matrix[rows, j].astype(np.intp)] = 1.0
        return encoded

    @cached_property
    def n_outputs(self) -> int:
        """Number of encoded columns."""
        return self.scaling.n_outputs + sum(levels for _, levels in self._levels)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded columns, such as ``age``, ``age is missing``, ``job=clerk``."""
        numbers = [self.schema.names[j] for j in self._number_columns]
        indicators = [f"{numbers[i]} is missing" for i in np.flatnonzero(self.scaling.indicated)]
        levels = [
            f"{self.schema.names[j]}={level}"
            for j, count in self._levels
            for level in self.schema.columns[j].categories[:count]
        ]
        return (*numbers, *indicators, *levels)

    def to_json(self) -> dict[str, Any]:
        """Return what is not arrays, as plain values."""
        return {
            "kind": self.kind,
            "schema": self.schema.to_json(),
            "max_levels": self.max_levels,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is arrays, by name."""
        return {field.name: getattr(self.scaling, field.name) for field in fields(self.scaling)}

    @cached_property
    def _number_columns(self) -> list[int]:
        return [j for j, column in enumerate(self.schema.columns) if column.kind == "number"]

    @cached_property
    def _levels(self) -> list[tuple[int, int]]:
        """Position and number of encoded levels of each category column."""
        return [
            (j, min(len(column.categories), self.max_levels))
            for j, column in enumerate(self.schema.columns)
            if column.kind == "category"
        ]

    @cached_property
    def _starts(self) -> list[int]:
        """First encoded column of each category column."""
        ends = np.cumsum([0] + [levels for _, levels in self._levels])
        return [int(end) + self.scaling.n_outputs for end in ends[:-1]]
