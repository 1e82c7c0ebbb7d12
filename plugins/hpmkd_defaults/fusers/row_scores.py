"""Scores: the weight of each teacher on a row, by its features there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from hpmkd.kernels import attention_gradient, kl_divergence
from hpmkd_defaults.fusers.batched import mixed
from hpmkd_defaults.fusers.pooling import expectation_maximisation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import FloatArray

FEATURES = (
    "max probability",
    "entropy",
    "margin",
    "log divergence from the mean",
    "agrees with the mean",
    "log local loss",
)
#: Pull of all coefficients and offsets towards 0, that is to the static weights.
RIDGE = 3e-3
MAX_ITERATIONS = 200
#: A static weight is started from at least this: attention may still find where the
#: teacher is right.
LEAST_WEIGHT = 1e-3
#: Standard deviations beyond which a feature means no more.
FARTHEST = 5.0


def features(
    probabilities: FloatArray, weights: Sequence[float], local_losses: FloatArray
) -> FloatArray:
    """Return what attention looks at, of shape (M, b, 6); see :data:`FEATURES`.

    Parameters
    ----------
    probabilities : ndarray of shape (M, b, K)
        Of the calibrated teachers.
    weights : sequence of M floats
        Of the mean that the teachers are compared with.
    local_losses : ndarray of shape (b, M)
        Each teacher's mean loss among the nearest training rows.
    """
    mean = mixed(probabilities, weights)
    agreed = mean.argmax(axis=1)
    found = np.empty((*probabilities.shape[:2], len(FEATURES)))
    for predicted, losses, out in zip(probabilities, local_losses.T, found, strict=True):
        second, first = np.partition(predicted, -2, axis=1)[:, -2:].T
        out[:, 0] = first
        # Calibrated probabilities may still be 0: 0 log 0 is 0.
        out[:, 1] = -(predicted * np.log(np.maximum(predicted, 1e-300))).sum(axis=1)
        out[:, 2] = first - second
        out[:, 3] = np.log(kl_divergence(predicted, mean) + 1e-6)
        out[:, 4] = predicted.argmax(axis=1) == agreed
        out[:, 5] = np.log(losses + 1e-2)
    return found


@dataclass(frozen=True, eq=False)
class Scorer:
    """A score per row and teacher, ``s_im = b_m + (u + v_m) . phi_im``.

    Parameters
    ----------
    center, scale : ndarray of shape (F,)
        Of each feature, over rows and teachers.
    offsets : ndarray of shape (M,)
        b, the logarithm of the static weight included.
    coefficients : ndarray of shape (M, F)
        u + v_m: what the teachers share, and what is each one's own.
    """

    center: FloatArray
    scale: FloatArray
    offsets: FloatArray
    coefficients: FloatArray

    @classmethod
    def fit(
        cls, found: FloatArray, likelihoods: FloatArray, weights: FloatArray | None = None
    ) -> Scorer:
        """Fit by L-BFGS on the NLL of the attended linear pool, with a ridge.

        At the start, where all coefficients are 0, it is the static linear pool.

        Parameters
        ----------
        found : ndarray of shape (M, n, F)
            The features.
        likelihoods : ndarray of shape (n, M)
            What each teacher gives the true class of each row, > 0.
        weights : ndarray of shape (n,), optional
            Of the rows. Features are scaled as if all weighed the same.
        """
        n_teachers, n, width = found.shape
        mass = n if weights is None else weights.sum()
        center, scale = found.mean(axis=(0, 1)), found.std(axis=(0, 1))
        scale = np.where(scale > 1e-9, scale, 1.0)
        standard = standardised(found, center, scale)
        best = expectation_maximisation(likelihoods, weights=weights)
        static = np.maximum(best, LEAST_WEIGHT)
        base = np.log(static)

        def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
            shared, own, offsets = unpacked(parameters, n_teachers, width)
            scores = scored(standard, base + offsets, shared + own)
            loss, rows = attention_gradient(likelihoods, scores, weights)
            slopes = np.stack(
                [rows[:, m] @ each for m, each in enumerate(standard)]
            )  # of shape (M, F)
            gradient = np.concatenate([slopes.sum(axis=0), slopes.ravel(), rows.sum(axis=0)])
            gradient /= mass
            loss += RIDGE * float(parameters @ parameters)
            return loss, gradient + 2.0 * RIDGE * parameters

        start = np.zeros(width + n_teachers * width + n_teachers)
        options = {"maxiter": MAX_ITERATIONS, "ftol": 1e-10, "gtol": 1e-6}
        parameters = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
        shared, own, offsets = unpacked(parameters, n_teachers, width)
        return cls(center, scale, base + offsets, shared + own)

    def scores(self, found: FloatArray) -> FloatArray:
        """Return the scores (b, M) of features (M, b, F)."""
        return scored(standardised(found, self.center, self.scale), self.offsets, self.coefficients)


def standardised(found: FloatArray, center: FloatArray, scale: FloatArray) -> FloatArray:
    """Return features in standard deviations, at most 5: new rows may be far out."""
    return np.clip((found - center) / scale, -FARTHEST, FARTHEST)


def scored(standard: FloatArray, offsets: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return scores (b, M) of standardised features (M, b, F)."""
    return np.column_stack(
        [
            each @ own + offset
            for each, own, offset in zip(standard, coefficients, offsets, strict=True)
        ]
    )


def unpacked(
    parameters: FloatArray, n_teachers: int, width: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return shared coefficients (f,), own ones (M, f) and offsets (M,)."""
    end = width + n_teachers * width
    return parameters[:width], parameters[width:end].reshape(n_teachers, width), parameters[end:]
