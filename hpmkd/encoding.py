"""Encodes a table for students: the encoders fitted on it, and what they make of rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import tables
from hpmkd.shelf import UNKEPT, Shelf
from hpmkd.student import Schema, fit_encoder
from hpmkd.student.container import FORMAT_VERSION, seal, unseal
from hpmkd.student.encoders import encoder_from_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.student.encoders import FittedEncoder


#: Rows that are encoded in one call, where memory is spared.
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Thrift:
    """What is spared if there are many rows; 0 for no cap.

    Parameters
    ----------
    scaling_rows : int
        Rows that the scale of numbers is learned from at most, evenly spaced ones.
    single_above : int
        Rows above which no matrix is in double precision.
    """

    scaling_rows: int = 0
    single_above: int = 0

    def few(self, table: Any) -> Any:
        """Return the rows to learn scales from."""
        n, most = table.shape[0], self.scaling_rows
        return tables.take(table, np.arange(most) * n // most) if 0 < most < n else table

    def single(self, n: int) -> bool:
        """Return whether a matrix of so many rows is kept in single precision."""
        return 0 < self.single_above < n


#: Nothing is spared.
LAVISH = Thrift()


@dataclass(frozen=True, eq=False)
class Encoding:
    """A table, and the encoders that are fitted on it.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        Raw rows. Their labels are not looked at.
    shelf : Shelf
        Where encoders and matrices are looked for before they are made.
    thrift : Thrift
        What is spared if there are many rows.
    """

    table: Any
    shelf: Shelf = UNKEPT
    thrift: Thrift = LAVISH

    def encoder(self, kind: str) -> FittedEncoder:
        """Return the encoder of a kind ("tree" or "linear"), fitted on the table.

        It is always read from its bytes, as in a student's file, so that it is the same
        object in every bit whether or not it was found on the shelf.
        """
        content = self.shelf.get(
            lambda: self._fitted(kind),
            *("encoder", FORMAT_VERSION, kind, self.thrift.scaling_rows, self._digest),
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
        asked = (encoder.kind, self.thrift.scaling_rows, self.thrift.single_above)
        return self.shelf.get(
            lambda: self._encoded(encoder, rows), "matrix", *asked, self._digest, of
        )

    def _encoded(self, encoder: FittedEncoder, rows: Any) -> NDArray[Any]:
        n = rows.shape[0]
        if not self.thrift.single(self.table.shape[0]):
            return encoder.transform(rows)
        matrix = np.empty((n, encoder.n_outputs), dtype=np.float32)
        for start in range(0, n, ROWS_AT_ONCE):
            part = np.arange(start, min(start + ROWS_AT_ONCE, n))
            matrix[part] = encoder.transform(tables.take(rows, part))
        return matrix

    def _fitted(self, kind: str) -> NDArray[np.uint8]:
        encoder = fit_encoder(kind, self._schema, self.thrift.few(self.table))
        return np.frombuffer(seal(encoder.to_json(), encoder.arrays()), dtype=np.uint8)

    @cached_property
    def _schema(self) -> Schema:
        return Schema.fit(self.table)

    @cached_property
    def _digest(self) -> str:
        return self.shelf.digest(self.table)
