"""Encodes a table for students: the encoders fitted on it, and what they make of rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.shelf import UNKEPT, Shelf
from hpmkd.student import Schema, fit_encoder
from hpmkd.student.container import FORMAT_VERSION, seal, unseal
from hpmkd.student.encoders import encoder_from_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student.encoders import FittedEncoder


@dataclass(frozen=True, eq=False)
class Encoding:
    """A table, and the encoders that are fitted on it.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw rows. Their labels are not looked at.
    shelf : Shelf
        Where encoders and matrices are looked for before they are made.
    """

    table: Any
    shelf: Shelf = UNKEPT

    def encoder(self, kind: str) -> FittedEncoder:
        """Return the encoder of a kind ("tree" or "linear"), fitted on the table.

        It is always read from its bytes, as in a student's file, so that it is the same
        object in every bit whether or not it was found on the shelf.
        """
        content = self.shelf.get(
            lambda: self._fitted(kind), "encoder", FORMAT_VERSION, kind, self._digest
        )
        plain, arrays = unseal(content.tobytes())
        return encoder_from_parts(plain, arrays)

    def matrix(self, encoder: FittedEncoder, table: Any = None) -> NDArray[Any]:
        """Encode rows.

        Parameters
        ----------
        encoder : TreeEncoder or LinearEncoder
            What :meth:`encoder` returned.
        table : DataFrame or ndarray, optional
            Other rows with the same columns; by default the table itself.

        Returns
        -------
        ndarray
            Read-only, one row for each raw one.
        """
        rows, of = (self.table, "") if table is None else (table, self.shelf.digest(table))
        return self.shelf.get(
            lambda: encoder.transform(rows), "matrix", encoder.kind, self._digest, of
        )

    def _fitted(self, kind: str) -> NDArray[np.uint8]:
        encoder = fit_encoder(kind, self._schema, self.table)
        return np.frombuffer(seal(encoder.to_json(), encoder.arrays()), dtype=np.uint8)

    @cached_property
    def _schema(self) -> Schema:
        return Schema.fit(self.table)

    @cached_property
    def _digest(self) -> str:
        return self.shelf.digest(self.table)
