"""Cells of one raw column: what kind they are, and how they are read.

A raw column is a 1-D NumPy array or a pandas Series; pandas is imported only for cells that
plain NumPy numbers cannot hold.
"""

from __future__ import annotations

import numbers
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpmkd.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["number", "category"]

_NUMBERS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
_MOMENTS = ("datetime", "datetime64", "date")
_SPANS = ("timedelta", "timedelta64")
_UNITS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12}


def kind_of(cells: Any) -> Kind:
    """Return whether a column holds numbers or categories.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Numbers, booleans, dates, times and durations are numbers, and so are objects that
        are nothing but numbers, booleans and missing cells. All else is a category, also
        objects that are all missing, for nothing may be known of what they will hold.

    Returns
    -------
    str
        ``"number"`` or ``"category"``.
    """
    if _categories(cells) is not None:
        return "category"
    array = _plain(cells)
    if array.dtype.kind in "biufmM":
        return "number"
    if array.dtype.kind != "O":
        return "category"
    inferred = _infer(array)
    if inferred in _NUMBERS + _MOMENTS + _SPANS:
        return "number"
    # "mixed" is also what pandas calls booleans among numbers.
    if inferred.startswith("mixed") and all(map(_is_number, array[~_missing(array)])):
        return "number"
    return "category"


def read_numbers(cells: Any, name: str) -> NDArray[np.float64]:
    """Return the cells of a number column; missing cells are NaN.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Numbers or booleans, text that spells numbers, moments (seconds since 1970, naive
        ones taken as UTC) or durations (seconds). Infinities stay.
    name : str
        Name of the column, for the error.

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
        levels = np.append(read_numbers(categories, name), np.nan)
        return np.asarray(levels[cells.cat.codes.to_numpy()])  # code -1 is the NaN at the end
    array = _plain(cells)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind in "mM":
        return _seconds(array)
    return _read_objects(array.astype(object, copy=False), name)


def read_texts(cells: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return the cells of a category column as codes of distinct texts.

    Parameters
    ----------
    cells : ndarray of shape (n,) or Series
        Anything; each cell is spelt by :func:`str`, except that whole floats lose their
        ``.0`` (a missing cell somewhere turns a column of integers into floats).

    Returns
    -------
    codes : ndarray of shape (n,)
        Position in `texts`; -1 where the cell is missing.
    texts : list of str
        The distinct texts, in order of appearance.
    """
    import pandas as pd

    categories = _categories(cells)
    if categories is not None:
        raw = cells.cat.codes.to_numpy()
        codes = np.full(len(raw), -1, dtype=np.intp)
        # Only the levels that occur: a frame of one row may carry thousands of others.
        codes[raw >= 0], used = pd.factorize(raw[raw >= 0])
        return _merge(codes, [_spell(categories[code]) for code in used])
    array = _plain(cells)
    if array.dtype.kind != "O":
        codes, used = pd.factorize(array)
        return _merge(codes, [_spell(cell) for cell in used])
    # Spelt before they are compared, for 1 == 1.0 == True.
    present = ~_missing(array)
    inferred = _infer(array)
    texts = array[present] if inferred == "string" else map(_spell, array[present])
    index: dict[str, int] = {}
    codes = np.full(len(array), -1, dtype=np.intp)
    codes[present] = [index.setdefault(text, len(index)) for text in texts]
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


def _read_objects(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Read numbers out of objects, text among them."""
    import pandas as pd

    inferred = _infer(array)
    try:
        if inferred in _MOMENTS:
            moments = pd.to_datetime(array, utc=True).tz_localize(None)
            return _seconds(np.asarray(moments))
        if inferred in _SPANS:
            return _seconds(np.asarray(pd.to_timedelta(array)))
        numbers_read = np.full(len(array), np.nan)
        present = ~_missing(array)
        numbers_read[present] = array[present].astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        example = next(filter(_is_unreadable, array[~_missing(array)]), inferred)
        raise DataError(
            f"column {name!r} holds {example!r}, expected numbers as in training: correct such "
            "cells, or leave them empty (None or NaN) where the value is not known"
        ) from error
    return numbers_read


def _seconds(array: NDArray[Any]) -> NDArray[np.float64]:
    """Turn datetime64 (since 1970) or timedelta64 into seconds; NaT into NaN."""
    unit, step = np.datetime_data(array.dtype)
    if unit not in _UNITS_PER_SECOND or step != 1:
        array = array.astype(f"{array.dtype.kind}8[s]")
        unit = "s"
    # Whole seconds and the rest apart: exact, hence the same from any unit.
    whole, rest = np.divmod(array.astype(np.int64), _UNITS_PER_SECOND[unit])
    seconds = whole + rest / _UNITS_PER_SECOND[unit]
    return np.where(np.isnat(array), np.nan, seconds)


def _infer(array: NDArray[Any]) -> str:
    """Name what an object array holds, missing cells aside."""
    import pandas as pd

    return str(pd.api.types.infer_dtype(array, skipna=True)) if len(array) else "empty"


def _missing(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where the cells are None, NaN, NaT or pd.NA."""
    import pandas as pd

    return np.asarray(pd.isna(array), dtype=bool)


def _is_number(cell: Any) -> bool:
    """Tell whether an object is a real number or a boolean."""
    return isinstance(cell, numbers.Real | Decimal | np.bool_)


def _is_unreadable(cell: Any) -> bool:
    """Tell whether an object cannot be read as a number."""
    try:
        float(cell)
    except (TypeError, ValueError, OverflowError):
        return True
    return False


def _spell(cell: Any) -> str:
    """Write a category as text."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
