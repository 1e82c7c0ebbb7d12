"""The encoder of trees: numbers, codes and NaN; alone, or behind a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders.linear import LinearEncoder


@dataclass(frozen=True, eq=False)
class TreeEncoder:
    """Numbers as they are, categories as codes, missing as NaN: what trees read.

    Parameters
    ----------
    schema : Schema
        The raw columns.
    """

    schema: Schema
    kind: ClassVar[str] = "tree"

    @classmethod
    def fit(cls, schema: Schema, table: Any) -> TreeEncoder:
        """Return the encoder; nothing beyond the schema is learnt from `table`."""
        del table
        return cls(schema)

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
        return self.schema.matrix(table, np.float32)

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
        """Return what is arrays, by name: nothing."""
        return {}


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
        """Fit both encoders; see :meth:`LinearEncoder.fit`."""
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
        with np.errstate(over="ignore", invalid="ignore"):
            encoded[:, width:] = raw.astype(np.float32)
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
        """Return what is arrays, by name: those of the linear encoder."""
        return self.linear.arrays()
