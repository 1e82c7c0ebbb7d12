"""One dtype and one layout for each kernel: how the public functions read arguments.

Every function raises ValueError saying what was got and what was expected.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Floats = NDArray[np.float64]

COLDEST = 1e-308  # of a colder temperature the inverse would be inf


def as_input(name: str, values: ArrayLike, dtype: DTypeLike, *dimensions: int) -> NDArray[Any]:
    """Return a read-only view of one dtype, C order and one of the allowed dimensions."""
    # A read-only view even of a writeable array: one signature per kernel, and no copy.
    array = np.require(values, dtype, ["C", "A", "E"])
    if array.ndim not in dimensions:
        wanted = " or ".join(str(number) for number in dimensions)
        raise ValueError(f"{name} must have {wanted} dimension(s), got shape {array.shape}")
    view = array.view()
    view.flags.writeable = False
    return view


def as_table(name: str, values: ArrayLike) -> Floats:
    """Return a float64 table (n, K) with K ≥ 1."""
    table = as_input(name, values, np.float64, 2)
    if table.shape[1] == 0:
        raise ValueError(f"{name} must have at least one class, got shape {table.shape}")
    return table


def as_temperature(temperature: float) -> float:
    """Return a temperature whose inverse is finite; ValueError unless it is in (0, inf)."""
    value = float(temperature)
    if not 0.0 < value < math.inf:
        raise ValueError(f"temperature must be finite and above 0, got {temperature}")
    return max(value, COLDEST)


def as_labels(labels: ArrayLike, n: int) -> NDArray[np.int64]:
    """Return int64 class codes of shape (n,); their range is the kernel's to check."""
    codes = np.asarray(labels)
    if codes.shape != (n,) or (n > 0 and codes.dtype.kind not in "iub"):
        got = f"{codes.dtype} of shape {codes.shape}"
        raise ValueError(f"labels must be {n} integer class codes, got {got}")
    return as_input("labels", codes, np.int64, 1)


def as_row_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Return the weights of n rows, or an empty array, which means that all are 1."""
    if weights is None:
        return as_input("weights", np.empty(0), np.float64, 1)
    given = as_input("weights", weights, np.float64, 1)
    if given.shape != (n,) or (n > 0 and not 0.0 <= given.min() <= given.max() < np.inf):
        raise ValueError(
            f"weights must be {n} finite values, none negative, got {given} of shape {given.shape}"
        )
    return given


def check_buffer(name: str, buffer: NDArray[Any], dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a kernel can write to the buffer in place."""
    flags = buffer.flags
    if buffer.shape != shape or buffer.dtype != dtype or not (flags.carray and flags.writeable):
        raise ValueError(
            f"{name} must be a writeable C-ordered {np.dtype(dtype)} array of shape {shape}, "
            f"got {buffer.dtype} of shape {buffer.shape}"
        )
