"""The naive twin of every kernel: NumPy, written to be read, and the home of the formulas.

Tests and ``benchmarks/refit.py`` compare each kernel with its twin. They take what the
public functions of :mod:`hpmkd.kernels` take, and check nothing.

``n`` rows, ``d`` columns, ``K`` classes, ``T`` the temperature; p a teacher's
distribution, z a student's margins, q = softmax(z), y the one-hot label.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.integer]
    Singles = NDArray[np.float32]


def soften(probabilities: Floats, temperature: float) -> Floats:
    """Return p_T = p^(1/T) / Σ p^(1/T), by way of logarithms; rows of shape (n, K).

    It is the softmax(z / T) of Hinton, Vinyals and Dean (2015), eq. 1, where p = softmax(z).
    """
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant: exp(-inf) = 0
        return soften_logits(np.log(probabilities), temperature)


def soften_logits(logits: Floats, temperature: float) -> Floats:
    """Return softmax(z / T) of rows of shape (n, K) (Hinton, Vinyals and Dean 2015, eq. 1)."""
    shifted = (logits - logits.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def kl_divergence(p: Floats, q: Floats) -> Floats:
    """Return Σ p ln(p / q) of each row in nats (Kullback and Leibler 1951), shape (n,).

    0 · ln 0 = 0; q is read as at least 1e-15, and the result as at least 0.
    """
    result = np.zeros(len(p))
    for i, (left, right) in enumerate(zip(p, np.maximum(q, 1e-15), strict=True)):
        positive = left > 0
        result[i] = np.sum(left[positive] * (np.log(left[positive]) - np.log(right[positive])))
    return np.maximum(result, 0.0)


def log_softmax(logits: Floats) -> Floats:
    """Return ln softmax(z) of rows of shape (n, K), without overflow."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def cross_entropy(target: Floats, log_q: Floats) -> Floats:
    """Return -Σ t ln q of each row, shape (n,); 0 where t = 0, however small q is."""
    return np.asarray(-np.where(target > 0, target * np.where(target > 0, log_q, 0), 0).sum(axis=1))


def distillation_loss(
    margins: Floats,
    labels: Integers,
    soft_targets: Floats,
    temperature: float,
    alpha: float,
    weights: Floats | None = None,
) -> tuple[float, Floats, Floats]:
    """Return the mean of L, its gradient and its diagonal hessian in the margins.

    With q_T = softmax(z / T) and p_T the soft targets as given:

    * L = α T² CE(p_T, q_T) + (1 − α) CE(y, q)
    * ∂L/∂z = α T (q_T − p_T) + (1 − α)(q − y)
    * ∂²L/∂z² = α q_T (1 − q_T) + (1 − α) q (1 − q)

    (Hinton, Vinyals and Dean 2015, section 2; T² keeps the two gradients of one size.)
    A weight w of a row: the mean is Σ w L / Σ w, the derivatives are those of w L.
    One margin per row, shape (n,), is z1 − z0 of two classes: the derivatives in z1.
    """
    if margins.ndim == 1:
        table = np.column_stack([np.zeros(len(margins)), margins])
        p1 = soft_targets if soft_targets.ndim == 1 else soft_targets[:, 1]
        targets = np.column_stack([1 - p1, p1])
        loss, gradient, hessian = distillation_loss(
            table, labels, targets, temperature, alpha, weights
        )
        return loss, gradient[:, 1], hessian[:, 1]
    y = np.eye(margins.shape[1])[labels]
    log_q, log_q_soft = log_softmax(margins), log_softmax(margins / temperature)
    q, q_soft = np.exp(log_q), np.exp(log_q_soft)
    soft = alpha * temperature**2 * cross_entropy(soft_targets, log_q_soft)
    hard = (1 - alpha) * cross_entropy(y, log_q)
    gradient = alpha * temperature * (q_soft - soft_targets) + (1 - alpha) * (q - y)
    hessian = alpha * q_soft * (1 - q_soft) + (1 - alpha) * q * (1 - q)
    w = np.ones(len(margins)) if weights is None else weights
    loss = float(np.average(soft + hard, weights=w))
    return loss, gradient * w[:, np.newaxis], hessian * w[:, np.newaxis]


def tree_margins(
    matrix: Singles,
    roots: Integers,
    features: Integers,
    thresholds: Singles,
    left: Integers,
    right: Integers,
    missing_left: Integers,
    leaf_values: Singles,
    outputs: Integers,
    margins: Singles,
) -> None:
    """Add the leaf of each row in each tree to `margins` in place, in float32."""
    leaves = tree_leaves(matrix, roots, features, thresholds, left, right, missing_left)
    for i, row in enumerate(leaves):
        for leaf, output in zip(row, outputs, strict=True):
            if leaf_values.shape[1] == 1:
                margins[i, output] += leaf_values[leaf, 0]
            else:
                margins[i] += leaf_values[leaf]


