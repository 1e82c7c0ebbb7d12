"""The compiled C kernel of the distribution hpmkd-runtime: nothing to compile, nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.kernels.packed import WORDS_FORMAT
from hpmkd_runtime import _kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

COMPILES = False

if _kernel.WORDS_FORMAT != WORDS_FORMAT:
    raise ImportError(
        f"the kernel reads words of format {_kernel.WORDS_FORMAT}, these are of {WORDS_FORMAT}: "
        "install the hpmkd-runtime of this hpmkd"
    )
try:
    _kernel.check_layout(np.zeros(3, np.float32), np.zeros(2))
    _row, _read, _table, _pool_table = _kernel.row, _kernel.read, _kernel.table, _kernel.pool_table
    link_rows, fuse_rows = _kernel.link_rows, _kernel.fuse_rows
except AttributeError as error:
    raise ImportError(f"{error}: install the hpmkd-runtime of this hpmkd") from error


def row_kernel(what: str, dtype: Any, words: Words, *, pooled: bool) -> Callable[..., int]:
    """Return the kernel that answers for one row, bound to a buffer."""
    pool = "pool_" if pooled else ""
    return _row(f"{pool}{what}_{8 * np.dtype(dtype).itemsize}", words)


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
    return _read(words, tuple(numbers), n_parts, tuple(categories), pooled)


def table_kernel(dtype: Any, *, pooled: bool, full: bool) -> Callable[..., int]:
    """Return the kernel that answers for many rows."""
    return _pool_table if pooled else _table
