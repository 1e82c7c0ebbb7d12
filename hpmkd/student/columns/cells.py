"""Cells of one raw column: what kind they are, and how they are read.

A raw column is a 1-D NumPy array or a pandas Series; pandas is imported only for cells that
plain NumPy numbers cannot hold.
"""

from __future__ import annotations

import numbers
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpmkd.errors import DataError
from hpmkd.student.columns.moments import (
    MICROSECONDS,
    NO_MOMENT,
    are_moments,
    as_microseconds,
    is_readable,
    microseconds_of,
)
from hpmkd.student.columns.times import TIMES, numbers_of, seconds_of, spell_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["number", "category", "datetime"]

_WITH_NAN = (float, np.inexact, complex, Decimal, np.datetime64, np.timedelta64)
_NUMBERS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
_SPANS = ("timedelta", "timedelta64")


def kind_of(cells: Any) -> Kind:
    """Return whether a column, an array or a Series, holds numbers, categories or moments.

    Moments, also as text, and missing cells make a datetime. Numbers, booleans and durations are
    numbers, and so are objects that are nothing but these, or these and typed moments. All else is
    a category, also objects that are all missing, because their future content is unknown.
    """
    if _categories(cells) is not None:
        return "category"
    array = _plain(cells)
    if array.dtype.kind in "biufm":
        return "number"
    if array.dtype.kind != "O":
        return "datetime" if array.dtype.kind == "M" else "category"
    present = array[~_missing(array)]
    if are_moments(present):
        return "datetime"
    inferred = _infer(array)
    if inferred in _NUMBERS + _SPANS:
        return "number"
    # "mixed" is also what pandas calls booleans among numbers.
    if inferred.startswith("mixed") and all(map(_is_readable, present)):
        return "number"
    return "category"


def read_numbers(cells: Any, name: str, missing: tuple[str, ...] = ()) -> NDArray[np.float64]:
    """Return the cells of a number column; missing cells are NaN.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Numbers or booleans, text that spells numbers, moments (seconds since 1970, naive
        ones taken as UTC) or durations (seconds), in any mixture: a cell is read alike
        whatever stands beside it. Infinities stay.
    name : str
        Name of the column, for the error.
    missing : tuple of str
        Texts that stand for a missing cell, beside those of :data:`~.spelling.MISSING`.

    Returns
    -------
    ndarray of shape (n,)
        float64; it may share memory with `cells`.

    Raises
    ------
    DataError
        A cell is not a number; the message shows it.
    """
    categories = _categories(cells)
    if categories is not None:
        levels = np.append(read_numbers(categories, name, missing), np.nan)
        return np.asarray(levels[cells.cat.codes.to_numpy()])  # code -1 is the NaN at the end
    array = _plain(cells)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind in "mM":
        return seconds_of(array)
    return _read_objects(array.astype(object, copy=False), name, missing)


def read_moments(cells: Any, name: str, missing: tuple[str, ...] = ()) -> NDArray[np.datetime64]:
    """Return the cells of a datetime column, in UTC; missing cells are NaT.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Moments in any form (see :func:`hpmkd.student.columns.moments.moment_of`).
    name : str
        Name of the column, for the error.
    missing : tuple of str
        Texts that stand for a missing cell.

    Returns
    -------
    ndarray of shape (n,)
        datetime64 of microseconds.

    Raises
    ------
    DataError
        A cell is not a moment of the years 1 to 9999; the message shows it.
    """
    array = _plain(cells)
    try:
        if array.dtype.kind == "M":
            return as_microseconds(array)
        objects = array.astype(object, copy=False)
        present = ~_missing(objects)
        if missing:
            texts = [isinstance(cell, str) and cell in missing for cell in objects]
            present &= ~np.array(texts, dtype=bool)
        moments = np.full(len(objects), np.datetime64("NaT"), dtype=MICROSECONDS)
        moments[present] = microseconds_of(objects[present])
    except NO_MOMENT as error:
        odd = (cell for cell in array[~_missing(array)] if not is_readable(cell))
        example = next(cell for cell in odd if not isinstance(cell, str) or cell not in missing)
        raise DataError(
            f"column {name!r} holds {example!r}, expected dates of the years 1 to 9999 as in "
            "training, such as '2024-03-01' or '2024-03-01T12:30:00Z', or typed ones: correct such "
            "cells (pandas.to_datetime reads other forms), or leave them empty"
        ) from error
    return moments


