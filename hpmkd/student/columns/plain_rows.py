"""Rows of plain Python values, turned into numbers without a frame in between.

What is read here is read exactly as :meth:`hpmkd.student.columns.schema.Schema.read` would, a
hundred times sooner; whatever needs more thought (text that spells numbers, a missing key, odd
types) is left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import getitem, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.column import Column
from hpmkd.student.columns.schema import Schema
from hpmkd.student.columns.times import TIMES, numbers_of

#: What becomes a number as it is. By exact type: a timedelta64 is a kind of integer, too.
PLAIN_NUMBERS = frozenset(
    {bool, int, float, Decimal, np.bool_, np.float16, np.float32, np.float64}
    | {np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64}
)
#: Combinations of types that one reader remembers.
MAX_KNOWN = 1000
#: Integers beyond become other ones where a column has fractions as well.
EXACT = 2**53
#: Errors at a row that is not plain: the schema reads it.
UNUSUAL = (KeyError, TypeError, ValueError, OverflowError, IndexError, struct.error)


class Levels(dict[Any, float]):
    """The codes of a category column by text; what else may stand in a cell is spelt first."""

    def __init__(self, column: Column) -> None:
        super().__init__((text, float(code)) for text, code in column.codes.items())

    def __missing__(self, cell: Any) -> float:
        kind = type(cell)
        if cell is None or kind is str or cell != cell:  # NaN spells a level that there may be
            return np.nan
        if kind is float:
            return self.get(str(int(cell)) if cell.is_integer() else str(cell), np.nan)
        if kind is bool or (kind is int and -EXACT <= cell <= EXACT):
            return self.get(str(cell), np.nan)
        raise TypeError(cell)


#: Kinds of columns in the order in which a row is read.
KINDS = ("number", "datetime", "category")
#: The cells of a row, those of each of these kinds.
Cells = tuple[Sequence[Any], Sequence[Any], Sequence[Any]]


class RowReader:
    """Reads rows of plain values: all numbers first, then moments, then the codes of categories.

    Attributes
    ----------
    order : ndarray of shape (w,)
        Where in a row that was read each feature of the schema stands.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        kinds = np.array([KINDS.index(column.kind) for column in schema.columns])
        self._numbers, self._moments, self._categories = (
            np.flatnonzero(kinds == at).tolist() for at in range(len(KINDS))
        )
        read = np.repeat(kinds, [len(column.features) for column in schema.columns])
        self.order: NDArray[np.intp] = np.argsort(np.argsort(read, kind="stable"))
        self.levels = [Levels(schema.columns[j]) for j in self._categories]
        self.numbers_of = self._taker(self._numbers)
        self.moments_of = self._taker(self._moments)
        self.categories_of = self._taker(self._categories)
        calendars = [each.calendar for each in schema.columns if each.calendar is not None]
        self.read_moment = [calendar.read_cell for calendar in calendars]
        self.n_parts = sum(len(calendar.numbers) for calendar in calendars)
        self.known: set[tuple[type, ...]] = set()

    def parts_of(self, row: Mapping[str, Any]) -> tuple[float, ...]:
        """Return the moments of a row as numbers; :data:`UNUSUAL` errors where there is none."""
        cells = self.moments_of(row)
        if len(cells) == 1:
            return self.read_moment[0](cells[0])
        read = zip(self.read_moment, cells, strict=True)
        return tuple(part for read_cell, cell in read for part in read_cell(cell))

    def plan(self) -> tuple[list[str], int, list[tuple[str, Levels]]]:
        """Return how a kernel reads a dict, as :func:`hpmkd.kernels.packed.dict_kernel` takes it.

        Only a schema of names has such a plan.
        """
        names = self.schema.names
        categories = zip(self._categories, self.levels, strict=True)
        numbers = [names[j] for j in self._numbers]
        return numbers, self.n_parts, [(names[j], levels) for j, levels in categories]

    def _taker(self, columns: list[int]) -> Callable[[Any], tuple[Any, ...]]:
        """Return what takes the cells of some columns out of a dict."""
        names, width = self.schema.names, len(self.schema.columns)
        if self.schema.named:
            return _getter([names[j] for j in columns])
        by_position = _getter(columns)

        def take(row: dict[Any, Any]) -> tuple[Any, ...]:
            if len(row) != width:
                raise KeyError(len(row))
            return by_position(tuple(row.values()))

        return take

    def plain(self, kinds: tuple[type, ...]) -> bool:
        """Return whether number cells of these types become numbers as they are."""
        if not PLAIN_NUMBERS.issuperset(kinds):
            return False
        if len(self.known) < MAX_KNOWN:
            self.known.add(kinds)
        return True

    def read_row(self, row: dict[str, Any]) -> list[float]:
        """Read one row; :data:`UNUSUAL` errors where it is not as plain as that."""
        return self._read(*self._cells(row))

    def _cells(self, row: dict[str, Any]) -> Cells:
        return self.numbers_of(row), self.moments_of(row), self.categories_of(row)

    def read_table(self, table: Any) -> NDArray[np.float64] | None:
        """Read a table of plain values.

        Parameters
        ----------
        table : dict, list or ndarray
            As for :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, w) or None
            float64, columns in the order of `order`; None if the schema has to read the table.
        """
        try:
            rows = self._open(table)
            if rows is None:
                return None
            read = [self._read(*cells) for cells in rows]
            matrix = np.array(read, dtype=np.float64)
        except UNUSUAL:
            return None
        return matrix.reshape(len(read), len(self.order))

    def _read(
        self, numbers: Sequence[Any], moments: Sequence[Any], categories: Sequence[Any]
    ) -> list[float]:
        kinds = tuple(map(type, numbers))
        if kinds not in self.known and not self.plain(kinds):
            numbers = [_plain_number(cell) for cell in numbers]
            if not self.plain(tuple(map(type, numbers))):
                raise TypeError(kinds)
        parts = [
            part
            for read, cell in zip(self.read_moment, moments, strict=True)
            for part in read(cell)
        ]
        return [*map(float, numbers), *parts, *map(getitem, self.levels, categories)]

    def _open(self, table: Any) -> Iterable[Cells] | None:
        """Return the cells of each row; None for what is not opened here."""
        if isinstance(table, np.ndarray) or (table and type(table) is list and _is_row(table[0])):
            rows = _listed(table, len(self.schema.columns))
            if rows is None:
                return None
            of_numbers, of_moments = _getter(self._numbers), _getter(self._moments)
            of_categories = _getter(self._categories)
            return [(of_numbers(row), of_moments(row), of_categories(row)) for row in rows]
        if type(table) is dict and table:
            names = self.schema.names if self.schema.named else list(table)
            table = _rows_of(table, names)
        if type(table) is not list or not table or any(type(row) is not dict for row in table):
            return None
        if not self.schema.named and any(list(row) != list(table[0]) for row in table):
            return None
        return [self._cells(row) for row in table]


