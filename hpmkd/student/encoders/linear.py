"""The encoder of linear margins: complete, scaled, one-hot."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders.scaling import NumberScaling

#: One-hot columns that a category column gets at most.
MAX_LEVELS = 12


@dataclass(frozen=True, eq=False)
class LinearEncoder:
    """A complete, scaled matrix: what linear margins read.

    The columns are, in this order: every number, imputed, clipped and standardised
    (:class:`~hpmkd.student.encoders.scaling.NumberScaling`); 0/1 indicators "is missing" of those
    numbers that had missing cells in training; 0/1 columns of the most frequent levels of every
    category. A missing, unknown or rare level is zero in all of them. Month and hour of moments
    are read as sine and cosine (:mod:`hpmkd.student.columns.calendar`).

    Parameters
    ----------
    schema : Schema
        The raw columns.
    scaling : NumberScaling
        Of the m numbers.
    max_levels : int
        Levels of a category column that get an output, >= 1.
    """

    schema: Schema
    scaling: NumberScaling
    max_levels: int = MAX_LEVELS
    kind: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        numbers = len(self.number_places)
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
            matrix = matrix[:, _number_places(schema)]
        # All numbers of a moment are missing together: the first one shows it.
        first = [schema.features[j].part in ("", "moment") for j in _number_places(schema)]
        return cls(schema, NumberScaling.fit(matrix, np.array(first, dtype=bool)), max_levels)

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
        numbers = matrix if self.schema.all_numbers else matrix[:, self.number_places]
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
        features = self.schema.features
        numbers = [features[j].name for j in self.number_places]
        indicators = [f"{numbers[i]} is missing" for i in np.flatnonzero(self.scaling.indicated)]
        levels = [
            f"{features[j].name}={level}"
            for j, count in self._levels
            for level in features[j].categories[:count]
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
    def number_places(self) -> list[int]:
        """Which features of the schema are the m numbers."""
        return _number_places(self.schema)

    @cached_property
    def _levels(self) -> list[tuple[int, int]]:
        """Position and number of encoded levels of each category."""
        return [
            (j, min(len(feature.categories), self.max_levels))
            for j, feature in enumerate(self.schema.features)
            if feature.kind == "category"
        ]

    @cached_property
    def _starts(self) -> list[int]:
        """First encoded column of each category."""
        ends = np.cumsum([0] + [levels for _, levels in self._levels])
        return [int(end) + self.scaling.n_outputs for end in ends[:-1]]


def _number_places(schema: Schema) -> list[int]:
    return [
        j
        for j, feature in enumerate(schema.features)
        if feature.kind == "number" and feature.of_sums
    ]
