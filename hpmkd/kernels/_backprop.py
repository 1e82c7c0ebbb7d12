"""The compiled loops that train a small network: gradient of a batch, and Adam.

Self-contained, because numba's cache does not notice an edit in another module. A network of L
layers has sizes d, h1 … C; its parameters lie flat, layer by layer: weights (inputs, outputs) in C
order, then biases. Hidden layers end in ReLU.

All loops run over the outputs of a layer, so that none is a sum that cannot be vectorised; four
terms are added at once, which saves three of four loads and stores of the sums. Multiply-adds may
be fused: a fit has the same bits on each run of one machine, as those of BLAS have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Integers = NDArray[np.int64]

_F = TypeVar("_F", bound=Callable[..., Any])

kernel: Callable[[_F], _F] = njit(
    cache=True, nogil=True, fastmath={"contract", "nsz"}, error_model="numpy"
)

#: Decay of Adam's two moments, and what keeps its divisor from 0 (Kingma and Ba 2015).
BETA_1, BETA_2, EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-8)


@kernel
def _add_product(left: Singles, right: Singles, out: Singles) -> None:
    """Add left (r, a) times right (a, b) to out (r, b)."""
    whole = left.shape[1] - left.shape[1] % 4
    for r in range(left.shape[0]):
        sums, row = out[r], left[r]
        for i in range(0, whole, 4):
            x0, x1, x2, x3 = row[i], row[i + 1], row[i + 2], row[i + 3]
            w0, w1, w2, w3 = right[i], right[i + 1], right[i + 2], right[i + 3]
            for j in range(sums.size):
                sums[j] += (x0 * w0[j] + x1 * w1[j]) + (x2 * w2[j] + x3 * w3[j])
        for i in range(whole, row.size):
            x0, w0 = row[i], right[i]
            for j in range(sums.size):
                sums[j] += x0 * w0[j]


@kernel
def _add_transposed_product(left: Singles, right: Singles, out: Singles) -> None:
    """Add left (r, a), transposed, times right (r, b) to out (a, b)."""
    whole = left.shape[0] - left.shape[0] % 4
    for r in range(0, whole, 4):
        w0, w1, w2, w3 = right[r], right[r + 1], right[r + 2], right[r + 3]
        for i in range(left.shape[1]):
            x0, x1, x2, x3 = left[r, i], left[r + 1, i], left[r + 2, i], left[r + 3, i]
            sums = out[i]
            for j in range(sums.size):
                sums[j] += (x0 * w0[j] + x1 * w1[j]) + (x2 * w2[j] + x3 * w3[j])
    for r in range(whole, left.shape[0]):
        w0 = right[r]
        for i in range(left.shape[1]):
            x0, sums = left[r, i], out[i]
            for j in range(sums.size):
                sums[j] += x0 * w0[j]


@kernel
def _probabilities(margins: Singles, temperature: float, out: Singles) -> float:
    """Write softmax(margins / T), of one row; return the log of the sum behind it."""
    top = margins[0]
    for c in range(1, margins.size):
        top = max(top, margins[c])
    total = 0.0
    for c in range(margins.size):
        power = math.exp((np.float64(margins[c]) - top) / temperature)
        out[c] = power
        total += power
    for c in range(margins.size):
        out[c] /= total
    return float(math.log(total) + top / temperature)


@kernel
def _row_slope(
    margins: Singles,
    label: int,
    soft_target: Singles,
    temperature: float,
    alpha: float,
    out: Singles,
) -> float:
    """Write the gradient of the loss of one row in its K margins; return the loss.

    L = α T² CE(p_T, q_T) + (1 − α) CE(y, q), of which the gradient is
    α T (q_T − p_T) + (1 − α) (q − y).
    """
    loss = 0.0
    for c in range(margins.size):
        out[c] = 0.0
    q = np.empty(margins.size, np.float32)
    if alpha > 0.0:
        log_sum = _probabilities(margins, temperature, q)
        for c in range(margins.size):
            out[c] = alpha * temperature * (q[c] - soft_target[c])
            loss += soft_target[c] * (log_sum - margins[c] / temperature)
        loss *= alpha * temperature * temperature
    if alpha < 1.0:
        log_sum = _probabilities(margins, 1.0, q)
        for c in range(margins.size):
            out[c] += (1.0 - alpha) * (q[c] - (1.0 if c == label else 0.0))
        loss += (1.0 - alpha) * (log_sum - margins[label])
    return loss


@kernel
def batch_gradient(
    sizes: Integers,
    parameters: Singles,
    matrix: Singles,
    labels: Integers,
    soft_targets: Singles,
    rows: Integers,
    softening: tuple[float, float],
    row_weights: Doubles,
    extra_weight: float,
    scale: float,
    gradient: Singles,
) -> float:
    """Write the gradient of some rows' summed loss, times `scale`; return the sum.

    Rows behind the labels have none: they are learnt at alpha = 1, and weigh `extra_weight`.
    No `row_weights`: every row with a label weighs 1.
    """
    temperature, alpha = softening
    n_layers, n_rows = sizes.size - 1, rows.size
    n_classes, n_margins = soft_targets.shape[1], sizes[n_layers]
    widest = sizes.max()
    values = np.empty((n_layers + 1, n_rows * widest), np.float32)
    current = values[0][: n_rows * sizes[0]].reshape((n_rows, sizes[0]))
    for r in range(n_rows):
        current[r] = matrix[rows[r]]
    start = 0
    for layer in range(n_layers):
        a, b = sizes[layer], sizes[layer + 1]
        weights = parameters[start : start + a * b].reshape((a, b))
        biases = parameters[start + a * b : start + a * b + b]
        below = values[layer][: n_rows * a].reshape((n_rows, a))
        above = values[layer + 1][: n_rows * b].reshape((n_rows, b))
        for r in range(n_rows):
            above[r] = biases
        _add_product(below, weights, above)
        if layer < n_layers - 1:
            for r in range(n_rows):
                for j in range(b):
                    above[r, j] = max(above[r, j], np.float32(0.0))
        start += a * b + b

    total = 0.0
    margins = values[n_layers][: n_rows * n_margins].reshape((n_rows, n_margins))
    slopes = np.empty((n_rows, n_margins), np.float32)
    both, slope = np.zeros(n_classes, np.float32), np.empty(n_classes, np.float32)
    for r in range(n_rows):
        row = rows[r]
        labelled = row < labels.size
        label = labels[row] if labelled else 0
        own_alpha = alpha if labelled else 1.0
        weight = extra_weight
        if labelled:
            weight = row_weights[row] if row_weights.size > 0 else 1.0
        both[n_classes - n_margins :] = margins[r]  # of two classes, the first has margin 0
        loss = _row_slope(both, label, soft_targets[row], temperature, own_alpha, slope)
        total += weight * loss
        for c in range(n_margins):
            slopes[r, c] = weight * scale * slope[n_classes - n_margins + c]

    for layer in range(n_layers - 1, -1, -1):
        a, b = sizes[layer], sizes[layer + 1]
        start -= a * b + b
        below = values[layer][: n_rows * a].reshape((n_rows, a))
        own = gradient[start : start + a * b].reshape((a, b))
        own_biases = gradient[start + a * b : start + a * b + b]
        own[:] = np.float32(0.0)
        _add_transposed_product(below, slopes, own)
        own_biases[:] = np.float32(0.0)
        for r in range(n_rows):
            for j in range(b):
                own_biases[j] += slopes[r, j]
        if layer > 0:
            weights = parameters[start : start + a * b].reshape((a, b))
            turned = np.empty((b, a), np.float32)
            for i in range(a):
                for j in range(b):
                    turned[j, i] = weights[i, j]
            lower = np.zeros((n_rows, a), np.float32)
            _add_product(slopes, turned, lower)
            for r in range(n_rows):
                for i in range(a):
                    if below[r, i] <= np.float32(0.0):
                        lower[r, i] = np.float32(0.0)
            slopes = lower
    return total


@kernel
def _adam(
    state: Singles, gradient: Singles, step: int, rate: float, decay: float, keep: float
) -> None:
    """Take a step of Adam, with decay apart from the gradient (Loshchilov and Hutter 2019).

    `state` has the parameters, both moments, and the moving average of the parameters, of which
    each step keeps the share `keep`.
    """
    one = np.float32(1.0)
    size = np.float32(rate / (1.0 - np.float64(BETA_1) ** step))
    scale = np.float32(1.0 / (1.0 - np.float64(BETA_2) ** step))
    shrink, new = np.float32(1.0 - rate * decay), np.float32(1.0 - keep)
    values, first, second, average = state[0], state[1], state[2], state[3]
    for i in range(gradient.size):
        g = gradient[i]
        m = BETA_1 * first[i] + (one - BETA_1) * g
        v = BETA_2 * second[i] + (one - BETA_2) * (g * g)
        first[i], second[i] = m, v
        value = values[i] * shrink - size * m / (math.sqrt(v * scale) + EPSILON)
        values[i] = value
        average[i] += new * (value - average[i])


@kernel
def epoch(
    sizes: Integers,
    state: Singles,
    matrix: Singles,
    labels: Integers,
    soft_targets: Singles,
    order: Integers,
    softening: tuple[float, float],
    row_weights: Doubles,
    extra_weight: float,
    batch: int,
    step: int,
    rate: float,
    decay: float,
    longest: float,
) -> float:
    """Pass over the rows in some order, a step of Adam a batch; return the summed loss."""
    gradient = np.empty(state.shape[1], np.float32)
    n, n_labelled = order.size, labels.size
    mass = float(n_labelled) if row_weights.size == 0 else row_weights.sum()
    mean_weight = (mass + extra_weight * (n - n_labelled)) / n
    total = 0.0
    for first in range(0, n, batch):
        rows = order[first : first + batch]
        total += batch_gradient(
            sizes, state[0], matrix, labels, soft_targets, rows, softening, row_weights,
            extra_weight, 1.0 / (mean_weight * rows.size), gradient,
        )  # fmt: skip
        step += 1
        keep = min(1.0 - 1.0 / longest, step / (step + 9.0))
        _adam(state, gradient, step, rate, decay, keep)
    return total
