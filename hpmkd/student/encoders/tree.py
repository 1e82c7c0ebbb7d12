"""The encoder of trees: numbers, codes and NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Schema


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
