"""The columns of a raw table: which are measures, and how new cells become a table again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray


#: A measure has more distinct values than this share of its cells …
LEAST_DISTINCT = 0.03
#: … and none that is more frequent than this.
MOST_FREQUENT = 0.2


def measure(cells: Any) -> FloatArray | None:
    """Return the cells of a really continuous column as float64, NaN where missing; else None.

    Codes, counts and spikes (a capital gain that is 0 nearly always) are none: a value
    between two of theirs means nothing. Numbers that are all whole are counts, also when
    missing cells made floats of them.
    """
    if not pd.api.types.is_float_dtype(cells.dtype):
        return None
    numbers: FloatArray = (
        cells.to_numpy(np.float64, na_value=np.nan)
        if hasattr(cells, "to_numpy")
        else cells.astype(np.float64)
    )
    known = numbers[~np.isnan(numbers)]
    if len(known) == 0 or (known == np.floor(known)).all():
        return None
    _, counts = np.unique(known, return_counts=True)
    continuous = len(counts) > LEAST_DISTINCT * len(known)
    return numbers if continuous and counts.max() <= MOST_FREQUENT * len(known) else None


def rebuild(
    table: Any, choose: Callable[[], IntArray], blend: Callable[[FloatArray], FloatArray]
) -> Any:
    """Return a table of new rows, column by column, with the columns and dtypes of `table`.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n, d)
        The rows given.
    choose : callable
        Returns, for each column that is no measure, the row that each new cell is copied from.
    blend : callable
        Makes the new cells of a measure from those given.
    """
    if not hasattr(table, "iloc"):
        made = [_new(cells, choose, blend) for cells in table.T]
        return np.column_stack(made).astype(table.dtype, copy=False)
    columns = {name: _new(cells, choose, blend) for name, cells in table.items()}
    return pd.DataFrame(columns)


def _new(
    cells: Any, choose: Callable[[], IntArray], blend: Callable[[FloatArray], FloatArray]
) -> Any:
    """Return the new cells of a column: an array, or a Series of types that pandas alone knows."""
    numbers = measure(cells)
    if numbers is not None:
        return _like(cells, blend(numbers))
    if isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "biuf":
        return np.asarray(cells)[choose()]
    copied = cells.take(choose())
    return copied.reset_index(drop=True) if hasattr(copied, "iloc") else copied


def _like(cells: Any, numbers: FloatArray) -> Any:
    if isinstance(cells.dtype, np.dtype):
        return numbers.astype(cells.dtype)
    # pandas' own extension floats spell missing cells differently; NaN is read as that.
    return pd.Series(numbers).astype(cells.dtype)
