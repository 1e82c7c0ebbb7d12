"""Links: from margins to probabilities, the same bits for one row as for many."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

#: ``softmax``: one margin per class. ``sigmoid``: one margin, of the second of two classes.
#: ``identity``: the margins are the probabilities already.
Link = Literal["softmax", "sigmoid", "identity"]

# Far beyond any margin, so that an overflowed one does not become inf - inf.
_LARGEST = 1e300


def check_link(link: str, n_margins: int) -> None:
    """Refuse a link that does not exist or does not go with the number of margins.

    Raises
    ------
    ValueError
        It does not.
    """
    if link not in get_args(Link):
        raise ValueError(f"got the link {link!r}, expected one of {', '.join(get_args(Link))}")
    fits = {"sigmoid": n_margins == 1, "softmax": n_margins >= 2, "identity": n_margins >= 1}
    if not fits[link]:
        raise ValueError(f"the link {link!r} does not go with {n_margins} margins per row")


def probabilities_of(margins: NDArray[Any], link: str) -> NDArray[np.float64]:
    """Turn margins into probabilities.

    Parameters
    ----------
    margins : ndarray of shape (n, C)
        Not NaN.
    link : str
        C = 1 for ``sigmoid``, C = K otherwise.

    Returns
    -------
    ndarray of shape (n, K)
        float64; rows sum to 1.
    """
    values = np.array(margins, dtype=np.float64, order="C")
    if link == "identity":
        return values / _row_sums(values)
    np.clip(values, -_LARGEST, _LARGEST, out=values)
    if link == "softmax":
        odds = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(odds / _row_sums(odds))
    small = np.exp(-np.abs(values))  # never overflows
    positive = values >= 0
    odds = np.hstack([np.where(positive, small, 1.0), np.where(positive, 1.0, small)])
    return odds / (1.0 + small)


def _row_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum each row, always in the same order: ``sum(axis=1)`` may choose by the shape."""
    sums = values[:, :1].copy()
    for k in range(1, values.shape[1]):
        sums += values[:, k : k + 1]
    return sums
