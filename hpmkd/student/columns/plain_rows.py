"""Rows of plain Python values, turned into numbers without a frame in between.

What is read here is read exactly as :meth:`hpmkd.student.columns.schema.Schema.read` would, a
hundred times sooner; whatever needs more thought (dates, text that spells numbers, a missing
key, odd types) is left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from operator import getitem, itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.student.columns.schema import Column, Schema

#: What becomes a number as it is. By exact type: a timedelta64 is a kind of integer, too.
PLAIN_NUMBERS = frozenset(
    {bool, int, float, np.bool_, np.float16, np.float32, np.float64}
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
        if cell is None or kind is str:
            return np.nan
        if kind is float:
            return self.get(str(int(cell)) if cell.is_integer() else str(cell), np.nan)
        if kind is bool or (kind is int and -EXACT <= cell <= EXACT):
            return self.get(str(cell), np.nan)
        raise TypeError(cell)


class RowReader:
    """Reads rows of plain values: all numbers first, then the codes of all categories.

    Attributes
    ----------
    order : ndarray of shape (d,)
        Where in a row that was read each column of the schema stands.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        kinds = np.array([column.kind for column in schema.columns])
        self._numbers = np.flatnonzero(kinds == "number").tolist()
        self._categories = np.flatnonzero(kinds == "category").tolist()
        self.order: NDArray[np.intp] = np.argsort([*self._numbers, *self._categories])
        self.levels = [Levels(schema.columns[j]) for j in self._categories]
        self.numbers_of = self._taker(self._numbers)
        self.categories_of = self._taker(self._categories)
        self.known: set[tuple[type, ...]] = set()

    def plan(self) -> tuple[NDArray[np.int64], Any]:
        """Return how the kernel reads a dict, and what keeps the objects of its addresses.

        Of dict, float, int, bool, None and str, then the number of number columns, then of each
        column the name and, of a category, the codes. Only a schema of names has such a plan.
        """
        names = [self.schema.names[j] for j in [*self._numbers, *self._categories]]
        cells: list[Any] = list(names[: len(self._numbers)])
        for name, levels in zip(names[len(self._numbers) :], self.levels, strict=True):
            cells += [name, levels]
        types = [id(kind) for kind in (dict, float, int, bool, None, str)]
        plan = [*types, len(self._numbers), *map(id, cells)]
        return np.array(plan, dtype=np.int64), cells

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
        return self._read(self.numbers_of(row), self.categories_of(row))

    def read_table(self, table: Any) -> NDArray[np.float64] | None:
        """Read a table of plain values.

        Parameters
        ----------
        table : dict, list or ndarray
            As for :meth:`hpmkd.student.columns.schema.Schema.read`.

        Returns
        -------
        ndarray of shape (n, d) or None
            float64, columns in the order of `order`; None if the schema has to read the table.
        """
        try:
            rows = self._open(table)
            if rows is None:
                return None
            read = [self._read(numbers, categories) for numbers, categories in rows]
            matrix = np.array(read, dtype=np.float64)
        except UNUSUAL:
            return None
        return matrix.reshape(len(read), len(self.schema.columns))

    def _read(self, numbers: Sequence[Any], categories: Sequence[Any]) -> list[float]:
        kinds = tuple(map(type, numbers))
        if kinds not in self.known and not self.plain(kinds):
            numbers = [np.nan if cell is None else cell for cell in numbers]
            if not self.plain(tuple(map(type, numbers))):
                raise TypeError(kinds)
        return [*map(float, numbers), *map(getitem, self.levels, categories)]

    def _open(self, table: Any) -> Iterable[tuple[Sequence[Any], Sequence[Any]]] | None:
        """Return pairs of number cells and category cells; None for what is not opened here."""
        if isinstance(table, np.ndarray) or (table and type(table) is list and _is_row(table[0])):
            rows = _listed(table, len(self.schema.columns))
            if rows is None:
                return None
            numbers, categories = _getter(self._numbers), _getter(self._categories)
            return [(numbers(row), categories(row)) for row in rows]
        if type(table) is dict and table:
            names = self.schema.names if self.schema.named else list(table)
            table = _rows_of(table, names)
        if type(table) is not list or not table or any(type(row) is not dict for row in table):
            return None
        if not self.schema.named and any(list(row) != list(table[0]) for row in table):
            return None
        return [(self.numbers_of(row), self.categories_of(row)) for row in table]


def _getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes some cells out of a row, always as a tuple."""
    if not keys:
        return lambda row: ()
    if len(keys) == 1:
        return lambda row: (row[keys[0]],)
    return itemgetter(*keys)


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
