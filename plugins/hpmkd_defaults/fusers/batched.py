"""Fuses many rows some at a time, so that the result is the only large array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hpmkd.values import FloatArray

#: Probabilities, of all teachers, in one block: each temporary takes a megabyte.
BLOCK_VALUES = 2**17
#: No block has more rows: what else is computed per row is bounded, too.
BLOCK_ROWS = 4096


def blocks(n_teachers: int, n: int, n_classes: int) -> Iterator[slice]:
    """Yield ranges of rows that together are all n.

    Parameters
    ----------
    n_teachers, n, n_classes : int
        The shape of the probabilities to be fused.
    """
    step = max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(1, n_teachers * n_classes)))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def fuse_by_blocks(
    probabilities: FloatArray, n_teachers: int, fuse_rows: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Fuse (M, n, K) to (n, K) with a function that is given some rows at a time.

    Parameters
    ----------
    probabilities : ndarray of shape (M, n, K)
        Of each teacher.
    n_teachers : int
        Teachers that the fuser was fitted on.
    fuse_rows : callable
        From (M, b, K) to (b, K), each row by itself.
    """
    check_teachers(probabilities, n_teachers)
    out = np.empty(probabilities.shape[1:])
    for rows in blocks(*probabilities.shape):
        out[rows] = fuse_rows(probabilities[:, rows])
    return out


def check_teachers(probabilities: FloatArray, n_teachers: int) -> None:
    """Refuse probabilities of another number of teachers than the fit had."""
    if len(probabilities) != n_teachers:
        raise ValueError(f"got {len(probabilities)} teachers; fitted on {n_teachers}")


def mixed(probabilities: FloatArray, weights: Sequence[float]) -> FloatArray:
    """Return the mean of (M, b, K) over the teachers, of shape (b, K).

    Parameters
    ----------
    probabilities : ndarray of shape (M, b, K)
        A block of rows.
    weights : sequence of M floats
        In [0, 1]; they sum to 1.
    """
    mean: FloatArray = np.einsum("m,mik->ik", np.asarray(weights), probabilities)
    return mean
