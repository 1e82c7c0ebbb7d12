"""The encoder of trees: numbers, codes and NaN; alone, or behind a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.features import Feature
from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.offsets import float32_offsets
from hpmkd.student.file.arrays import finite, owned


@dataclass(frozen=True, eq=False)
class TreeEncoder:
    """Numbers less their offsets, categories as codes, missing as NaN: what trees read.

    Of moments they read parts, but no waves (:mod:`hpmkd.student.columns.calendar`).

    Parameters
    ----------
    schema : Schema
        The raw columns.
    offsets : ndarray of shape (n_outputs,)
        Subtracted in float64, before the cells are rounded to float32; see
        :func:`~hpmkd.student.encoders.offsets.float32_offsets`. 0 for moments, which have an
        origin of their own.
    """

    schema: Schema
    offsets: NDArray[np.float64]
    kind: ClassVar[str] = "tree"

    def __post_init__(self) -> None:
        offsets = owned(self.offsets, np.float64, 1, "offsets")
        finite(offsets, "offsets")
        if len(offsets) != len(self.places):
            columns = len(self.places)
            raise ValueError(f"there are {len(offsets)} offsets for {columns} columns")
        if offsets[self._of_moments].any():
            raise ValueError("a moment has an offset besides its origin")
        object.__setattr__(self, "offsets", offsets)

    @classmethod
    def fit(cls, schema: Schema, table: Any) -> TreeEncoder:
        """Learn the offsets.

        Parameters
        ----------
        schema : Schema
            Fitted on the same rows.
        table : DataFrame, ndarray of shape (n, d), mapping or list
            Training rows.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        plain = cls(schema, np.zeros(sum(feature.of_trees for feature in schema.features)))
        offsets = float32_offsets(plain._chosen(schema.matrix(table)))
        return cls(schema, np.where(plain._of_moments, 0.0, offsets))

    def transform(self, table: Any) -> NDArray[np.float32]:
        """Encode raw rows.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            See :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            float32, C-ordered, new. Missing and unknown cells are NaN; numbers beyond
            float32 are ±inf.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        if not self.is_shifted:
            return self._chosen(self.schema.matrix(table, np.float32))
        return self.encode(self.schema.matrix(table))

    def encode(self, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode rows that :meth:`hpmkd.student.columns.schema.Schema.matrix` has read already."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((self._chosen(matrix) - self.offsets).astype(np.float32))

    def _chosen(self, matrix: NDArray[Any]) -> NDArray[Any]:
        whole = len(self.places) == matrix.shape[1]
        return matrix if whole else np.ascontiguousarray(matrix[:, self.places])

    @cached_property
    def is_shifted(self) -> bool:
        """Whether any column has an offset."""
        return bool(self.offsets.any())

    @cached_property
    def places(self) -> list[int]:
        """Which features of the schema trees read."""
        return [j for j, feature in enumerate(self.schema.features) if feature.of_trees]

    @property
    def _of_moments(self) -> NDArray[np.bool_]:
        return np.array([feature.part != "" for feature in self.features], dtype=bool)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What the encoded columns are."""
        return tuple(self.schema.features[j] for j in self.places)

    @property
    def n_outputs(self) -> int:
        """Number of encoded columns."""
        return len(self.places)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded columns: those of the raw ones, and of parts of moments."""
        return tuple(feature.name for feature in self.features)

    def to_json(self) -> dict[str, Any]:
        """Return what is not arrays, as plain values."""
        return {"kind": self.kind, "schema": self.schema.to_json()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is arrays, by name: the offsets, if there are any."""
        return {"offsets": self.offsets} if self.is_shifted else {}


@dataclass(frozen=True, eq=False)
class JointEncoder:
    """The columns of a linear encoder, then those of a tree encoder.

    Parameters
    ----------
    linear : LinearEncoder
        Writes the first dl columns: complete, scaled, one-hot.
    tree : TreeEncoder
        Writes the dt columns after them: numbers and codes, NaN where missing.

    Raises
    ------
    ValueError
        The two have different schemas.
    """

    linear: LinearEncoder
    tree: TreeEncoder
    kind: ClassVar[str] = "joint"

    def __post_init__(self) -> None:
        if self.linear.schema != self.tree.schema:
            raise ValueError("the linear and the tree encoder have different schemas: fit one")

    @classmethod
    def fit(cls, schema: Schema, table: Any) -> JointEncoder:
        """Fit both encoders; see :meth:`LinearEncoder.fit` and :meth:`TreeEncoder.fit`."""
        return cls(LinearEncoder.fit(schema, table), TreeEncoder.fit(schema, table))

    def transform(self, table: Any) -> NDArray[np.float64]:
        """Encode raw rows; they are read once.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            See :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, dl + dt)
            float64, C-ordered, new. Read as float32, the last dt columns are what the tree
            encoder itself writes.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        raw = self.schema.matrix(table)
        encoded = np.empty((len(raw), self.n_outputs))
        width = self.linear.n_outputs
        encoded[:, :width] = self.linear.encode(raw)
        encoded[:, width:] = self.tree.encode(raw)
        return encoded

    @property
    def schema(self) -> Schema:
        """The raw columns."""
        return self.linear.schema

    @property
    def n_outputs(self) -> int:
        """Number of encoded columns, dl + dt."""
        return self.linear.n_outputs + self.tree.n_outputs

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded columns, those of the trees such as ``age (raw)``."""
        raw = (f"{name} (raw)" for name in self.tree.feature_names)
        return (*self.linear.feature_names, *raw)

    def to_json(self) -> dict[str, Any]:
        """Return what is not arrays, as plain values; the schema once."""
        return {**self.linear.to_json(), "kind": self.kind}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is arrays, by name: those of both encoders."""
        return self.linear.arrays() | self.tree.arrays()
