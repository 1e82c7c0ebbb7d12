"""One temperature that makes probabilities as frequent as they claim."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar

from hpmkd_defaults.fusers.pooling import SMALLEST

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Temperatures outside would make a teacher a vote or a prior.
LOWEST, HIGHEST = 0.05, 20.0
#: Precision of the search, in log T.
PRECISION = 1e-3


def calibrating_temperature(
    probabilities: FloatArray, labels: IntArray, weights: FloatArray | None = None
) -> float:
    """Return the T of ``softmax(log p / T)`` that fits the labels best.

    Temperature scaling (Guo et al. 2017), by a bounded search in log T. The log likelihood
    of all rows is joined by a standard normal prior on log T: worth nothing against
    hundreds of rows, it keeps ten rows that happen to be all right from asking for
    certainty.

    Parameters
    ----------
    probabilities : ndarray of shape (n, K)
        Of rows that the teacher did not see.
    labels : ndarray of shape (n,)
        Class codes.
    weights : ndarray of shape (n,), optional
        Of the rows: one of weight 2 counts as two.

    Returns
    -------
    float
        In [.05, 20].
    """
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST))
    # Relative to the true class: the loss of a row is then log sum exp of its row.
    logits -= logits[np.arange(len(labels)), labels][:, np.newaxis]
    # Shifted once, at T = 1; the shift is divided by T like the rest.
    top = logits.max(axis=1)
    logits -= top[:, np.newaxis]
    shift = top.sum() if weights is None else weights @ top
    scratch = np.empty_like(logits)

    def objective(log_temperature: float) -> float:
        inverse = math.exp(-log_temperature)
        np.multiply(logits, inverse, out=scratch)
        np.exp(scratch, out=scratch)
        logs = np.log(scratch.sum(axis=1))
        loss = logs.sum() if weights is None else weights @ logs
        return float(loss + inverse * shift) + 0.5 * log_temperature**2

    found = minimize_scalar(
        objective,
        bounds=(math.log(LOWEST), math.log(HIGHEST)),
        method="bounded",
        options={"xatol": PRECISION},
    )
    return math.exp(found.x)
