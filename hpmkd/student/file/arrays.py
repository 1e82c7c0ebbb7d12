"""Small helpers for arrays that a student owns."""

from __future__ import annotations

from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def owned(array: Any, dtype: DTypeLike, ndim: int, name: str) -> NDArray[Any]:
    """Return a read-only, C-ordered copy of an array, or itself if it cannot be written to.

    Only floats are shared: someone who alters a mapped file in place may spoil an answer, but
    must not send a kernel to an index that was never checked.

    Parameters
    ----------
    array : array-like
    dtype : dtype
        What it becomes; values must survive the change.
    ndim : int
        Dimensions that it must have.
    name : str
        What to call it in an error.

    Raises
    ------
    ValueError
        It has other dimensions, or integers that do not fit.
    """
    given = np.asarray(array)
    if given.ndim != ndim:
        raise ValueError(f"{name} has {given.ndim} dimensions, expected {ndim}")
    fits = given.dtype == dtype and given.flags.c_contiguous and given.flags.aligned
    if fits and given.dtype.kind == "f" and _unchangeable(given):
        return given
    with np.errstate(over="ignore", invalid="ignore"):
        copy = np.array(given, dtype=dtype, order="C")
    if copy.dtype.kind in "biu" and not np.array_equal(copy, given):
        raise ValueError(f"{name} holds values that {copy.dtype} cannot")
    copy.flags.writeable = False
    return copy


def _unchangeable(array: Any) -> bool:
    """Return whether an array is a view of bytes or of a read-only map, all the way down.

    A read-only view of an array is not enough: that array may be written to, or be made so.
    """
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    owner = array.obj if isinstance(array, memoryview) else array
    return isinstance(owner, bytes) or (isinstance(owner, mmap) and memoryview(owner).readonly)


def finite(array: NDArray[Any], name: str) -> None:
    """Refuse NaN and infinities."""
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")


def smallest(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in the smallest little-endian dtype that holds its values exactly."""
    if array.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            narrow = array.astype("<f4")
        same = np.array_equal(narrow.astype(np.float64), array, equal_nan=True)
        return narrow if same else array.astype("<f8")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for code in ("|u1", "|i1", "<u2", "<i2", "<i4", "<i8"):
        limits = np.iinfo(code)
        if limits.min <= low and high <= limits.max:
            return array.astype(code)
    raise ValueError(f"integers up to {high} cannot be stored")
