"""Weighted means over rows, and how uncertain they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpmkd.values._offers import FloatArray


def weighted_mean(values: FloatArray, weights: FloatArray | None = None) -> float:
    """Return ``sum(w * v) / sum(w)``.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Of the rows, n >= 1; numbers or truth values.
    weights : ndarray of shape (n,), optional
        Of the rows, > 0; without them all weigh the same.
    """
    import numpy as np  # not before it is needed: the command line reads values without it

    return float(np.average(values, weights=weights))


def standard_error(values: FloatArray, weights: FloatArray | None = None) -> float:
    """Return the standard error of :func:`weighted_mean`; infinite for a single row.

    A weight belongs to its row, as the value does, and does not duplicate the row: it is
    ``sqrt(n / (n - 1) * sum(w**2 * (v - mean)**2)) / sum(w)``, that of a ratio of two means
    (Cochran 1977, Sampling techniques, section 6.5). Multiplying all weights by a number changes
    nothing.

    Parameters
    ----------
    values, weights
        As for :func:`weighted_mean`.
    """
    n = len(values)
    if n < 2:
        return float("inf")
    if weights is None:
        return float(values.std(ddof=1) / n**0.5)
    spread = weights * (values - weighted_mean(values, weights))
    return float((n / (n - 1) * (spread @ spread)) ** 0.5 / weights.sum())
