"""From margins to probabilities."""

from __future__ import annotations

import numpy as np

from hpmkd.kernels._packed_numpy.scalars import LARGEST, vexp
from hpmkd.kernels._packed_numpy.sums import Floats, add_in_order

SIGMOID, SOFTMAX = 0, 1


def probabilities(margins: Floats, link: int) -> Floats:
    """Turn margins (n, C) into probabilities (n, K), new."""
    if link == SIGMOID:
        return _sigmoid(margins[:, 0])
    values = margins.T
    if link == SOFTMAX:
        bounded = np.minimum(np.maximum(values, -LARGEST), LARGEST)
        values = vexp(bounded - bounded.max(axis=0))
    total = add_in_order(np.zeros(len(margins)), values)
    return np.asarray((values / total).T)


def _sigmoid(z: Floats) -> Floats:
    """Return the probabilities (n, 2) of the first and the second of two classes."""
    z = np.minimum(np.maximum(z, -LARGEST), LARGEST)
    small = vexp(-np.abs(z))
    likely, unlikely = 1.0 / (1.0 + small), small / (1.0 + small)
    second = z >= 0.0
    return np.stack([np.where(second, unlikely, likely), np.where(second, likely, unlikely)], 1)


def link_rows(margins: Floats, link: int, out: Floats) -> int:
    """Write probabilities (n, K) of margins (n, C); -1 if a size is wrong."""
    width = 2 if link == SIGMOID else margins.shape[1]
    if out.shape != (len(margins), width) or (link == SIGMOID and margins.shape[1] != 1):
        return -1
    with np.errstate(all="ignore"):
        out[:] = probabilities(margins, link)
    return 0
