"""The encoder of trees: numbers, codes and NaN; alone, or behind a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.offsets import float32_offsets
from hpmkd.student.file.arrays import finite, owned


@dataclass(frozen=True, eq=False)
class TreeEncoder:
    """Numbers less their offsets, categories as codes, missing as NaN: what trees read.

    Parameters
    ----------
    schema : Schema
        The raw columns.
    offsets : ndarray of shape (d,)
        Subtracted in float64, before the cells are rounded to float32; see
        :func:`~hpmkd.student.encoders.offsets.float32_offsets`.
    """

    schema: Schema
    offsets: NDArray[np.float64]
    kind: ClassVar[str] = "tree"

    def __post_init__(self) -> None:
        offsets = owned(self.offsets, np.float64, 1, "offsets")
        finite(offsets, "offsets")
        if len(offsets) != len(self.schema.columns):
            columns = len(self.schema.columns)
            raise ValueError(f"there are {len(offsets)} offsets for {columns} columns")
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
        return cls(schema, float32_offsets(schema.matrix(table)))

    def transform(self, table: Any) -> NDArray[np.float32]:
        """Encode raw rows.

        Parameters
        ----------
        table : DataFrame, ndarray of shape (n, d), mapping or list
            See :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, d)
            float32, C-ordered, new. Missing and unknown cells are NaN; numbers beyond
            float32 are ±inf.

        Raises
        ------
        DataError
            The table does not fit the schema.
        """
        if not self.is_shifted:
            return self.schema.matrix(table, np.float32)
        return self.encode(self.schema.matrix(table))

    def encode(self, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
        """Encode rows that :meth:`hpmkd.student.columns.schema.Schema.matrix` has read already."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((matrix - self.offsets).astype(np.float32))

    @cached_property
    def is_shifted(self) -> bool:
        """Whether any column has an offset."""
        return bool(self.offsets.any())

    @property
    def n_outputs(self) -> int:
        """Number of encoded columns, d."""
        return len(self.schema.columns)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the encoded columns: those of the raw ones."""
        return self.schema.names

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