def read_texts(cells: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return the cells of a category column as codes of distinct texts.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Anything; each cell is spelt by :func:`str`, except that whole floats lose their
        ``.0`` (a missing cell somewhere turns a column of integers into floats) and moments
        and durations are spelt alike in every type and unit.

    Returns
    -------
    codes : ndarray of shape (n,)
        Position in `texts`; -1 where the cell is missing.
    texts : list of str
        The distinct texts.
    """
    categories = _categories(cells)
    if categories is not None:
        import pandas as pd

        raw = cells.cat.codes.to_numpy()
        codes = np.full(len(raw), -1, dtype=np.intp)
        # Only the levels that occur: a frame of one row may carry thousands of others.
        codes[raw >= 0], used = pd.factorize(raw[raw >= 0])
        return _merge(codes, [_spell(categories[code]) for code in used])
    array = _plain(cells)
    present = ~_missing(array)
    codes = np.full(len(array), -1, dtype=np.intp)
    if array.dtype.kind != "O":
        used, codes[present] = np.unique(array[present], return_inverse=True)
        return _merge(codes, [_spell(cell) for cell in used])
    if (pandas := sys.modules.get("pandas")) and _infer(array) == "string":
        codes, texts = pandas.factorize(array)
        return codes, list(texts)
    # Spelt before they are compared, for 1 == 1.0 == True.
    index: dict[str, int] = {}
    codes[present] = [index.setdefault(_spell(cell), len(index)) for cell in array[present]]
    return codes, list(index)


def _merge(codes: NDArray[Any], texts: list[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Give values that are spelt alike one code."""
    index: dict[str, int] = {}
    merged = [index.setdefault(text, len(index)) for text in texts]
    return np.array([*merged, -1], dtype=np.intp)[codes], list(index)


def _plain(cells: Any) -> NDArray[Any]:
    """Return a column as a NumPy array of numbers, times or objects."""
    if isinstance(cells, np.ndarray):
        return cells.astype(object) if cells.dtype.kind in "US" else cells
    import pandas as pd

    if isinstance(cells.dtype, np.dtype):
        return np.asarray(cells)
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return np.asarray(cells.dt.tz_convert("UTC").dt.tz_localize(None))
    if pd.api.types.is_bool_dtype(cells.dtype) or pd.api.types.is_numeric_dtype(cells.dtype):
        if isinstance(cells.dtype, pd.SparseDtype):
            return np.asarray(cells.sparse.to_dense(), dtype=np.float64)
        return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(cells.to_numpy(dtype=object))


def _categories(cells: Any) -> Any:
    """Return the levels of a pandas categorical as an array; None for other columns."""
    if isinstance(cells, np.ndarray) or isinstance(cells.dtype, np.dtype):
        return None
    import pandas as pd

    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return None
    return _plain(pd.Series(cells.cat.categories))


def _read_objects(array: NDArray[Any], name: str, missing: tuple[str, ...]) -> NDArray[np.float64]:
    """Read numbers out of objects, text among them: each by its own type."""
    present = ~_missing(array)
    if missing:
        present &= [not (isinstance(cell, str) and cell in missing) for cell in array]
    cells = array[present]
    numbers_read = np.full(len(array), np.nan)
    try:
        numbers_read[present] = numbers_of(cells)
    except (TypeError, ValueError, OverflowError) as error:
        example = next(filter(_is_unreadable, cells), cells[0])
        raise DataError(
            f"column {name!r} holds {example!r}, expected numbers as in training: correct such "
            "cells, or leave them empty (None or NaN) where the value is not known"
        ) from error
    return numbers_read


def _infer(array: NDArray[Any]) -> str:
    """Name what an object array holds, missing cells aside."""
    import pandas as pd

    return str(pd.api.types.infer_dtype(array, skipna=True)) if len(array) else "empty"


def _missing(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where the cells are None, NaN, NaT or pd.NA."""
    pandas = sys.modules.get("pandas")  # before it there is no pd.NA
    if pandas is not None:
        return np.asarray(pandas.isna(array), dtype=bool)
    missing = [cell is None or (isinstance(cell, _WITH_NAN) and cell != cell) for cell in array]
    return np.array(missing, dtype=bool)


def _is_readable(cell: Any) -> bool:
    """Whether an object is a real number, a boolean, a moment or a duration."""
    return isinstance(cell, (numbers.Real, Decimal, np.bool_, *TIMES))


def _is_unreadable(cell: Any) -> bool:
    """Whether an object cannot be read as a number."""
    try:
        numbers_of(np.array([cell, None], dtype=object)[:1])
    except (TypeError, ValueError, OverflowError):
        return True
    return False


def _spell(cell: Any) -> str:
    """Write a category as text."""
    if isinstance(cell, TIMES):
        return spell_time(cell)
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
