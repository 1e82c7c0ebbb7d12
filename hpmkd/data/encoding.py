"""Encodes a table for students: the encoders fitted on it, and what they make of rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd import mapped_arrays
from hpmkd.data import tables
from hpmkd.data.cache_region import NO_CACHE, CacheRegion
from hpmkd.student import Schema, fit_encoder
from hpmkd.student.encoders import encoder_from_parts
from hpmkd.student.file.container import FORMAT_VERSION, seal, unseal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpmkd.data.dataset import Dataset
    from hpmkd.student.encoders import FittedEncoder


#: Rows that are encoded in one call: its temporary arrays are several times as large as the rows.
ROWS_AT_ONCE = 10_000
#: Cells that are taken out of a frame in one go to learn its columns.
CELLS_AT_ONCE = 1_000_000
#: Grows when the same table is encoded otherwise than before: what was cached then is left alone.
VERSION = 2


@dataclass(frozen=True)
class EncodingOptions:
    """Caps for many rows; 0 for no cap.

    Parameters
    ----------
    scaling_rows : int
        Rows that the scale of numbers, and sketches, are learned from at most, evenly spaced ones.
    single_above : int
        Rows above which no matrix is in double precision.
    """

    scaling_rows: int = 0
    single_above: int = 0

    def few(self, rows: Dataset) -> Dataset:
        """Return the rows to learn scales from."""
        n, most = len(rows), self.scaling_rows
        return rows.rows(np.arange(most) * n // most) if 0 < most < n else rows

    def single(self, n: int) -> bool:
        """Return whether a matrix of so many rows is in single precision."""
        return 0 < self.single_above < n


#: No caps.
EXACT = EncodingOptions()


@dataclass(frozen=True, eq=False)
class Encoding:
    """Rows, and the encoders that are fitted on them.

    Parameters
    ----------
    rows : Dataset
        The n rows. Their labels are not looked at.
    region : CacheRegion
        Where encoders and matrices are looked up before they are made.
    options : EncodingOptions
        Caps for many rows.
    """

    rows: Dataset
    region: CacheRegion = NO_CACHE
    options: EncodingOptions = EXACT

    def encoder(self, kind: str) -> FittedEncoder:
        """Return the encoder of a kind ("tree" or "linear"), fitted on the rows.

        It is always read from its bytes, as in a student's file, so that it is the same
        object in every bit whether or not it was cached.
        """
        content = self.region.get(
            lambda: self._fitted(kind),
            *("encoder", VERSION, FORMAT_VERSION, kind, self.options.scaling_rows, self._digest),
            *self._choices,
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
            Other rows with the same columns; by default the rows themselves.

        Returns
        -------
        ndarray
            Read-only, one row for each raw one.
        """
        of = "" if table is None else self.region.digest(table)
        options = (VERSION, encoder.kind, self.options.scaling_rows, self.options.single_above)
        return self.region.get(
            lambda: self._encoded(encoder, table),
            *("matrix", *options, self._digest, of, *self._choices),
        )

    def _encoded(self, encoder: FittedEncoder, table: Any = None) -> NDArray[Any]:
        rows = self.rows.part if table is None else table
        n = rows.shape[0]

        def block(start: int) -> NDArray[Any]:
            at = np.arange(start, min(start + ROWS_AT_ONCE, n))
            return encoder.transform(tables.take(rows, at))

        # One row shows how wide they are, and in what precision.
        one = encoder.transform(tables.take(rows, np.arange(min(n, 1))))
        dtype = np.float32 if self.options.single(len(self.rows)) else one.dtype
        starts = range(0, n, ROWS_AT_ONCE)
        return mapped_arrays.stacked(lambda: map(block, starts), (n, one.shape[1]), dtype)

    def _fitted(self, kind: str) -> NDArray[np.uint8]:
        encoder = fit_encoder(kind, self._schema, self.options.few(self.rows).table)
        return np.frombuffer(seal(encoder.to_json(), encoder.arrays()), dtype=np.uint8)

    @cached_property
    def _schema(self) -> Schema:
        """The columns; many rows are not taken out of their table to learn them."""
        part, missing = self.rows.part, self.rows.missing
        if not isinstance(part, tables.TablePart):
            return Schema.fit(self.rows.features, missing=missing)
        if hasattr(part.whole, "iloc"):
            names = [name for name in part.whole.columns if name not in self.rows.left_out]
            width = max(1, CELLS_AT_ONCE // max(1, part.shape[0]))
            each = (names[start : start + width] for start in range(0, len(names), width))
            blocks = (tables.take(part.whole[some], part.at) for some in each)
            schemas = [Schema.fit(block, missing=missing) for block in blocks]
            return Schema(tuple(chain.from_iterable(s.columns for s in schemas)), named=True)
        # Of an array of numbers, a row shows as much as all.
        numbers = part.whole.dtype.kind in "biuf"
        return Schema.fit(part[np.arange(1)] if numbers else self.rows.table, missing=missing)

    @property
    def _choices(self) -> tuple[Any, ...]:
        """Decisions about the columns made elsewhere, for keys of the cache."""
        rows = self.rows
        return (list(rows.left_out), dict(rows.missing)) if rows.left_out or rows.missing else ()

    @cached_property
    def _digest(self) -> str:
        return self.region.digest(self.rows.part)
