"""The log-linear pool: teachers multiplied instead of added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from hpmkd.kernels import distillation_loss, soften_logits
from hpmkd_defaults.fusers.pooling import SMALLEST

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Pull of the exponents towards 1/M and of the offsets towards 0, per row …
RIDGE = 1e-3
#: … and as much evidence as a standard normal prior: it matters for tens of rows only.
PRIOR = 0.5
MAX_ITERATIONS = 200


@dataclass(frozen=True)
class LogLinearPool:
    """q proportional to ``exp(sum_m a_m log p_m + c)``: a weighted geometric mean.

    A class that any teacher rules out stays out, which no linear pool can express; the
    offsets undo a bias towards classes that the teachers share. The exponents are not
    shares: teachers that agree by chance, not by copying, sum to more than 1.

    Parameters
    ----------
    exponents : tuple of M floats
        a, >= 0.
    offsets : tuple of K floats
        c.
    shares : tuple of M floats
        What part of the mean within-row spread of the pooled logits each teacher
        contributes: its exponent alone means little, as a teacher that is always unsure
        contributes nothing at any exponent. They sum to 1.
    """

    exponents: tuple[float, ...]
    offsets: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def fit(
        cls, probabilities: FloatArray, labels: IntArray, weights: FloatArray | None = None
    ) -> LogLinearPool:
        """Fit on calibrated out-of-fold probabilities of shape (M, n, K), by L-BFGS-B.

        The n rows may have `weights`.
        """
        n_teachers, n, n_classes = probabilities.shape
        logs = logarithms(probabilities).reshape(n_teachers, -1)
        ridge = RIDGE + PRIOR / (n if weights is None else float(weights.sum()))
        # Where the search starts and where the ridge pulls to: the plain geometric mean.
        rest = np.concatenate([np.full(n_teachers, 1.0 / n_teachers), np.zeros(n_classes)])

        def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
            loss, gradient = negative_log_likelihood(parameters, logs, labels, weights)
            away = parameters - rest
            return loss + ridge * float(away @ away), gradient + 2.0 * ridge * away

        found = minimize(
            objective,
            rest,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * n_teachers + [(None, None)] * n_classes,
            options={"maxiter": MAX_ITERATIONS, "ftol": 1e-10, "gtol": 1e-6},
        ).x
        exponents = found[:n_teachers]
        spreads = logs.reshape(probabilities.shape).std(axis=2)
        spread = exponents * np.average(spreads, axis=1, weights=weights)
        total = spread.sum()
        shares = spread / total if total > 0 else rest[:n_teachers]
        return cls(
            tuple(exponents.tolist()), tuple(found[n_teachers:].tolist()), tuple(shares.tolist())
        )

    def fuse(self, probabilities: FloatArray) -> FloatArray:
        """Fuse calibrated probabilities of shape (M, b, K) to (b, K)."""
        logits = np.einsum("m,mik->ik", np.array(self.exponents), logarithms(probabilities))
        logits += self.offsets
        return soften_logits(logits, 1.0)


def logarithms(probabilities: FloatArray) -> FloatArray:
    """Return log p, finite also where p = 0."""
    logs = np.maximum(probabilities, SMALLEST)
    return np.log(logs, out=logs)


def negative_log_likelihood(
    parameters: FloatArray,
    logs: FloatArray,
    labels: IntArray,
    weights: FloatArray | None = None,
) -> tuple[float, FloatArray]:
    """Return the mean NLL of the log-linear pool and its gradient.

    Parameters
    ----------
    parameters : ndarray of shape (M + K,)
        Exponents, then offsets.
    logs : ndarray of shape (M, n * K)
        log p of the calibrated teachers.
    labels : ndarray of shape (n,)
        Class codes.
    weights : ndarray of shape (n,), optional
        Of the rows, by which the mean is taken.
    """
    n_teachers, n = len(logs), len(labels)
    mass = n if weights is None else weights.sum()
    offsets = parameters[n_teachers:]
    logits = (parameters[:n_teachers] @ logs).reshape(n, -1) + offsets
    # At alpha = 0 it is the plain cross entropy; the soft targets are not read.
    loss, gradient, _ = distillation_loss(logits, labels, logits, 1.0, 0.0, weights=weights)
    return loss, np.concatenate([logs @ gradient.ravel(), gradient.sum(axis=0)]) / mass
