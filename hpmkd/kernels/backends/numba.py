"""The kernels that numba compiles, each at its first use.

A kernel is compiled for exactly one signature and then closed: called with another dtype,
layout or number of dimensions it touches nothing.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels import background
from hpmkd.kernels._packed import calls, dicts, fusing, links, pools, students

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

COMPILES = True
_LOCK = threading.Lock()


def row_kernel(what: str, dtype: Any, words: Words, *, pooled: bool) -> Callable[..., int]:
    """Return the kernel that answers for one row, bound to a buffer."""
    pool = "pool_" if pooled else ""
    return _bound(f"{pool}{what}_{_bits(dtype)}", words)


def dict_kernel(
    words: Words,
    numbers: Sequence[str],
    n_parts: int,
    categories: Sequence[tuple[str, Mapping[str, float]]],
    *,
    pooled: bool,
    full: bool,
) -> Callable[[Any], int]:
    """Return the kernel that reads a dict and answers for it."""
    background.wait(background.group("rows", pooled, full))
    name = f"{'pool_' if pooled else ''}read_{'' if full else 'plain_'}code"
    pointed = [*numbers, *(each for category in categories for each in category)]
    types = [id(kind) for kind in (dict, float, int, bool, None, str)]
    plan = np.array([*types, len(numbers), n_parts, *map(id, pointed)], dtype=np.int64)
    return _bound(name, (words, plan, pointed))


@cache
def table_kernel(dtype: Any, *, pooled: bool, full: bool) -> Callable[..., int]:
    """Return the kernel that answers for many rows."""
    from numba import types

    background.wait(background.group("tables", pooled, full))
    known = types.float64 if pooled else _type_of(dtype)
    table = types.Array(known, 2, "A", readonly=True)
    buffer, target = types.Array(types.uint32, 1, "C"), types.Array(types.float64, 2, "C")
    arguments = (table, buffer, types.boolean, target, types.boolean if full else types.none)
    home, prefix = pools if pooled else students, "all" if full else "plain"
    kernel = _closed(getattr(home, f"{prefix}_{known.bitwidth}"), arguments)
    kind = full or None  # what it is compiled for

    def answer(matrix: NDArray[Any], words: Words, probable: bool, out: Floats) -> int:
        return kernel(matrix, words, probable, out, kind)

    return answer


def link_rows(margins: Floats, link: int, out: Floats) -> int:
    """Write probabilities of margins; -1 if the shapes do not fit."""
    return _linking()(margins, link, out)


def fuse_rows(predicted: Floats, numbers: Floats, out: Floats) -> int:
    """Write the probabilities of a pool; -1 if the shapes do not fit."""
    return _fusing()(predicted, numbers, out)


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