def tree_leaves(
    matrix: Singles,
    roots: Integers,
    features: Integers,
    thresholds: Singles,
    left: Integers,
    right: Integers,
    missing_left: Integers,
) -> Integers:
    """Walk each row down each tree; return the `left` of its leaf, shape (n, T)."""
    leaves = np.empty((len(matrix), len(roots)), dtype=np.int32)
    for i, row in enumerate(matrix):
        for t, root in enumerate(roots):
            node = root
            while features[node] >= 0:
                x = row[features[node]]
                goes_left = missing_left[node] if np.isnan(x) else x < thresholds[node]
                node = left[node] if goes_left else right[node]
            leaves[i, t] = left[node]
    return leaves


def linear_margins(matrix: Floats, coefficients: Floats, intercept: Floats) -> Floats:
    """Return b + Σ_j x_j w_j of shape (n, C), the columns added from left to right."""
    result = np.tile(intercept, (len(matrix), 1))
    for j in range(matrix.shape[1]):
        result += matrix[:, j : j + 1] * coefficients[j]
    return result


def leaf_margins(
    leaf_ids: Integers, n_leaves: Integers, outputs: Integers, values: Floats, start: Floats
) -> Floats:
    """Return start + Σ_t v_t[leaf_t(i)], each tree t in its output's margin (Ren et al. 2015)."""
    margins = start.copy()
    tables = np.split(values, np.cumsum(n_leaves))[:-1]
    for ids, output, table in zip(leaf_ids, outputs, tables, strict=True):
        margins[:, output] += table[ids]
    return margins


def leaf_gradient(
    leaf_ids: Integers, n_leaves: Integers, outputs: Integers, slopes: Floats
) -> Floats:
    """Return Σ_i ∂L/∂z_i over the rows i of each leaf, of all trees under each other."""
    sums = [
        np.bincount(ids, weights=slopes[:, output], minlength=count)
        for ids, output, count in zip(leaf_ids, outputs, n_leaves, strict=True)
    ]
    return np.concatenate([np.zeros(0), *sums])


