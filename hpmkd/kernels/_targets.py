"""Public functions on distributions: soften them, compare them, learn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels._checks import (
    as_input,
    as_labels,
    as_row_weights,
    as_table,
    as_temperature,
    check_buffer,
)
from hpmkd.kernels._loops import loops

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def soften(probabilities: ArrayLike, temperature: float) -> Floats:
    """Return p^(1/T), normalised: the teacher's distribution at temperature T.

    Parameters
    ----------
    probabilities : array-like of shape (n, K)
        Finite and not negative; each row has a positive sum, which need not be 1. Any
        dtype and layout; float32 is raised to float64.
    temperature : float
        > 0 and finite. Above 1 softens, below 1 sharpens, 1 only normalises.

    Returns
    -------
    ndarray of shape (n, K), float64
        A new array; rows sum to 1. Zeros stay exactly 0, and a class that no row has
        stays so. Subnormal values are softened exactly.

    Raises
    ------
    ValueError
        If the shape or the temperature is wrong, or a row holds a NaN, infinite or negative
        value or only zeros; the message names the row.

    References
    ----------
    Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, eq. 1.
    """
    table, inverse = as_table("probabilities", probabilities), 1.0 / as_temperature(temperature)
    out = np.empty(table.shape)
    bad = loops().soften(table.reshape(-1), table.shape[1], inverse, out.reshape(-1))
    if bad >= 0:
        raise ValueError(
            f"row {bad} of probabilities must be finite, not negative and not all 0, "
            f"got {table[bad]}"
        )
    return out


def soften_logits(logits: ArrayLike, temperature: float) -> Floats:
    """Return softmax(z / T): the distribution of some logits at temperature T.

    Parameters
    ----------
    logits : array-like of shape (n, K)
        Any dtype and layout. −inf is a probability of exactly 0; each row has at least one
        finite value, and none is +inf or NaN.
    temperature : float
        > 0 and finite.

    Returns
    -------
    ndarray of shape (n, K), float64
        A new array; rows sum to 1.

    Raises
    ------
    ValueError
        If the shape or the temperature is wrong, or a row holds +inf, NaN or only −inf;
        the message names the row.

    References
    ----------
    Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, eq. 1.
    """
    table, inverse = as_table("logits", logits), 1.0 / as_temperature(temperature)
    out = np.empty(table.shape)
    bad = loops().soften_logits(table.reshape(-1), table.shape[1], inverse, out.reshape(-1))
    if bad >= 0:
        raise ValueError(
            f"row {bad} of logits must hold a finite value and neither +inf nor NaN, "
            f"got {table[bad]}"
        )
    return out


def kl_divergence(p: ArrayLike, q: ArrayLike) -> Floats:
    """Return Σ p ln(p / q) of each row, in nats: what it costs to take q for p.

    Parameters
    ----------
    p, q : array-like of shape (n, K)
        Distributions: values in [0, 1] (1e-6 above 1 is let pass), rows that sum to 1 (not
        checked). 0 · ln 0 is 0; a q below 1e-15 is read as 1e-15, as scikit-learn's
        ``log_loss`` does, so that the result is always finite.

    Returns
    -------
    ndarray of shape (n,), float64
        ≥ 0: what rounding takes below 0 is cut off. Exactly 0 for equal rows.

    Raises
    ------
    ValueError
        If the shapes differ, or a value is NaN or outside [0, 1]; the message names the row.

    References
    ----------
    Kullback and Leibler (1951), On information and sufficiency, section 2.
    """
    left, right = as_table("p", p), as_table("q", q)
    if left.shape != right.shape:
        raise ValueError(f"p and q must have one shape, got {left.shape} and {right.shape}")
    out = np.empty(len(left))
    bad = loops().kl_divergence(left.reshape(-1), right.reshape(-1), left.shape[1], out)
    if bad >= 0:
        raise ValueError(f"row {bad} of p and q must be in [0, 1], got {left[bad]}, {right[bad]}")
    return out


def distillation_loss(
    margins: ArrayLike,
    labels: ArrayLike,
    soft_targets: ArrayLike,
    temperature: float,
    alpha: float,
    *,
    weights: ArrayLike | None = None,
    out: tuple[Floats, Floats] | None = None,
) -> tuple[float, Floats, Floats]:
    """Return the distillation loss of some margins, its gradient and diagonal hessian.

    L = α T² CE(p_T, q_T) + (1 − α) CE(y, q), with q_T = softmax(z / T). Cross entropy in
    place of the KL divergence of the literature: they differ by the entropy of p_T, which
    does not depend on z, so the derivatives are the same.

    Parameters
    ----------
    margins : array-like of shape (n, K) or (n,)
        The student's z; finite, of any size. One margin per row is z1 − z0 of two classes.
        In a table −inf is let pass where neither target gives that class any mass.
    labels : array-like of shape (n,)
        Class codes 0 … K-1. Not read at alpha = 1.
    soft_targets : array-like of shape (n, K), or (n,) with one margin per row
        The teacher's p_T, that is **already softened** to `temperature` (see
        :func:`soften`); in [0, 1]. Shape (n,) is the probability of class 1. Not read at
        alpha = 0.
    temperature : float
        > 0 and finite.
    alpha : float
        Weight of the teacher, in [0, 1].
    weights : array-like of shape (n,), optional
        Of the rows: finite and not negative; all 1 if not given.
    out : tuple of two ndarrays, optional
        Where to write gradient and hessian: float64, C order, of the shape of `margins`, and
        apart from the inputs. A boosting loop saves its allocations with it.

    Returns
    -------
    loss : float
        Weighted mean over the rows, in nats; 0 if there are none, or none has weight.
    gradient, hessian : ndarray of the shape of `margins`, float64
        Of each row's L times its weight, not divided by their sum; those of z1 with one
        margin per row.

    Raises
    ------
    ValueError
        If a shape, the temperature, alpha, a weight or a buffer is wrong, or a row holds a
        margin, label or soft target that cannot be used; the message names the row.

    References
    ----------
    Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, section 2.
    """
    z = as_input("margins", margins, np.float64, 1, 2)
    if z.ndim == 2 and z.shape[1] < 2:
        raise ValueError(f"margins must have shape (n,) or (n, K ≥ 2), got {z.shape}")
    codes = as_labels(labels, len(z))
    targets = as_input("soft_targets", soft_targets, np.float64, 1, 2)
    if z.ndim == 1 and targets.shape == (len(z), 2):
        targets = as_input("soft_targets", targets[:, 1], np.float64, 1)
    if targets.shape != z.shape:
        raise ValueError(f"soft_targets must fit margins {z.shape}, got {targets.shape}")
    temperature, alpha = as_temperature(temperature), float(alpha)
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    row_weights = as_row_weights(weights, len(z))
    gradient, hessian = out if out is not None else (np.empty(z.shape), np.empty(z.shape))
    for name, buffer in (("gradient", gradient), ("hessian", hessian)):
        check_buffer(name, buffer, np.float64, z.shape)
    total, bad = loops().distillation_loss(
        z.reshape(-1), codes, targets.reshape(-1), temperature, alpha, row_weights,
        gradient.reshape(-1), hessian.reshape(-1),
    )  # fmt: skip
    if bad >= 0:
        raise ValueError(
            f"row {bad} must have finite margins, a label of 0 … K-1 and soft targets in "
            f"[0, 1], got {z[bad]}, {codes[bad]} and {targets[bad]}"
        )
    mass = float(row_weights.sum()) if weights is not None else float(len(z))
    return total / mass if mass > 0.0 else 0.0, gradient, hessian
