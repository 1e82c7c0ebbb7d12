"""What is said, and done, when a row does not suit the kernels at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError

Floats = NDArray[np.float64]


def as_row(row: Any, dtype: np.dtype[Any], n_columns: int) -> NDArray[Any]:
    """Return a row of odd layout as the kernels take it.

    Raises
    ------
    DataError
        It has another dtype or number of dimensions.
    """
    if not isinstance(row, np.ndarray) or row.ndim != 1:
        raise misfit(row, dtype, n_columns)
    if row.dtype.newbyteorder("=") != dtype:
        raise misfit(row, dtype, n_columns)
    return np.array(row, dtype=dtype)


def as_out(out: Any, width: int) -> Floats:
    """Refuse a place for the answer that a kernel cannot write to.

    Raises
    ------
    DataError
        It is no writeable, contiguous float64 array of that length.
    """
    usable = isinstance(out, np.ndarray) and out.dtype == np.float64 and out.shape == (width,)
    if not usable or not (out.flags.carray and out.flags.writeable):
        raise DataError(f"out must be a writeable contiguous float64 array of shape ({width},)")
    return np.asarray(out)


def misfit(
    row: Any, dtype: np.dtype[Any], n_columns: int, out: Any = None, width: int = 0
) -> DataError:
    """Return the error for a row, or a place for the answer, that does not fit."""
    if isinstance(row, np.ndarray) and row.shape == (n_columns,) and out is not None:
        return DataError(f"out has shape {out.shape}, expected ({width},)")
    got = type(row).__name__
    if isinstance(row, np.ndarray):
        got = f"{row.dtype} of shape {row.shape}"
    return DataError(
        f"got a row that is {got}, expected {dtype} of shape ({n_columns},): make one with "
        "packed.encode_row(mapping)"
    )
