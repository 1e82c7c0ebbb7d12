"""Encoders: from a raw table to the matrix that one student family reads.

An encoder is fitted on training rows, becomes part of the student, and is stored as a plain
mapping plus arrays (:meth:`to_json`, :meth:`arrays`, :func:`encoder_from_parts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.linear_encoder import LinearEncoder
from hpmkd.student.scaling import NumberScaling
from hpmkd.student.schema import Schema


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
            See :meth:`hpmkd.student.schema.Schema.read`.

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


FittedEncoder = TreeEncoder | LinearEncoder


def fit_encoder(kind: str, schema: Schema, table: Any) -> FittedEncoder:
    """Fit the encoder of a student family.

    Parameters
    ----------
    kind : str
        ``"tree"`` or ``"linear"``: the ``encoding`` of a stage.
    schema : Schema
        Fitted on the same rows.
    table : DataFrame, ndarray of shape (n, d), mapping or list
        Training rows.

    Returns
    -------
    TreeEncoder or LinearEncoder

    Raises
    ------
    ValueError
        There is no encoder of this kind.
    DataError
        The table does not fit the schema.
    """
    if kind == TreeEncoder.kind:
        return TreeEncoder.fit(schema, table)
    if kind == LinearEncoder.kind:
        return LinearEncoder.fit(schema, table)
    raise ValueError(f"got the encoding {kind!r}, expected 'tree' or 'linear'")


def encoder_from_parts(plain: Mapping[str, Any], arrays: Mapping[str, Any]) -> FittedEncoder:
    """Make an encoder from what its ``to_json`` and ``arrays`` returned.

    Raises
    ------
    ValueError, TypeError, KeyError
        The parts do not describe an encoder.
    """
    schema = Schema.from_json(plain["schema"])
    if plain["kind"] == TreeEncoder.kind:
        return TreeEncoder(schema)
    if plain["kind"] == LinearEncoder.kind:
        parts = {field.name: arrays[field.name] for field in fields(NumberScaling)}
        return LinearEncoder(schema, NumberScaling(**parts), int(plain["max_levels"]))
    raise ValueError(f"the encoder is of the unknown kind {plain['kind']!r}")
