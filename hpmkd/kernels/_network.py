"""Public functions that train a small network: gradient of the loss, and passes of Adam."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import _backprop
from hpmkd.kernels._checks import (
    as_input,
    as_labels,
    as_row_weights,
    as_temperature,
    check_buffer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Singles = NDArray[np.float32]
    Integers = NDArray[np.int64]

#: Rows of the state of a training: parameters, both moments of Adam, average of the parameters.
STATE_ROWS = 4


def network_gradient(
    sizes: Sequence[int],
    parameters: ArrayLike,
    matrix: ArrayLike,
    labels: ArrayLike,
    soft_targets: ArrayLike,
    temperature: float,
    alpha: float,
    extra_weight: float = 1.0,
    weights: ArrayLike | None = None,
) -> tuple[float, Singles]:
    """Return the summed distillation loss of a network on some rows, and its gradient.

    Parameters
    ----------
    sizes : sequence of int
        Of the layers: d, h1, …, C.
    parameters : array-like of shape (P,)
        Layer by layer weights (inputs, outputs) in C order, then biases; float32.
    matrix : array-like of shape (n + m, d)
        Rows as :func:`hpmkd.kernels.network_inputs` returns them; m rows without a label behind
        those with one.
    labels : array-like of shape (n,)
        Class codes 0 … K-1.
    soft_targets : array-like of shape (n + m, K)
        The teacher's p_T, **already softened** to `temperature`. Those of the n rows are not read
        at alpha = 0.
    temperature : float
        > 0 and finite.
    alpha : float
        Weight of the teacher on rows with a label, in [0, 1]; on those without it is 1.
    extra_weight : float
        Weight of each row without a label, finite and >= 0.
    weights : array-like of shape (n,), optional
        Of the rows with a label, finite and >= 0; all 1 if not given.

    Returns
    -------
    loss : float
        Of the loss in :func:`hpmkd.kernels.distillation_loss`, the weighted sum over all rows, in
        nats.
    gradient : ndarray of shape (P,), float32

    Raises
    ------
    ValueError
        A shape or value is not as described.
    """
    layers = _as_sizes(sizes)
    given = _as_rows(layers, matrix, labels, soft_targets)
    softening = _as_softening(temperature, alpha, extra_weight)
    values = as_input("parameters", parameters, np.float32, 1).copy()
    gradient = np.empty_like(values)
    check_buffer("parameters", values, np.float32, (n_parameters(layers),))
    order = as_input("order", np.arange(len(given[0])), np.int64, 1)
    row_weights = as_row_weights(weights, len(given[1]))
    loss = _backprop.batch_gradient(
        layers, values, *given, order, softening, row_weights, float(extra_weight), 1.0, gradient
    )
    return loss, gradient


def network_epoch(
    sizes: Sequence[int],
    state: Singles,
    matrix: ArrayLike,
    labels: ArrayLike,
    soft_targets: ArrayLike,
    order: ArrayLike,
    temperature: float,
    alpha: float,
    extra_weight: float,
    *,
    batch: int,
    step: int,
    rate: float,
    decay: float,
    horizon: float,
    weights: ArrayLike | None = None,
) -> float:
    """Pass over some rows in batches, each a step of Adam, in place; return the mean loss.

    Parameters
    ----------
    sizes, matrix, labels, soft_targets, temperature, alpha, extra_weight, weights
        As for :func:`network_gradient`.
    state : ndarray of shape (4, P), float32, C order
        Changed in place: parameters; Adam's first and second moment, 0 at the start; and the
        moving average of the parameters, at the start they themselves.
    order : array-like of shape (n + m,)
        Of the rows.
    batch : int
        Rows of a step, >= 1.
    step : int
        Steps already taken.
    rate, decay : float
        Size of a step; how much of `rate` times each parameter is taken off in a step.
    horizon : float
        Steps that the average reaches back to, >= 1; fewer in the beginning.

    Returns
    -------
    float
        Weighted mean of the loss that each row had before its step, in nats.

    Raises
    ------
    ValueError
        A shape or value is not as described.

    References
    ----------
    Kingma and Ba (2015), Adam; Loshchilov and Hutter (2019), Decoupled weight decay
    regularization; Polyak and Juditsky (1992), Acceleration of stochastic approximation by
    averaging.
    """
    layers = _as_sizes(sizes)
    given = _as_rows(layers, matrix, labels, soft_targets)
    softening = _as_softening(temperature, alpha, extra_weight)
    check_buffer("state", state, np.float32, (STATE_ROWS, n_parameters(layers)))
    rows = as_input("order", order, np.int64, 1)
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(given[0])):
        raise ValueError(f"order must be rows 0 … {len(given[0]) - 1}")
    if batch < 1 or horizon < 1 or step < 0:
        raise ValueError(f"got batch={batch}, horizon={horizon}, step={step}: too small")
    n_labelled = len(given[1])
    row_weights = as_row_weights(weights, n_labelled)
    total = _backprop.epoch(
        layers, state, *given, rows, softening, row_weights, float(extra_weight),
        int(batch), int(step), float(rate), float(decay), float(horizon),
    )  # fmt: skip
    mass = n_labelled if weights is None else float(row_weights.sum())
    return float(total) / (mass + extra_weight * (len(given[0]) - n_labelled))


def n_parameters(sizes: Sequence[int] | Integers) -> int:
    """Return how many parameters layers of these sizes have."""
    return sum(int(a + 1) * int(b) for a, b in pairwise(sizes))


def _as_sizes(sizes: Sequence[int]) -> Integers:
    layers = np.array(sizes, dtype=np.int64)
    if layers.ndim != 1 or len(layers) < 2 or layers[0] < 0 or layers[1:].min() < 1:
        raise ValueError(
            f"sizes must be two or more numbers, all but the first above 0, got {sizes}"
        )
    return layers


def _as_rows(
    sizes: Integers, matrix: ArrayLike, labels: ArrayLike, soft_targets: ArrayLike
) -> tuple[Singles, Integers, Singles]:
    """Return rows, labels and soft targets, of the shapes that the layers need."""
    rows = as_input("matrix", matrix, np.float32, 2)
    targets = as_input("soft_targets", soft_targets, np.float32, 2)
    codes = as_labels(labels, len(np.asarray(labels)))
    n_classes = max(2, int(sizes[-1]))
    if rows.shape[1] != sizes[0] or targets.shape != (len(rows), n_classes):
        raise ValueError(
            f"matrix and soft_targets must have the shapes (n, {sizes[0]}) and (n, {n_classes}), "
            f"got {rows.shape} and {targets.shape}"
        )
    if not 0 < len(codes) <= len(rows) or codes.min() < 0 or codes.max() >= n_classes:
        raise ValueError(f"labels must be 1 to {len(rows)} class codes of 0 … {n_classes - 1}")
    return rows, codes, targets


def _as_softening(temperature: float, alpha: float, extra_weight: float) -> tuple[float, float]:
    if not (0.0 <= alpha <= 1.0 and 0.0 <= extra_weight < np.inf):
        raise ValueError(
            f"alpha must be in [0, 1], extra_weight finite and not negative, got {alpha} and "
            f"{extra_weight}"
        )
    return as_temperature(temperature), float(alpha)
