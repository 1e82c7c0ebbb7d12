"""From margins to probabilities and classes, of a row and of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.scalars import BLOCK, CLEAR, LARGEST, vexp

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Index


@kernel
def _sigmoid(z: float) -> tuple[float, float]:
    """Return the probability of the second of two classes, and of the first."""
    z = -LARGEST if z < -LARGEST else z
    z = LARGEST if z > LARGEST else z
    small = vexp(-abs(z))
    likely = 1.0 / (1.0 + small)
    unlikely = small / (1.0 + small)
    return (likely if z >= 0.0 else unlikely), (unlikely if z >= 0.0 else likely)


@kernel
def link_row(margins: Floats, link: Index, out: Floats) -> None:
    """Turn the margins of one row into probabilities; `out` may be `margins`."""
    if link == 0:
        out[1], out[0] = _sigmoid(margins[0])
        return
    total = 0.0
    if link == 1:
        top = -LARGEST
        for c in range(margins.size):
            top = max(top, min(margins[c], LARGEST))
        for c in range(margins.size):
            out[c] = vexp(min(max(margins[c], -LARGEST), LARGEST) - top)
            total += out[c]
    else:
        for c in range(margins.size):
            out[c] = margins[c]
            total += out[c]
    for c in range(margins.size):
        out[c] /= total


@kernel
def link_rows(margins: Floats, link: Index, out: Floats) -> int:
    """Turn margins (n, C) into probabilities (n, K)."""
    width = 2 if link == 0 else margins.shape[1]
    if out.shape != (margins.shape[0], width) or (link == 0 and margins.shape[1] != 1):
        return -1
    for i in range(margins.shape[0]):
        link_row(margins[i], link, out[i])
    return 0


@kernel
def choose(margins: Floats, link: Index) -> int:
    """Return the most probable class, the first of equally probable ones."""
    if link == 0 and abs(margins[0]) > CLEAR:
        return 1 if margins[0] > 0.0 else 0
    best, top, second = 0, -np.inf, -np.inf
    for c in range(margins.size):
        z = margins[c]
        if z > top:
            best, top, second = c, z, top
        elif z > second:
            second = z
    if link == 1 and top < LARGEST and top - second > CLEAR:
        return best
    # As close as rounding: the probabilities decide.
    out = np.empty(max(2, margins.size))
    link_row(margins, link, out)
    best = 0
    for c in range(1, out.size):
        best = c if out[c] > out[best] else best
    return best


@kernel
def link_block(sums: Floats, n_margins: Index, link: Index, out: Floats) -> None:
    """Turn the margins of a block into probabilities, as :func:`link_row` does, class by class."""
    if link == 0:
        for r in range(BLOCK):
            out[BLOCK + r], out[r] = _sigmoid(sums[r])
        return
    top, total = np.empty(BLOCK), np.zeros(BLOCK)
    if link == 1:
        top[:] = -LARGEST
        for c in range(n_margins):
            own = sums[c * BLOCK : (c + 1) * BLOCK]
            for r in range(BLOCK):
                z = own[r] if own[r] < LARGEST else LARGEST
                top[r] = z if z > top[r] else top[r]
    for c in range(n_margins):
        own, target = sums[c * BLOCK : (c + 1) * BLOCK], out[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            if link == 1:
                z = own[r] if own[r] > -LARGEST else -LARGEST
                z = z if z < LARGEST else LARGEST
                target[r] = vexp(z - top[r])
            else:
                target[r] = own[r]
        for r in range(BLOCK):
            total[r] += target[r]
    for c in range(n_margins):
        target = out[c * BLOCK : (c + 1) * BLOCK]
        for r in range(BLOCK):
            target[r] /= total[r]


@kernel
def write_block(block: Floats, out: Floats) -> None:
    """Write the answers of a block row by row."""
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = block[c * BLOCK + r]
