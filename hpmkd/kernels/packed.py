"""The kernels that answer from a packed buffer, each compiled at its first use.

A kernel is compiled for exactly one signature and then closed: called with another dtype,
layout or number of dimensions it touches nothing.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import background
from hpmkd.kernels._packed import calls, dicts, fusing, links, pools, students

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

#: What a kernel returns of a row: ``code`` its class code; the others write to a second argument,
#: float64, and return 0.
ROW_KERNELS = ("code", "margins", "probabilities")
_LOCK = threading.Lock()


def row_kernel(what: str, dtype: Any, words: Words, *, pooled: bool = False) -> Callable[..., int]:
    """Return the kernel that answers for one row, bound to a buffer.

    Parameters
    ----------
    what : str
        One of :data:`ROW_KERNELS`; a pool has no margins.
    dtype : dtype
        Of a row: float32, or float64, which is that of pools. Rows are C-contiguous.
    words : ndarray of shape (n_words,)
        uint32, C-contiguous: of a student, or of a pool.
    pooled : bool
        They are of a pool.

    Returns
    -------
    callable
        ``(row)``, for the class code, or ``(row, out)``; an int, -1 if the row or `out` is no
        array of that dtype, layout and size.
    """
    pool = "pool_" if pooled else ""
    return _bound(f"{pool}{what}_{_bits(dtype)}", words)


def dict_kernel(
    words: Words, plan: NDArray[np.int64], kept: Any, *, pooled: bool = False, full: bool = True
) -> Callable[[Any], int]:
    """Return the kernel that reads a dict and answers for it.

    Parameters
    ----------
    words : ndarray of shape (n_words,)
        As for :func:`row_kernel`, packed in the order in which the dict is read.
    plan : ndarray of shape (n_addresses,)
        As :func:`hpmkd.kernels._packed.dicts._read_row` takes it.
    kept : object
        Holds what the plan points at.
    pooled : bool
        They are words of a pool.
    full : bool
        For all students. A kernel for those of two classes that have neither a network nor
        vectors in their leaves, and for pools of them, is compiled sooner, and answers alike.

    Returns
    -------
    callable
        ``(row)``, the dict, or with moments ``(row, numbers)``, a tuple: the class code, -1 if it
        is no dict, lacks a name, or a cell is not plain.
    """
    background.wait(background.group("rows", pooled, full))
    name = f"{'pool_' if pooled else ''}read_{'' if full else 'plain_'}code"
    return _bound(name, (words, plan, kept))


@cache
def table_kernel(dtype: Any, *, pooled: bool = False, full: bool = True) -> Callable[..., int]:
    """Return the kernel that answers for many rows.

    Parameters
    ----------
    dtype : dtype
        Of the matrix: float32 or float64. Its layout does not matter.
    pooled : bool
        For the words of a pool.
    full : bool
        As for :func:`dict_kernel`.

    Returns
    -------
    callable
        ``(matrix, words, probable, out, full or None)``: writes probabilities (n, K), or margins
        (n, C), to a C-ordered float64 array; returns -1 if a size is wrong, or margins are those
        of a pool.
    """
    from numba import types

    background.wait(background.group("tables", pooled, full))
    known = types.float64 if pooled else _type_of(dtype)
    matrix = types.Array(known, 2, "A", readonly=True)
    words, out = types.Array(types.uint32, 1, "C"), types.Array(types.float64, 2, "C")
    arguments = (matrix, words, types.boolean, out, types.boolean if full else types.none)
    home, prefix = pools if pooled else students, "all" if full else "plain"
    return _closed(getattr(home, f"{prefix}_{known.bitwidth}"), arguments)


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
    out = np.empty((len(margins), n_classes))
    if _linking()(margins, link, out):
        raise ValueError(f"margins of shape {margins.shape} do not go with {n_classes} classes")
    return out


def fuse_rows(predicted: Floats, numbers: Floats) -> Floats:
    """Return the probabilities of a pool, by the same arithmetic as a packed one.

    Parameters
    ----------
    predicted : ndarray of shape (M, n, K)
        C-ordered float64, the probabilities of the members.
    numbers : ndarray of shape (3 M + K + 2,)
        Of each member 1 / temperature, weight and exponent; the offsets; the share of the
        log-linear pool; 1 / the final temperature.

    Returns
    -------
    ndarray of shape (n, K)
        float64, new.

    Raises
    ------
    ValueError
        The shapes do not fit.
    """
    out = np.empty(predicted.shape[1:])
    if _fusing()(predicted, numbers, out):
        raise ValueError(f"{numbers.shape} numbers do not go with {predicted.shape} probabilities")
    return out


@cache
def _linking() -> Callable[..., int]:
    from numba import types

    table = types.Array(types.float64, 2, "C")
    return _closed(links.link_rows, (table, types.int64, table))


@cache
def _fusing() -> Callable[..., int]:
    from numba import types

    background.wait("fusing")
    cube, vector, table = (types.Array(types.float64, ndim, "C") for ndim in (3, 1, 2))
    return _closed(fusing.fuse_rows, (cube, vector, table))


def _closed(kernel: Any, arguments: tuple[Any, ...]) -> Callable[..., int]:
    """Compile a kernel for one signature, or load it from numba's cache, and close it."""
    with _LOCK:
        if not kernel.signatures:
            kernel.compile(arguments)
            kernel.disable_compile()
    compiled: Callable[..., int] = kernel
    return compiled


class _Method(ctypes.Structure):
    """CPython's PyMethodDef: how a compiled function is called."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


#: Flags of a method that takes one object, or several: METH_O and METH_FASTCALL.
_ONE, _MANY = 0x8, 0x80
_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.restype = ctypes.py_object
_new_function.argtypes = (ctypes.POINTER(_Method), ctypes.py_object, ctypes.c_void_p)


def _bound(name: str, owner: Any) -> Callable[..., int]:
    """Return a compiled function of Python's C interface, bound to an object."""
    with _LOCK:
        _, method = _method(name)
        bound: Callable[..., int] = _new_function(ctypes.byref(method), owner, None)
    return bound


@cache
def _method(name: str) -> tuple[Any, _Method]:
    """Compile a function, or load it from numba's cache; what keeps it alive comes first."""
    from numba import cfunc

    function = getattr(dicts if "read" in name else calls, name)
    one = "code" in name
    signature = calls.TAKES_ONE if one else calls.TAKES_MANY
    compiled = cfunc(signature, cache=True, error_model="numpy")(function)
    return compiled, _Method(name.encode(), compiled.address, _ONE if one else _MANY, None)


def _bits(dtype: Any) -> int:
    return int(8 * np.dtype(dtype).itemsize)


def _type_of(dtype: Any) -> Any:
    from numba import types

    return {32: types.float32, 64: types.float64}[_bits(dtype)]
