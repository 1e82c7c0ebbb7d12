"""How the probabilities of the members of a pool are fused."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hpmkd.kernels._packed_numpy.attending import N_FEATURES, attention_of_rows
from hpmkd.kernels._packed_numpy.scalars import LARGEST, SMALLEST, TINY, vexp, vlog
from hpmkd.kernels._packed_numpy.sums import Floats, add_in_order, parts


def fuse(members: Iterable[Floats], numbers: Floats, n_members: int, n_classes: int) -> Floats:
    """Fuse the probabilities (n, K) of members; `numbers` are as for :func:`fuse_rows`."""
    settings, offsets, (rest, inverse), attention = read(numbers, n_members, n_classes)
    linear, attended = (settings[:, 1] > 0.0).any(), attention.size > 0
    mean, logits = np.zeros_like(offsets), offsets
    for m, (predicted, (own, weight, exponent)) in enumerate(zip(members, settings, strict=True)):
        p = np.maximum(predicted.T, SMALLEST)
        if own != 1.0:
            p = vlog(p) * own
            p = vexp(p - p.max(axis=0))
        p = _normalised(p, 1.0)
        if attended:
            mean = mean + weight * attention_of_rows(p, attention, m) * p
        elif linear:
            mean = mean + weight * p
        if rest > 0.0:
            logits = logits + exponent * vlog(np.maximum(p, SMALLEST))
    if attended:  # until here, weights of a row have any sum
        mean = _normalised(mean, 1.0 - rest)
    return _mixed(mean, logits, rest, inverse).T


def n_numbers(n_members: int, n_classes: int, attended: bool) -> int:
    """Return how many numbers a pool has."""
    return 3 * n_members + n_classes + 2 + attended * (2 + n_members) * N_FEATURES


def read(numbers: Floats, n_members: int, n_classes: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return settings of the members (M, 3), offsets (K, 1), the two last ones, and attention."""
    settings, offsets, ends, attention = np.split(numbers, np.cumsum([3 * n_members, n_classes, 2]))
    return settings.reshape(n_members, 3), offsets[:, np.newaxis], ends, attention


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

    `numbers` are 1 / temperature, weight and exponent of each member, the K offsets, the share of
    the log-linear pool and 1 / the final temperature; with attention, then, its own.
    """
    n_members, n, n_classes = predicted.shape
    attended = numbers.size > n_numbers(n_members, n_classes, False)
    if out.shape != (n, n_classes) or numbers.size != n_numbers(n_members, n_classes, attended):
        return -1
    with np.errstate(all="ignore"):
        for rows in parts(n, n_classes):
            out[rows] = fuse(predicted[:, rows], numbers, n_members, n_classes)
    return 0