def attention_fuse(probabilities: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Return Σ_m w_im p_m[i] and w = softmax of the scores over the teachers.

    M teachers: probabilities of shape (M, n, K), scores of shape (n, M) (Jacobs, Jordan,
    Nowlan and Hinton 1991, a gated mixture of experts).
    """
    weights = soften_logits(scores, 1.0)
    return np.asarray((weights.T[:, :, np.newaxis] * probabilities).sum(axis=0)), weights


def attention_gradient(likelihoods: Floats, scores: Floats) -> tuple[float, Floats]:
    """Return the mean of −ln q and its gradient in the scores, row by row.

    With e_im = p_m[i, y_i], the true class of row i in teacher m, w = softmax of the scores and
    q_i = Σ_m w_im e_im: ∂(−ln q_i)/∂s_im = w_im − w_im e_im / q_i.
    """
    weights = soften_logits(scores, 1.0)
    q = (weights * likelihoods).sum(axis=1, keepdims=True)
    return float(-np.log(q).mean()), np.asarray(weights - weights * likelihoods / q)


def em_step(likelihoods: Floats, weights: Floats) -> tuple[Floats, float]:
    """Return w_m ← mean_i w_m e_im / Σ_j w_j e_ij, and the mean log likelihood of the old w.

    Expectation maximisation of a mixture whose components are fixed (Dempster, Laird and
    Rubin 1977).
    """
    mixture = likelihoods @ weights
    updated = weights * (likelihoods / mixture[:, np.newaxis]).mean(axis=0)
    return updated / updated.sum(), float(np.log(mixture).mean())


def network_layers(sizes: list[int], parameters: Floats) -> tuple[list[Floats], list[Floats]]:
    """Return the weights and biases of each layer, which lie behind each other."""
    weights, biases, at = [], [], 0
    for a, b in pairwise(sizes):
        weights.append(parameters[at : at + a * b].reshape(a, b))
        biases.append(parameters[at + a * b : at + (a + 1) * b])
        at += (a + 1) * b
    return weights, biases


def network_inputs(matrix: Floats) -> Floats:
    """Return u / sqrt(1 + (u / 3)²) of each cell (Holzmüller et al. 2024, Better by default)."""
    return matrix / np.sqrt(1 + (matrix / 3) ** 2)


def network_margins(matrix: Floats, weights: list[Floats], biases: list[Floats]) -> Floats:
    """Return relu(… relu(S W1 + b1) …) Wl + bl, of shape (n, C), S the squashed rows."""
    values = matrix
    for at, (layer, bias) in enumerate(zip(weights, biases, strict=True)):
        values = (np.maximum(values, 0) if at else values) @ layer + bias
    return values


def network_loss(
    sizes: list[int],
    parameters: Floats,
    matrix: Floats,
    labels: Integers,
    soft_targets: Floats,
    temperature: float,
    alpha: float,
    extra_weight: float,
) -> float:
    """Return Σ w (α T² CE(p_T, q_T) + (1 − α) CE(y, q)); rows behind the labels have α = 1."""
    z = network_margins(matrix, *network_layers(sizes, parameters))
    z = np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z
    n = len(labels)
    alphas, weights = np.ones(len(z)), np.full(len(z), extra_weight)
    alphas[:n], weights[:n] = alpha, 1.0
    soft = -(soft_targets * np.log(soften_logits(z, temperature))).sum(axis=1)
    hard = np.zeros(len(z))
    hard[:n] = -np.log(soften_logits(z[:n], 1.0)[np.arange(n), labels])
    return float((weights * (alphas * temperature**2 * soft + (1 - alphas) * hard)).sum())


def network_gradient(
    sizes: list[int],
    parameters: Floats,
    matrix: Floats,
    labels: Integers,
    soft_targets: Floats,
    temperature: float,
    alpha: float,
    extra_weight: float,
) -> Floats:
    """Return the gradient of :func:`network_loss`, by back-propagation."""
    weights, biases = network_layers(sizes, parameters)
    values = [matrix]
    for at, (layer, bias) in enumerate(zip(weights, biases, strict=True)):
        sums = values[-1] @ layer + bias
        values.append(np.maximum(sums, 0) if at < len(weights) - 1 else sums)
    z = values[-1]
    z = np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z
    n = len(labels)
    one_hot = np.eye(z.shape[1])[labels]
    soft = temperature * (soften_logits(z, temperature) - soft_targets)
    soft[:n] = alpha * soft[:n] + (1 - alpha) * (soften_logits(z[:n], 1.0) - one_hot)
    soft[n:] *= extra_weight
    slopes, parts = soft[:, -values[-1].shape[1] :], []
    for at in range(len(weights) - 1, -1, -1):
        parts += [slopes.sum(axis=0), (values[at].T @ slopes).ravel()]
        slopes = (slopes @ weights[at].T) * (values[at] > 0)
    return np.concatenate(parts[::-1])


def network_epoch(
    sizes: list[int],
    state: Floats,
    matrix: Floats,
    labels: Integers,
    soft_targets: Floats,
    order: Integers,
    temperature: float,
    alpha: float,
    extra_weight: float,
    *,
    batch: int,
    step: int,
    rate: float,
    decay: float,
    horizon: float,
) -> float:
    """Take a step of Adam a batch, in place, and average the parameters; return the mean loss.

    m = .9 m + .1 g, v = .999 v + .001 g², θ = (1 − rate decay) θ − rate m̂ / (√v̂ + 1e-8), with
    m̂ = m / (1 − .9^t), v̂ = v / (1 − .999^t) (Kingma and Ba 2015, algorithm 1; Loshchilov and
    Hutter 2019, algorithm 2).
    """
    n, mass = len(labels), len(labels) + extra_weight * (len(matrix) - len(labels))
    total = 0.0
    for first in range(0, len(order), batch):
        rows = order[first : first + batch]
        rows = np.concatenate([rows[rows < n], rows[rows >= n]])  # those with a label first
        chosen = (matrix[rows], labels[rows[rows < n]], soft_targets[rows])
        chosen = (*chosen, temperature, alpha, extra_weight)
        total += network_loss(sizes, state[0], *chosen)
        gradient = network_gradient(sizes, state[0], *chosen)
        gradient /= mass / len(matrix) * len(rows)
        step += 1
        state[1] += 0.1 * (gradient - state[1])
        state[2] += 0.001 * (gradient**2 - state[2])
        m, v = state[1] / (1 - 0.9**step), state[2] / (1 - 0.999**step)
        state[0] = (1 - rate * decay) * state[0] - rate * m / (np.sqrt(v) + 1e-8)
        state[3] += (1 - min(1 - 1 / horizon, step / (step + 9))) * (state[0] - state[3])
    return total / mass
