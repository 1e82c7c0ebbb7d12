"""The kernels that answer from a packed buffer, each compiled at its first use.

A kernel is compiled for exactly one signature and then closed: called with another dtype,
layout or number of dimensions it raises TypeError, at no cost for those who call it rightly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import _packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What a kernel returns of a row: ``kernel(row, words)`` is its class code, the others write to a
#: third argument, float64. All return -1, and do nothing, if a size is wrong.
ROW_KERNELS = ("code", "margins", "probabilities")
_LOCK = threading.Lock()


@cache
def row_kernel(what: str, dtype: Any) -> Callable[..., int]:
    """Return the kernel that answers for one row.

    Parameters
    ----------
    what : str
        One of :data:`ROW_KERNELS`.
    dtype : dtype
        Of a row: float32 or float64. Rows are C-contiguous and writeable.

    Returns
    -------
    callable
        ``(row, words)``, for the class code, or ``(row, words, out)``; an int, -1 if the row
        has not as many cells as in the words, or `out` not as many values.
    """
    from numba import types

    row = types.Array(_type_of(dtype), 1, "C")
    words, out = types.Array(types.uint32, 1, "C"), types.Array(types.float64, 1, "C")
    arguments = (row, words) if what == "code" else (row, words, out)
    return _closed(getattr(_packed, f"{what}_{_bits(dtype)}"), arguments)


@cache
def table_kernel(dtype: Any) -> Callable[..., int]:
    """Return the kernel that answers for many rows.

    Parameters
    ----------
    dtype : dtype
        Of the matrix: float32 or float64. Its layout does not matter.

    Returns
    -------
    callable
        ``(matrix, words, probable, out)``: writes probabilities (n, K), or margins (n, C), to
        a C-ordered float64 array; returns -1 if a size is wrong.
    """
    from numba import types

    matrix = types.Array(_type_of(dtype), 2, "A", readonly=True)
    words, out = types.Array(types.uint32, 1, "C"), types.Array(types.float64, 2, "C")
    arguments = (matrix, words, types.boolean, out)
    return _closed(getattr(_packed, f"all_{_bits(dtype)}"), arguments)


def link_rows(margins: Floats, link: int, n_classes: int) -> Floats:
    """Return probabilities of margins, by the same arithmetic as all the kernels here.

    Parameters
    ----------
    margins : ndarray of shape (n, C)
        C-ordered float64, not NaN.
    link : int
        0: sigmoid (C = 1), 1: softmax, 2: the margins only need to be divided by their sum.
    n_classes : int
        K: 2 for a sigmoid, else C.

    Returns
    -------
    ndarray of shape (n, K)
        float64, new.

    Raises
    ------
    ValueError
        The shapes do not fit.
    """
    from numba import types

    table = types.Array(types.float64, 2, "C")
    out = np.empty((len(margins), n_classes))
    if _closed(_packed.link_rows, (table, types.int64, table))(margins, link, out):
        raise ValueError(f"margins of shape {margins.shape} do not go with {n_classes} classes")
    return out


def _closed(kernel: Any, arguments: tuple[Any, ...]) -> Callable[..., int]:
    """Compile a kernel for one signature, or load it from numba's cache, and close it."""
    with _LOCK:
        if not kernel.signatures:
            kernel.compile(arguments)
            kernel.disable_compile()
    compiled: Callable[..., int] = kernel
    return compiled


def _bits(dtype: Any) -> int:
    return int(8 * np.dtype(dtype).itemsize)


def _type_of(dtype: Any) -> Any:
    from numba import types

    return {32: types.float32, 64: types.float64}[_bits(dtype)]
