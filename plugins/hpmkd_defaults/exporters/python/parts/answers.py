"""The public functions of a written file: from raw rows to answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpmkd_defaults.exporters.python.parts.cells import short
from hpmkd_defaults.exporters.python.parts.student import (
    CLASSES,
    COLUMNS,
    KINDS,
    NAMED,
    numpy,
    probabilities,
    probabilities_many,
)

# ------------------------------------------------------------------------------------- answers

READERS = [KINDS[about["kind"]](name, about) for name, about in COLUMNS.items()]
#: Rows that NumPy answers at a time.
BLOCK = 4096


def predict_proba(row: Any) -> list[float]:
    """Return the probabilities of a row, in the order of CLASSES.

    A row is a dict of cells by column (further ones are not read), or a list of them in the order
    of COLUMNS. ValueError names the column that is lacking or cannot be read.
    """
    x: list[float] = []
    for read, cell in zip(READERS, cells_of(row)):
        x += read(cell)
    return probabilities(x)


def predict(row: Any) -> Any:
    """Return the most probable class of a row."""
    return most_probable(predict_proba(row))


def most_probable(found: list[float]) -> Any:
    """Return the class of the largest probability, the first of equally probable ones."""
    return CLASSES[found.index(max(found))]


def predict_proba_many(rows: Any) -> Any:
    """Return the probabilities of n rows, in the order of CLASSES: a list for each row.

    Rows are a list of such as predict_proba reads, a dict (or frame) of columns, or an array of
    shape (n, d). With NumPy, the answer is an array of shape (n, K).
    """
    columns = columns_of(rows)
    if numpy is None:
        return [predict_proba(row) for row in zip(*columns)]
    found = numpy.empty((len(columns[0]), len(CLASSES)))
    kinds = [about["kind"] for about in COLUMNS.values()]
    read = [part for each in zip(kinds, READERS, columns) for part in read_column(*each)]
    for at in range(0, len(found), BLOCK):
        found[at : at + BLOCK] = probabilities_many([cells[at : at + BLOCK] for cells in read])
    return found


def cells_of(row: Any) -> list[Any]:
    """Return the raw cells of a row in the order of COLUMNS."""
    if NAMED and isinstance(row, Mapping):
        try:
            return [row[name] for name in COLUMNS]
        except KeyError:
            raise lacking(row) from None
    if not isinstance(row, (Mapping, list, tuple)):
        raise TypeError(f"a row is a {type(row).__name__}, expected a dict of cells by column")
    return counted(row.values() if isinstance(row, Mapping) else row, "a row")


def columns_of(rows: Any) -> list[Any]:
    """Return the raw columns of a table, each a sequence of n cells, in the order of COLUMNS."""
    if not hasattr(rows, "keys"):
        if getattr(rows, "ndim", 1) == 2:
            return counted(rows.T, "a row of the array")
        return list(zip(*map(cells_of, rows))) or [()] * len(COLUMNS)
    names = list(COLUMNS if NAMED else rows.keys())
    if NAMED and any(name not in rows for name in names):
        raise lacking(rows)
    columns = counted([rows[name] for name in names], "a row of the table")
    for name, column in zip(names, columns):
        if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
            raise TypeError(f"column {short(name)} is {short(column)}, expected its cells in order")
    if len(set(map(len, columns))) > 1:
        raise ValueError("the columns of the table differ in length")
    return columns


def read_column(kind: str, read: Any, column: Any) -> Any:
    """Return a raw column as arrays (n,) of float64: one, or as many as a moment has parts."""
    dtype = getattr(column, "dtype", None)
    if kind == "number" and isinstance(dtype, numpy.dtype) and dtype.kind in "biuf":
        return [numpy.ma.filled(numpy.ma.array(column, dtype=float), numpy.nan)]
    return numpy.array([read(cell) for cell in column]).T


def counted(cells: Any, what: str) -> list[Any]:
    """Return cells or columns as a list, if there are as many as COLUMNS."""
    found = list(cells)
    if len(found) != len(COLUMNS):
        raise ValueError(f"{what} has {len(found)} cells, expected {len(COLUMNS)}: see COLUMNS")
    return found


def lacking(named: Any) -> ValueError:
    """Return the error that names the lacking columns."""
    names = [short(name) for name in COLUMNS if name not in named]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ValueError(f"columns are lacking: {', '.join(names[:5])}{more}; see COLUMNS")
