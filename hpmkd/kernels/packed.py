"""The kernels that answer from a packed buffer, by C, numba or NumPy: all give the same bits.

C answers where the distribution hpmkd-runtime is installed with its kernel, else numba, else
NumPy. The environment variable ``HPMKD_KERNELS`` (``c``, ``numba`` or ``numpy``) forces one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from hpmkd.errors import KernelsError, suggest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint32]

#: Modules of :mod:`hpmkd.kernels.backends`, the quickest first.
BACKENDS = ("c", "numba", "numpy")
#: The environment variable that forces one.
VARIABLE = "HPMKD_KERNELS"
#: What a kernel returns of a row: ``code`` its class code; the others write to a second argument,
#: float64, and return 0.
ROW_KERNELS = ("code", "margins", "probabilities")
#: Of the format of the words; a kernel made for another is not used.
WORDS_FORMAT = 2


@cache
def backend() -> Any:
    """Return the module of :mod:`hpmkd.kernels.backends` that answers in this process.

    Raises
    ------
    KernelsError
        ``HPMKD_KERNELS`` names none, or one that is not there.
    """
    wished = os.environ.get(VARIABLE, "")
    if wished and wished not in BACKENDS:
        raise KernelsError(
            f"got {VARIABLE}={wished!r}, expected one of {', '.join(BACKENDS)}"
            f"{suggest(wished, BACKENDS)}"
        )
    causes = []
    for name in (wished,) if wished else BACKENDS:
        try:
            return import_module(f"{__package__}.backends.{name}")
        except ImportError as error:
            causes.append(f"{name}: {error}")
    raise KernelsError(
        f"no kernels are usable here ({'; '.join(causes)}): install hpmkd-runtime where there is "
        f"a C compiler, or hpmkd with numba{f', or unset {VARIABLE}' if wished else ''}"
    )


def backend_name() -> str:
    """Return the name of what answers in this process, one of :data:`BACKENDS`."""
    module: str = backend().__name__
    return module.rpartition(".")[2]


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
    kernel: Callable[..., int] = backend().row_kernel(what, dtype, words, pooled=pooled)
    return kernel


def dict_kernel(
    words: Words,
    numbers: Sequence[str],
    n_parts: int,
    categories: Sequence[tuple[str, Mapping[str, float]]],
    *,
    pooled: bool = False,
    full: bool = True,
) -> Callable[[Any], int]:
    """Return the kernel that reads a dict and answers for it.

    Parameters
    ----------
    words : ndarray of shape (n_words,)
        As for :func:`row_kernel`, packed in the order in which the dict is read.
    numbers : sequence of str
        Names of the columns of numbers, which a row has first.
    n_parts : int
        How many numbers moments are read as, which come next.
    categories : sequence of (str, dict)
        Names of the category columns, which come last, each with the codes of its levels.
    pooled : bool
        They are words of a pool.
    full : bool
        For all students. Where kernels are compiled at their first use, one for students of two
        classes that have neither a network nor vectors in their leaves, and for pools of them, is
        compiled sooner; it answers alike.

    Returns
    -------
    callable
        ``(row)``, the dict, or with moments ``(row, numbers)``, a tuple: the class code, -1 if it
        is not a dict, lacks a name, or a cell is not plain.
    """
    columns = (numbers, n_parts, categories)
    kernel: Callable[[Any], int] = backend().dict_kernel(words, *columns, pooled=pooled, full=full)
    return kernel


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
        ``(matrix, words, probable, out)``: writes probabilities (n, K), or margins
        (n, C), to a C-ordered float64 array; returns -1 if a size is wrong, or margins are those
        of a pool.
    """
    kernel: Callable[..., int] = backend().table_kernel(dtype, pooled=pooled, full=full)
    return kernel


def is_coming(*, pooled: bool, full: bool) -> bool:
    """Return whether the kernel of tables is being compiled: other means would answer sooner.

    Parameters
    ----------
    pooled, full : bool
        As for :func:`table_kernel`.
    """
    if not backend().COMPILES:
        return False
    from hpmkd.kernels import background

    return background.is_coming(background.group("tables", pooled, full))


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
    if backend().link_rows(margins, link, out):
        raise ValueError(f"margins of shape {margins.shape} do not go with {n_classes} classes")
    return out


def fuse_rows(predicted: Floats, numbers: Floats) -> Floats:
    """Return the probabilities of a pool, by the same arithmetic as a packed one.

    Parameters
    ----------
    predicted : ndarray of shape (M, n, K)
        C-ordered float64, the probabilities of the members.
    numbers : ndarray of shape (3 M + K + 2,) or (6 M + K + 8,)
        Of each member 1 / temperature, weight and exponent; the offsets; the share of the
        log-linear pool; 1 / the final temperature; with attention, centers and 1 / scales of its
        three features, and per member a coefficient of each.

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
    if backend().fuse_rows(predicted, numbers, out):
        raise ValueError(f"{numbers.shape} numbers do not go with {predicted.shape} probabilities")
    return out
