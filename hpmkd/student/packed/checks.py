"""What is said, and done, when a row does not suit the kernels at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpmkd.errors import DataError

Floats = NDArray[np.float64]


def as_mapping(row: Any) -> Mapping[str, Any]:
    """Refuse a row that has no names.

    Raises
    ------
    DataError
        It is no mapping.
    """
    if isinstance(row, Mapping):
        return row
    raise DataError(
        f"got a row that is a {type(row).__name__}, expected a mapping of column names to cells, "
        "such as a dict: pass dict(row) for a pandas Series; use predict for arrays, lists and "
        "frames"
    )


def as_matrix(matrix: Any, n_columns: int) -> NDArray[Any]:
    """Return a matrix of rows as the kernels take it.

    Raises
    ------
    DataError
        It is no 2-D array of real numbers with so many columns.
    """
    usable = isinstance(matrix, np.ndarray) and not isinstance(matrix, np.ma.MaskedArray)
    if not usable or matrix.dtype.kind not in "biuf" or matrix.ndim != 2:
        raise _no_matrix(matrix, n_columns)
    if matrix.shape[1] != n_columns:
        raise _no_matrix(matrix, n_columns)
    if matrix.dtype not in (np.float32, np.float64) or not matrix.dtype.isnative:
        matrix = matrix.astype(np.float64)
    return np.require(matrix, requirements="A")


def as_row(row: Any, dtype: np.dtype[Any], n_columns: int) -> NDArray[Any]:
    """Return a row of odd layout as the kernels take it.

    Raises
    ------
    DataError
        It has another dtype or shape.
    """
    usable = isinstance(row, np.ndarray) and not isinstance(row, np.ma.MaskedArray)
    if not usable or row.shape != (n_columns,) or row.dtype.newbyteorder("=") != dtype:
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
    return DataError(
        f"got a row that is {_said(row)}, expected {dtype} of shape ({n_columns},): make one with "
        "packed.encode_row(mapping)"
    )


def _no_matrix(matrix: Any, n_columns: int) -> DataError:
    """Return the error for what is no matrix of rows."""
    return DataError(
        f"got {_said(matrix)}, expected an array of numbers of shape (n, {n_columns}): one column "
        "per raw column, categories as codes, NaN for what is missing; use predict_proba for "
        "tables as they come"
    )


def _said(value: Any) -> str:
    """Say what was got."""
    if isinstance(value, np.ndarray):
        masked = "masked " if isinstance(value, np.ma.MaskedArray) else ""
        return f"{masked}{value.dtype} of shape {value.shape}"
    return type(value).__name__
