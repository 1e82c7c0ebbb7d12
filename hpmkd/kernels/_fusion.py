"""Public functions on several teachers: fuse them, learn their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hpmkd.kernels._checks import as_row_weights, as_table, check_buffer
from hpmkd.kernels._loops import loops

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def attention_fuse(
    probabilities: ArrayLike, scores: ArrayLike, out: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Return the weighted mean of M teachers, with weights of each row's own.

    w_im = softmax of the scores over the teachers, fused_i = Σ_m w_im p_m[i]: in one pass
    over the teachers, without temporaries of their size.

    Parameters
    ----------
    probabilities : array-like of shape (M, n, K)
        Of each teacher, in [0, 1] (1e-6 above 1 is let pass). float64 and float32 are
        read as they are, without a copy, also a range of rows of a larger array.
    scores : array-like of shape (n, M)
        Of any size. −inf is a weight of exactly 0; each row has at least one finite score,
        and none is +inf or NaN.
    out : tuple of two ndarrays, optional
        Where to write the fused rows (n, K) and the weights (n, M): float64, C order, apart
        from the inputs.

    Returns
    -------
    fused : ndarray of shape (n, K), float64
        Rows sum to 1 if those of all teachers do.
    weights : ndarray of shape (n, M), float64
        Rows sum to 1.

    Raises
    ------
    ValueError
        If a shape or a buffer is wrong, or a row holds a score or a probability that cannot
        be used; the message names the row.

    References
    ----------
    Jacobs, Jordan, Nowlan and Hinton (1991), Adaptive mixtures of local experts.
    """
    tables, stride = _as_teachers(probabilities)
    n_teachers, n, n_classes = tables.shape
    given = as_table("scores", scores)
    if given.shape != (n, n_teachers):
        raise ValueError(f"scores must have shape {(n, n_teachers)}, got {given.shape}")
    fused, weights = out if out is not None else (np.empty((n, n_classes)), np.empty(given.shape))
    check_buffer("fused", fused, np.float64, (n, n_classes))
    check_buffer("weights", weights, np.float64, given.shape)
    bad = loops().attention_fuse(
        _flat(tables, stride), stride, n_classes, given.reshape(-1), fused.reshape(-1),
        weights.reshape(-1),
    )  # fmt: skip
    if bad >= 0:
        raise ValueError(
            f"row {bad} must have probabilities in [0, 1], a finite score and neither +inf nor "
            f"NaN, got {tables[:, bad].tolist()} and {given[bad]}"
        )
    return fused, weights


def attention_gradient(
    likelihoods: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None
) -> tuple[float, Floats]:
    """Return the mean NLL of the fused teachers and its gradient in the scores.

    With w = softmax of the scores and q_i = Σ_m w_im e_im, NLL_i = −ln q_i and
    ∂NLL_i/∂s_im = w_im − w_im e_im / q_i.

    Parameters
    ----------
    likelihoods : array-like of shape (n, M)
        e_im: what teacher m gives the true class of row i, in [0, 1].
    scores : array-like of shape (n, M)
        As in :func:`attention_fuse`.
    weights : array-like of shape (n,), optional
        Of the rows: finite and not negative; all 1 if not given.

    Returns
    -------
    loss : float
        Weighted mean over the rows, in nats; 0 if there are none, or none has weight.
    gradient : ndarray of shape (n, M), float64
        Of each row's NLL times its weight, not divided by their sum; rows sum to 0.

    Raises
    ------
    ValueError
        If the shapes differ, or a row holds a value that cannot be used or gives its true
        class nothing (q < 2.3e-308); the message names the row.
    """
    values, given = as_table("likelihoods", likelihoods), as_table("scores", scores)
    if values.shape != given.shape:
        raise ValueError(
            f"likelihoods and scores must have one shape, got {values.shape} and {given.shape}"
        )
    gradient, row_weights = np.empty(given.shape), as_row_weights(weights, len(given))
    total, bad = loops().attention_gradient(
        values.reshape(-1), given.reshape(-1), row_weights, len(given), gradient.reshape(-1)
    )
    if bad >= 0:
        raise ValueError(
            f"row {bad} must have likelihoods in [0, 1], one of them above 0 where there is "
            f"weight, and usable scores, got {values[bad]} and {given[bad]}"
        )
    mass = len(given) if weights is None else row_weights.sum()
    return total / mass if mass > 0 else 0.0, gradient


def em_weights(
    likelihoods: ArrayLike,
    most: int = 500,
    tolerance: float = 1e-8,
    weights: ArrayLike | None = None,
) -> Floats:
    """Return the weights of the linear pool that make the labels most likely.

    Steps w_m ← mean_i w_m e_im / Σ_j w_j e_ij from equal weights, until the mean log likelihood,
    which is concave in them and never falls, rises by less than `tolerance`.

    Parameters
    ----------
    likelihoods : array-like of shape (n, M)
        e_im: what teacher m gives the true class of row i, in [0, 1]. n ≥ 1.
    most : int
        Steps after which to stop even if the weights still move.
    tolerance : float
        In nats, >= 0.
    weights : array-like of shape (n,), optional
        Of the rows: finite, not negative, not all 0; all 1 if not given. The means are weighted.

    Returns
    -------
    ndarray of shape (M,), float64
        They sum to 1.

    Raises
    ------
    ValueError
        If a shape is wrong, or a row holds a value that cannot be used or gives its true
        class nothing (q < 2.3e-308); the message names the row.

    References
    ----------
    Dempster, Laird and Rubin (1977), Maximum likelihood from incomplete data.
    """
    values = as_table("likelihoods", likelihoods)
    if len(values) == 0:
        raise ValueError(f"likelihoods must have rows, got shape {values.shape}")
    n, width = values.shape
    shares, row_weights = np.full(width, 1.0 / width), as_row_weights(weights, n)
    least = tolerance * (n if weights is None else float(row_weights.sum()))
    _, bad = loops().em_weights(values.reshape(-1), shares, row_weights, n, most, least)
    if bad >= 0:
        raise ValueError(
            f"row {bad} must have likelihoods in [0, 1], one of them above 0, got {values[bad]}"
        )
    return shares


def _as_teachers(probabilities: ArrayLike) -> tuple[NDArray[Any], int]:
    """Return float64 or float32 tables (M, n, K), each contiguous, and their distance."""
    tables = np.asarray(probabilities)
    if tables.dtype not in (np.float64, np.float32):
        tables = tables.astype(np.float64)
    if tables.ndim != 3 or tables.shape[0] == 0 or tables.shape[2] == 0:
        raise ValueError(f"probabilities must have shape (M ≥ 1, n, K ≥ 1), got {tables.shape}")
    n_teachers, n, n_classes = tables.shape
    step, row, cell = tables.strides
    tight = cell == tables.itemsize and row == n_classes * cell
    apart = step >= 0 and step % tables.itemsize == 0
    usable = tables.flags.aligned and tables.dtype.isnative
    if not (tight and apart and usable):
        tables = np.array(tables, dtype=tables.dtype.newbyteorder("="), order="C")
    return tables, tables.strides[0] // tables.itemsize if n_teachers > 1 else n * n_classes


def _flat(tables: NDArray[Any], stride: int) -> NDArray[Any]:
    """View the tables, and what lies between them, as one contiguous read-only vector."""
    n_teachers, n, n_classes = tables.shape
    length = (n_teachers - 1) * stride + n * n_classes if n > 0 else 0
    return as_strided(tables, (length,), (tables.itemsize,), writeable=False)