def _getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes some cells out of a row, always as a tuple."""
    if not keys:
        return lambda row: ()
    if len(keys) == 1:
        return lambda row: (row[keys[0]],)
    return itemgetter(*keys)


def _plain_number(cell: Any) -> Any:
    """Return a missing cell as NaN, and a duration, or a moment among numbers, as seconds."""
    if cell is None:
        return np.nan
    if not isinstance(cell, TIMES):
        return cell
    alone = np.empty(1, dtype=object)
    alone[0] = cell
    return float(numbers_of(alone)[0])


def _is_row(row: Any) -> bool:
    return type(row) in (list, tuple)


def _is_column(cells: Any) -> bool:
    return hasattr(cells, "__len__") and not isinstance(cells, str | bytes)


def _listed(table: Any, width: int) -> list[Sequence[Any]] | None:
    """Return the rows of an array or of a list of lists as sequences of Python values."""
    if isinstance(table, np.ndarray):
        array = _plain(table, 2)
        return array.tolist() if array is not None and array.shape[1] == width else None
    return table if all(_is_row(row) and len(row) == width for row in table) else None


def _plain(array: Any, ndim: int) -> NDArray[Any] | None:
    """Return an array whose cells, as Python values, are spelt as the schema spells them."""
    # The exact type: a masked array hides cells. Narrow floats are spelt more shortly.
    usual = type(array) is np.ndarray and array.ndim == ndim
    return array if usual and (array.dtype.kind in "biuUO" or array.dtype == np.float64) else None


def _rows_of(table: dict[Any, Any], names: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return the rows of a dict of columns, or of cells of a single row."""
    columns = list(map(_is_column, table.values()))
    if not any(columns):
        return [table]
    if not all(columns) or len({len(cells) for cells in table.values()}) > 1:
        return None
    wanted = []
    for name in names:
        array = _plain(table[name], 1)
        if array is None and type(table[name]) is not list:
            return None
        wanted.append(table[name] if array is None else array.tolist())
    return [dict(zip(names, cells, strict=True)) for cells in zip(*wanted, strict=True)]
