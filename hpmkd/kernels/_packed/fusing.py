"""How the probabilities of the members of a pool are fused, of a row as of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpmkd.kernels._packed.attending import N_FEATURES, attention_of_row
from hpmkd.kernels._packed.compiling import kernel
from hpmkd.kernels._packed.links import write_block
from hpmkd.kernels._packed.scalars import BLOCK, LARGEST, SMALLEST, TINY, vexp, vlog

if TYPE_CHECKING:
    from hpmkd.kernels._packed.arrays import Floats, Fused, Index, Mix


@kernel
def n_numbers(n_members: Index, n_classes: Index, attended: bool) -> Index:
    """Return how many numbers a pool has."""
    count = 3 * n_members + n_classes + 2
    return count + (2 + n_members) * N_FEATURES if attended else count


@kernel
def read_mix(numbers: Floats, n_members: Index, n_classes: Index) -> Mix:
    """Read the numbers of a pool, as :func:`fuse_rows` takes them."""
    end, weight = 3 * n_members + n_classes, 0.0
    for m in range(n_members):
        weight += numbers[3 * m + 1]
    settings, offsets = numbers[: 3 * n_members], numbers[3 * n_members : end]
    return settings, offsets, numbers[end + 2 :], numbers[end], numbers[end + 1], weight > 0.0


@kernel
def fuse_member(p: Floats, n_rows: Index, mix: Mix, m: Index, state: Fused) -> None:
    """Add a member to the two pools of some rows; `p` holds class after class, and is spent.

    See :class:`hpmkd.student.models.pool.Pool`.
    """
    mean, logits, top, total = state
    settings, _, attention, rest, _, share = mix
    inverse, weight, exponent = settings[3 * m], settings[3 * m + 1], settings[3 * m + 2]
    n_classes = p.size // n_rows
    for j in range(p.size):
        p[j] = p[j] if p[j] > SMALLEST else SMALLEST
    for r in range(n_rows):
        top[r], total[r] = 0.0, 0.0
    if inverse != 1.0:
        for j in range(p.size):
            p[j] = vlog(p[j]) * inverse
        _lower(p, n_rows, top)
        for j in range(p.size):
            p[j] = vexp(p[j])
    for c in range(n_classes):
        for r in range(n_rows):
            total[r] += p[c * n_rows + r]
    for r in range(n_rows):
        total[r] = 1.0 / total[r]
    for c in range(n_classes):
        own = p[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] *= total[r]
    if attention.size > 0:
        for r in range(n_rows):
            own_weight = weight * attention_of_row(p, r, n_rows, attention, m)
            for c in range(n_classes):
                mean[c * n_rows + r] += own_weight * p[c * n_rows + r]
    elif share:
        for j in range(p.size):
            mean[j] += weight * p[j]
    if rest > 0.0:
        for j in range(p.size):
            p[j] = p[j] if p[j] > SMALLEST else SMALLEST
        for j in range(p.size):
            logits[j] += exponent * vlog(p[j])


@kernel
def _lower(values: Floats, n_rows: Index, top: Floats) -> None:
    """Take the largest value of each row off it."""
    n_classes = values.size // n_rows
    top[:n_rows] = values[:n_rows]
    for c in range(1, n_classes):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            top[r] = own[r] if own[r] > top[r] else top[r]
    for c in range(n_classes):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] -= top[r]


@kernel
def _normalise(values: Floats, n_rows: Index, factor: float, total: Floats) -> None:
    """Make the values of each row sum to a factor."""
    for r in range(n_rows):
        total[r] = 0.0
    for c in range(values.size // n_rows):
        for r in range(n_rows):
            total[r] += values[c * n_rows + r]
    for r in range(n_rows):
        total[r] = factor / total[r]
    for c in range(values.size // n_rows):
        own = values[c * n_rows : (c + 1) * n_rows]
        for r in range(n_rows):
            own[r] *= total[r]


@kernel
def begin(mix: Mix, n_rows: Index, state: Fused) -> None:
    """Begin both pools: the linear one is a sum, the log-linear one starts from its offsets."""
    mean, logits, offsets = state[0], state[1], mix[1]
    mean[:] = 0.0
    for c in range(offsets.size):
        logits[c * n_rows : (c + 1) * n_rows] = offsets[c]


@kernel
def finish(mix: Mix, n_rows: Index, state: Fused) -> None:
    """Mix both pools, and sharpen or soften the mix, in place of the linear one."""
    mean, logits, top, total = state
    _, _, attention, rest, inverse, _ = mix
    if attention.size > 0:  # until here, weights of a row have any sum
        _normalise(mean, n_rows, 1.0 - rest, total)
    if rest > 0.0:
        _lower(logits, n_rows, top)
        for j in range(logits.size):
            logits[j] = vexp(logits[j])
        _normalise(logits, n_rows, rest, total)
        for j in range(mean.size):
            mean[j] += logits[j]
    if inverse != 1.0:
        for j in range(mean.size):
            x = mean[j]
            power = vlog(x if x > TINY else TINY) * inverse
            mean[j] = power if x > TINY else -LARGEST
        _lower(mean, n_rows, top)
        for j in range(mean.size):
            mean[j] = vexp(mean[j])
    _normalise(mean, n_rows, 1.0, total)


@kernel
def memory_of_pools(size: Index, n_rows: Index) -> Fused:
    """Return memory in which members are fused."""
    return np.empty(size), np.empty(size), np.empty(n_rows), np.empty(n_rows)


@kernel
def fuse_rows(predicted: Floats, numbers: Floats, out: Floats) -> int:
    """Fuse probabilities (M, n, K) into (n, K); -1 if a size is wrong.

    `numbers` are 1 / temperature, weight and exponent of each member, the K offsets, the share of
    the log-linear pool and 1 / the final temperature; with attention, then, its own.
    """
    n_members, n, n_classes = predicted.shape
    attended = numbers.size > n_numbers(n_members, n_classes, False)
    if out.shape != (n, n_classes) or numbers.size != n_numbers(n_members, n_classes, attended):
        return -1
    mix = read_mix(numbers, n_members, n_classes)
    p, state = np.empty(n_classes * BLOCK), memory_of_pools(n_classes * BLOCK, BLOCK)
    p[:] = 1.0
    for first in range(0, n, BLOCK):
        rows = min(BLOCK, n - first)
        begin(mix, BLOCK, state)
        for m in range(n_members):
            for r in range(rows):
                for c in range(n_classes):
                    p[c * BLOCK + r] = predicted[m, first + r, c]
            fuse_member(p, BLOCK, mix, m, state)
        finish(mix, BLOCK, state)
        write_block(state[0], out[first : first + rows])
    return 0
