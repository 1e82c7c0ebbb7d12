"""Encoders: from a raw table to the matrix that one student family reads.

An encoder is fitted on training rows, becomes part of the student, and is stored as a plain
mapping plus arrays (:meth:`to_json`, :meth:`arrays`, :func:`encoder_from_parts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import numpy as np

from hpmkd.student.columns.schema import Schema
from hpmkd.student.encoders.linear import LinearEncoder
from hpmkd.student.encoders.scaling import NumberScaling
from hpmkd.student.encoders.tree import JointEncoder, TreeEncoder

FittedEncoder = TreeEncoder | LinearEncoder | JointEncoder

#: The encoders by what a stage calls them: its ``encoding``.
ENCODINGS: Mapping[str, type[FittedEncoder]] = MappingProxyType(
    {each.kind: each for each in (TreeEncoder, LinearEncoder, JointEncoder)}
)


def fit_encoder(kind: str, schema: Schema, table: Any) -> FittedEncoder:
    """Fit the encoder of a student family.

    Parameters
    ----------
    kind : str
        ``"tree"``, ``"linear"`` or ``"joint"``: the ``encoding`` of a stage.
    schema : Schema
        Fitted on the same rows.
    table : DataFrame, ndarray of shape (n, d), mapping or list
        Training rows.

    Raises
    ------
    ValueError
        There is no encoder of this kind.
    DataError
        The table does not fit the schema.
    """
    if kind not in ENCODINGS:
        known = " or ".join(map(repr, ENCODINGS))
        raise ValueError(f"got the encoding {kind!r}, expected {known}")
    return ENCODINGS[kind].fit(schema, table)


def encoder_from_parts(plain: Mapping[str, Any], arrays: Mapping[str, Any]) -> FittedEncoder:
    """Make an encoder from what its ``to_json`` and ``arrays`` returned.

    Raises
    ------
    ValueError, TypeError, KeyError
        The parts do not describe an encoder.
    """
    schema, kind = Schema.from_json(plain["schema"]), plain["kind"]
    offsets = arrays.get("offsets", np.zeros(sum(each.of_trees for each in schema.features)))
    if kind == TreeEncoder.kind:
        return TreeEncoder(schema, offsets)
    if kind not in (LinearEncoder.kind, JointEncoder.kind):
        raise ValueError(f"the encoder is of the unknown kind {kind!r}")
    parts = {field.name: arrays[field.name] for field in fields(NumberScaling)}
    linear = LinearEncoder(schema, NumberScaling(**parts), int(plain["max_levels"]))
    if kind == LinearEncoder.kind:
        return linear
    return JointEncoder(linear, TreeEncoder(schema, offsets))
