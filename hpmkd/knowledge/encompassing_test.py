"""Which way the labels lean where two models of the same rows disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

if TYPE_CHECKING:
    from hpmkd.values import FloatArray, IntArray

#: Smaller probabilities are read as this one, lest single rows decide.
LEAST = 1e-6
POWERS = (0.05, 10.0)
#: A row of which the first model leaves less variance carries no evidence.
LEAST_VARIANCE = 1e-9


def lean(given: FloatArray, reference: FloatArray, labels: IntArray) -> float:
    """Measure whether the labels lean to the reference's side of what is given, or away from it.

    Parameters
    ----------
    given, reference : ndarray of shape (n, K)
        Probabilities of two models of the same rows.
    labels : ndarray of shape (n,)
        Class codes.

    Returns
    -------
    float
        In standard errors; 0 if what is given leaves no doubt.

    Notes
    -----
    The score test of b = 0 in the logarithmic pool ``softmax(a log given + b log reference)``
    (Rao 1948), a test for forecast encompassing (Harvey, Leybourne and Newbold 1998). It is
    about standard normal if `given`, raised to the power a that fits the labels best, is the
    truth. It is above 0 if the reference knows something that `given` does not. It is below
    0 if `given` has moved away from the reference towards each row's own label: read in
    sample, it moves less than the label shows, and the more the reference is contradicted,
    the more it falls short.
    """
    of_given, of_reference = (np.log(np.maximum(each, LEAST)) for each in (given, reference))
    rows = np.arange(len(labels))

    def loss(power: float) -> float:
        return -float(log_softmax(power * of_given, axis=1)[rows, labels].sum())

    power = minimize_scalar(loss, bounds=POWERS, method="bounded").x
    expected = np.exp(log_softmax(power * of_given, axis=1))
    # What the reference adds to what is given: the power was fitted to the same labels.
    own = _covariance(expected, of_given, of_given)
    shared = _covariance(expected, of_given, of_reference) / own if own > 0 else 0.0
    beside = of_reference - shared * of_given
    variance = _covariance(expected, beside, beside)
    if variance < LEAST_VARIANCE * len(labels):
        return 0.0
    surplus = beside[rows, labels] - (expected * beside).sum(axis=1)
    return float(surplus.sum() / np.sqrt(variance))


def _covariance(expected: FloatArray, first: FloatArray, second: FloatArray) -> float:
    """Return the covariance over classes of two functions of them, summed over rows."""
    both = (expected * first * second).sum(axis=1)
    means = (expected * first).sum(axis=1) * (expected * second).sum(axis=1)
    return float((both - means).sum())
