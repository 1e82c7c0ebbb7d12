"""How the probabilities of the members of a pool are fused."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hpmkd.kernels._packed_numpy.scalars import LARGEST, SMALLEST, TINY, vexp, vlog
from hpmkd.kernels._packed_numpy.sums import Floats, add_in_order, parts


def fuse(members: Iterable[Floats], numbers: Floats, n_members: int) -> Floats:
    """Fuse the probabilities (n, K) of members; `numbers` are as for :func:`fuse_rows`."""
    offsets = numbers[3 * n_members : -2, np.newaxis]
    rest, inverse = numbers[-2:]
    settings = numbers[: 3 * n_members].reshape(n_members, 3)
    linear = (settings[:, 1] > 0.0).any()
    mean, logits = np.zeros_like(offsets), offsets
    for predicted, (own, weight, exponent) in zip(members, settings, strict=True):
        p = np.maximum(predicted.T, SMALLEST)
        if own != 1.0:
            p = vlog(p) * own
            p = vexp(p - p.max(axis=0))
        p = _normalised(p, 1.0)
        if linear:
            mean = mean + weight * p
        if rest > 0.0:
            logits = logits + exponent * vlog(np.maximum(p, SMALLEST))
    return _mixed(mean, logits, rest, inverse).T


def _mixed(mean: Floats, logits: Floats, rest: float, inverse: float) -> Floats:
    """Mix the linear and the log-linear pool (K, n), and sharpen or soften the mix."""
    if rest > 0.0:
        mean = mean + _normalised(vexp(logits - logits.max(axis=0)), rest)
    if inverse != 1.0:
        power = np.where(mean > TINY, vlog(np.maximum(mean, TINY)) * inverse, -LARGEST)
        mean = vexp(power - power.max(axis=0))
    return _normalised(mean, 1.0)


def _normalised(values: Floats, factor: float) -> Floats:
    """Return values (K, n) of which each column sums to a factor."""
    total = add_in_order(np.zeros(values.shape[1]), values)
    return np.asarray(values * (factor / total))


def fuse_rows(predicted: Floats, numbers: Floats, out: Floats) -> int:
    """Fuse probabilities (M, n, K) into (n, K); -1 if a size is wrong.

    `numbers` are three of each member, 1 / temperature, weight and exponent, the K offsets, the
    share of the log-linear pool and 1 / the final temperature.
    """
    n_members, n, n_classes = predicted.shape
    if out.shape != (n, n_classes) or numbers.size != 3 * n_members + n_classes + 2:
        return -1
    with np.errstate(all="ignore"):
        for rows in parts(n, n_classes):
            out[rows] = fuse(predicted[:, rows], numbers, n_members)
    return 0
