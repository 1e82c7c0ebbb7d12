"""Static weights of a mean of teachers: those that explain the labels best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels import em_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpmkd.values import FloatArray, IntArray

#: Least probability that counts as evidence: one confident mistake costs 35 nats, not
#: infinitely many.
SMALLEST = 1e-15
MAX_STEPS = 500
#: Gain in mean log likelihood, in nats, below which the weights count as settled.
TOLERANCE = 1e-8


def normalised(probabilities: FloatArray) -> FloatArray:
    """Return rows that sum to 1 in float64; a row of zeros becomes uniform.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        Non-negative.
    """
    clipped = np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST)
    shares: FloatArray = clipped / clipped.sum(axis=1, keepdims=True)
    return shares


def repeated(weights: Sequence[float], n: int) -> FloatArray:
    """Return static weights as an array of shape (n, M), without spending the memory."""
    return np.broadcast_to(np.asarray(weights, dtype=np.float64), (n, len(weights)))


def evidence(probabilities: FloatArray, labels: IntArray) -> FloatArray:
    """Return the probability of the true class of each row, of shape (n,), never 0.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        Of one teacher.
    labels : ndarray of shape (n,)
        Class codes.
    """
    likelihoods: FloatArray = np.asarray(probabilities)[np.arange(len(labels)), labels]
    return np.maximum(likelihoods.astype(np.float64), SMALLEST)


def expectation_maximisation(
    likelihoods: FloatArray, max_steps: int = MAX_STEPS, weights: FloatArray | None = None
) -> FloatArray:
    """Return the weights of the linear pool that make the labels most likely.

    ``w_m <- mean_i w_m e_im / sum_j w_j e_ij``, from uniform weights: expectation
    maximisation of a mixture whose components are fixed (Dempster, Laird and Rubin 1977).
    The log likelihood is concave in the weights and grows with every step.

    Parameters
    ----------
    likelihoods : ndarray of shape (n, M)
        Evidence e_im > 0: what teacher m gave the true class of row i.
    max_steps : int
        Steps after which to stop even if the weights still move.
    weights : ndarray of shape (n,), optional
        Of the rows, by which their mean is taken.

    Returns
    -------
    ndarray of shape (M,)
        In [0, 1]; they sum to 1.
    """
    return em_weights(likelihoods, max_steps, TOLERANCE, weights)
