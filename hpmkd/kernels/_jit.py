"""The compiled loops of :mod:`hpmkd.kernels`, and nothing but arithmetic.

Every cached kernel lives in this one file together with its helpers, because numba's
cache does not notice an edit in another module. Nothing is checked or converted here
except values, which are checked in the same pass that reads them: a kernel returns the
first row that it cannot use, or -1. The formulas are in ``tests/kernels/reference.py``.

All arrays are one-dimensional, C-contiguous float64 (labels: int64); a table of shape
(n, K) comes flattened. Inputs are read-only views, so that each kernel has one signature.
Rows are worked on in blocks that stay in the first-level cache: flat elementwise loops
that vectorise, then a short loop over rows. A logarithm and an exponential never share a
loop: one chain of operations that long outruns the scheduler (1.3 times slower).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_F = TypeVar("_F", bound=Callable[..., Any])

# Not fastmath=True: "reassoc" folds (x + magic) - magic into x, "nnan" drops the NaN tests.
# error_model="numpy": a ZeroDivisionError test would keep the logarithm from vectorising.
kernel: Callable[[_F], _F] = njit(
    cache=True, nogil=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy"
)

BLOCK = 2048  # values per block: three float64 blocks fit 48 KB
TINY = 2.2250738585072014e-308  # smallest normal float64
HUGE = 1.7976931348623157e308  # largest float64
LOW, HIGH = 1e-200, 1e200  # a row whose sum is outside is softened again, in logarithms
FLOOR = 1e-15  # what kl_divergence reads for a smaller q, as scikit-learn's log_loss does
LIMIT = 1.0 + 1e-6  # a float32 probability may pass 1 by a little

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # ln 2 to 32 bits, so that k * LN2_HIGH is exact
LN2_LOW = 1.9082149292705877e-10  # the rest of ln 2
SHIFT = 6755399441055744.0 + 1023.0  # 1.5 * 2**52 rounds to an integer; 1023 is the bias
MANTISSA = np.uint64(52)
BIAS = np.uint64(1023 << 52)
EXPONENT = np.uint64(0xFFF << 52)
BIAS_AND_HALF = np.uint64((1023 << 52) + (1 << 51))
TWO_52 = np.uint64(0x433 << 52)  # the bits of 2**52
LOG_SHIFT = 4503599627370496.0 + 1023.0


@kernel
def vexp(x: float) -> float:
    """Return e**x by polynomial, so that a loop over it vectorises; at most 1.2 ulp off.

    Below -708.7 it is 0, above 709.4 inf; NaN stays NaN. x = k ln 2 + r with
    abs(r) <= ln(2)/2 (Cody and Waite 1980, ch. 6); (e**r - 1 - r) / r**2 is a Chebyshev
    interpolant of degree 9.
    """
    x = -709.1 if x < -709.1 else x  # k = -1023: the scale below is 0
    x = 710.0 if x > 710.0 else x  # k = 1024: the scale below is inf
    shifted = x * LOG2_E + SHIFT
    k = shifted - SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = 2.5100375832561234e-08 * r + 2.7620075879983367e-07
    p = p * r + 2.7557268480310024e-06
    p = p * r + 2.4801521322368692e-05
    p = p * r + 0.00019841269863040545
    p = p * r + 0.0013888888917196719
    p = p * r + 0.008333333333330065
    p = p * r + 0.041666666666624164
    p = p * r + 0.16666666666666669
    p = p * r + 0.5
    scale = np.uint64(np.float64(shifted).view(np.uint64) << MANTISSA).view(np.float64)
    return ((p * r * r + r) + 1.0) * scale


@kernel
def vlog_ratio(a: float, b: float) -> float:
    """Return ln(a / b) by polynomial with a single division; exactly 0 where a equals b.

    For normal positive finite values with a normal ratio only: the caller replaces
    everything else, which would give a finite but wrong number. a / b = m 2**e with m in
    [2/3, 3/2], f = (m - 1) / (m + 1) (Cody and Waite 1980, ch. 5); (ln(m) / (2 f) - 1) / f**2
    is a Chebyshev interpolant of degree 6 in f**2.
    """
    a_bits, b_bits = np.float64(a).view(np.uint64), np.float64(b).view(np.uint64)
    # The difference of the bits is log2 of the ratio but for 0.09, so it rounds to e.
    rounded = np.uint64((a_bits + BIAS_AND_HALF) - b_bits)
    e = np.uint64((rounded >> MANTISSA) | TWO_52).view(np.float64) - LOG_SHIFT
    scaled = np.uint64((a_bits + BIAS) - (rounded & EXPONENT)).view(np.float64)
    f = (scaled - b) / (scaled + b)
    s = f * f
    p = 0.075568404467656 * s + 0.07642116328550316
    p = p * s + 0.09092294301902219
    p = p * s + 0.11111091590340633
    p = p * s + 0.14285714416339865
    p = p * s + 0.19999999999672824
    p = p * s + 0.33333333333333465
    return e * LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * LN2_LOW))


@kernel
def vlog(x: float) -> float:
    """Return ln x, for normal positive finite x only; at most 2.1 ulp off."""
    return vlog_ratio(x, 1.0)


@kernel
def _row_sums(values: Floats, n_classes: int, sums: Floats) -> None:
    """Write the sum of each row; few classes are written out, so that rows vectorise."""
    n = values.size // n_classes
    if n_classes == 2:
        for i in range(n):
            sums[i] = values[2 * i] + values[2 * i + 1]
    elif n_classes == 4:
        for i in range(n):
            low, high = values[4 * i] + values[4 * i + 1], values[4 * i + 2] + values[4 * i + 3]
            sums[i] = low + high
    else:
        for i in range(n):
            row = values[i * n_classes : (i + 1) * n_classes]
            a = b = c = d = 0.0  # four lanes: one alone waits for every addition
            stop = n_classes // 4 * 4
            for j in range(0, stop, 4):
                a += row[j]
                b += row[j + 1]
                c += row[j + 2]
                d += row[j + 3]
            for j in range(stop, n_classes):
                a += row[j]
            sums[i] = (a + b) + (c + d)


@kernel
def _scale_rows(values: Floats, n_classes: int, factors: Floats) -> None:
    """Multiply each row by its factor in place; few classes are written out, as above."""
    n = values.size // n_classes
    if n_classes == 1:
        for i in range(n):
            values[i] *= factors[i]
    elif n_classes == 2:
        for i in range(n):
            values[2 * i] *= factors[i]
            values[2 * i + 1] *= factors[i]
    elif n_classes == 4:
        for i in range(n):
            values[4 * i] *= factors[i]
            values[4 * i + 1] *= factors[i]
            values[4 * i + 2] *= factors[i]
            values[4 * i + 3] *= factors[i]
    else:
        for i in range(n):
            row, factor = values[i * n_classes : (i + 1) * n_classes], factors[i]
            for j in range(n_classes):
                row[j] *= factor


@kernel
def _normalise(values: Floats, n_classes: int, sums: Floats) -> bool:
    """Divide each row by its sum in place; a row without a usable sum becomes NaN."""
    n = values.size // n_classes
    _row_sums(values, n_classes, sums)
    unusable = 0
    for i in range(n):
        good = LOW <= sums[i] <= HIGH
        unusable += 0 if good else 1
        factor = 1.0 / sums[i]
        sums[i] = factor if good else np.nan
    _scale_rows(values, n_classes, sums)
    return unusable == 0


@kernel
def _soften_row(row: Floats, inverse_temperature: float, out: Floats) -> bool:
    """Soften one row in logarithms, for values or sums too small or large for powers."""
    top, total = 0.0, 0.0
    for value in row:
        if not 0.0 <= value <= HUGE:
            return False
        top = max(top, value)
    for j in range(row.size):
        out[j] = 0.0
        if row[j] > 0.0:
            out[j] = math.exp((math.log(row[j]) - math.log(top)) * inverse_temperature)
        total += out[j]
    for j in range(row.size):
        out[j] /= total
    return top > 0.0


@kernel
def soften(flat: Floats, n_classes: int, inverse_temperature: float, out: Floats) -> int:
    """Write p**(1/T) / sum to `out`; return the first row that is not a distribution, or -1."""
    step = max(1, BLOCK // n_classes) * n_classes
    sums = np.empty(step // n_classes)
    for start in range(0, flat.size, step):
        source, target = flat[start : start + step], out[start : start + step]
        if inverse_temperature == 1.0:
            for j in range(source.size):  # `[:] =` compiles for seconds what names wrong shapes
                target[j] = source[j]
        else:
            for j in range(source.size):
                target[j] = vlog(source[j]) * inverse_temperature
            for j in range(source.size):
                target[j] = vexp(target[j])
        for j in range(source.size):
            x = source[j]
            target[j] = target[j] if TINY <= x <= HUGE else (0.0 if x == 0.0 else np.nan)
        if not _normalise(target, n_classes, sums):
            for j in range(0, source.size, n_classes):
                end = j + n_classes
                if math.isnan(target[j]) and not _soften_row(
                    source[j:end], inverse_temperature, target[j:end]
                ):
                    return (start + j) // n_classes
    return -1


@kernel
def _below_top(flat: Floats, n_classes: int, scale: float, out: Floats) -> None:
    """Write (z - largest z of the row) * scale; NaN where there is no finite largest."""
    for i in range(flat.size // n_classes):
        row, target = flat[i * n_classes : (i + 1) * n_classes], out[i * n_classes :]
        a = b = row[0]
        for j in range(n_classes // 2):  # two lanes, as one waits for every comparison
            a = row[2 * j] if row[2 * j] > a else a
            b = row[2 * j + 1] if row[2 * j + 1] > b else b
        a = row[n_classes - 1] if row[n_classes - 1] > a else a
        a = b if b > a else a
        for j in range(n_classes):
            target[j] = (row[j] - a) * scale


@kernel
def soften_logits(flat: Floats, n_classes: int, inverse_temperature: float, out: Floats) -> int:
    """Write softmax(z / T) to `out`; return the first row without a finite top, or -1."""
    step = max(1, BLOCK // n_classes) * n_classes
    sums = np.empty(step // n_classes)
    for start in range(0, flat.size, step):
        target = out[start : start + step]
        _below_top(flat[start : start + step], n_classes, inverse_temperature, target)
        for j in range(target.size):
            target[j] = vexp(target[j])
        if not _normalise(target, n_classes, sums):
            for i in range(target.size // n_classes):
                if math.isnan(sums[i]):
                    return start // n_classes + i
    return -1


@kernel
def kl_divergence(p: Floats, q: Floats, n_classes: int, out: Floats) -> int:
    """Write sum p ln(p / q) per row to `out`; return the first row with a wrong value, or -1."""
    step = max(1, BLOCK // n_classes) * n_classes
    terms = np.empty(step)
    for start in range(0, p.size, step):
        left, right = p[start : start + step], q[start : start + step]
        for j in range(left.size):
            a, b = left[j], right[j]
            floored = b if b > FLOOR else FLOOR
            # A subnormal a adds less than 1e-305: nothing, like 0 ln 0.
            term = a * vlog_ratio(a if a >= TINY else floored, floored)
            valid = (a >= 0.0) & (a <= LIMIT) & (b >= 0.0) & (b <= LIMIT)
            terms[j] = term if valid else np.nan
        first = start // n_classes
        sums = out[first : first + left.size // n_classes]
        _row_sums(terms[: left.size], n_classes, sums)
        for i in range(sums.size):
            if math.isnan(sums[i]):
                return first + i
            sums[i] = max(sums[i], 0.0)
    return -1


@kernel
def _cross_entropy(
    margins: Floats,
    labels: Integers,
    targets: Floats,
    mix: float,
    inverse_temperature: float,
    weight: float,
    row_weights: Floats,
    work: tuple[Floats, Floats, Floats, Floats],
    gradient: Floats,
    hessian: Floats,
) -> tuple[float, int]:
    """Add one block of weight T**2 CE(t, softmax(z / T)), t = mix p + (1 - mix) y.

    The rows' own weights `row_weights` (none: all 1) are in the loss, not yet in the derivatives.
    """
    below, powers, sums, logs = work
    below, powers, sums = below[: margins.size], powers[: margins.size], sums[: labels.size]
    n_classes = margins.size // labels.size
    _below_top(margins, n_classes, inverse_temperature, below)
    for j in range(powers.size):
        powers[j] = vexp(below[j])
    _row_sums(powers, n_classes, sums)
    for i in range(sums.size):
        logs[i] = vlog(sums[i])
    for i in range(sums.size):
        sums[i] = 1.0 / sums[i]
    _scale_rows(powers, n_classes, sums)
    slope, hard = weight / inverse_temperature, 1.0 - mix
    for j in range(powers.size):
        q, soft = powers[j], targets[j] if mix > 0.0 else 0.0
        gradient[j] += slope * (q - mix * soft)
        hessian[j] += weight * q * (1.0 - q)
        # -t ln q = t (ln sum - below); a wrong target makes the loss of its row NaN.
        term = -soft * below[j] if soft > 0.0 else 0.0
        powers[j] = term if (soft >= 0.0) & (soft <= LIMIT) else np.nan
    _row_sums(powers, n_classes, sums)
    for i in range(sums.size):
        sums[i] = mix * sums[i] + hard * logs[i]
    if mix > 0.0:
        masses = powers[: sums.size]
        _row_sums(targets, n_classes, masses)
        for i in range(sums.size):
            sums[i] += mix * masses[i] * logs[i]
    loss = 0.0
    for i in range(sums.size):
        if hard > 0.0:
            if not 0 <= labels[i] < n_classes:
                return 0.0, i
            own = i * n_classes + labels[i]
            gradient[own] -= slope * hard
            sums[i] -= hard * below[own]
        if not sums[i] < np.inf:
            return 0.0, i
        loss += sums[i] * row_weights[i] if row_weights.size > 0 else sums[i]
    return loss * slope / inverse_temperature, -1


@kernel
def _logistic_loss(
    margins: Floats,
    labels: Integers,
    targets: Floats,
    mix: float,
    inverse_temperature: float,
    weight: float,
    row_weights: Floats,
    work: tuple[Floats, Floats, Floats, Floats],
    gradient: Floats,
    hessian: Floats,
) -> tuple[float, int]:
    """Add what :func:`_cross_entropy` adds, for two classes with the one margin z1 - z0."""
    powers, losses = work[0][: margins.size], work[1][: margins.size]
    slope, hard = weight / inverse_temperature, 1.0 - mix
    for i in range(margins.size):
        powers[i] = vexp(-abs(margins[i] * inverse_temperature))
    for i in range(margins.size):
        losses[i] = vlog(1.0 + powers[i])
    for i in range(margins.size):
        u = margins[i] * inverse_temperature
        likely = 1.0 / (1.0 + powers[i])
        unlikely = powers[i] * likely
        q1 = likely if u >= 0.0 else unlikely
        q0 = unlikely if u >= 0.0 else likely
        soft = targets[i] if mix > 0.0 else 0.0
        valid = (soft >= 0.0) & (soft <= LIMIT) & (abs(margins[i]) < np.inf)
        known = (mix == 1.0) | (labels[i] == 0) | (labels[i] == 1)
        t = mix * soft + (hard if labels[i] == 1 else 0.0)
        # Products instead of q1 - t: they keep their digits where q1 is almost t = 1.
        gradient[i] += slope * (q1 * (1.0 - t) - q0 * t)
        hessian[i] += weight * q1 * q0
        loss = losses[i] + ((1.0 - t) * u if u >= 0.0 else -t * u)
        losses[i] = loss if valid & known else np.nan
    for i in range(row_weights.size):
        losses[i] *= row_weights[i]
    a = b = c = d = 0.0  # four lanes, as one waits for every addition
    quads = losses.size // 4
    for i in range(quads):
        a += losses[4 * i]
        b += losses[4 * i + 1]
        c += losses[4 * i + 2]
        d += losses[4 * i + 3]
    for i in range(4 * quads, losses.size):
        a += losses[i]
    total = (a + b) + (c + d)
    if math.isnan(total):
        for i in range(losses.size):
            if math.isnan(losses[i]):
                return 0.0, i
    return total * slope / inverse_temperature, -1


@kernel
def distillation_loss(
    margins: Floats,
    labels: Integers,
    targets: Floats,
    temperature: float,
    alpha: float,
    weights: Floats,
    gradient: Floats,
    hessian: Floats,
) -> tuple[float, int]:
    """Return the summed loss and the first unusable row or -1; write gradient and hessian.

    No weights: every row weighs 1. One margin per row means two classes. At T = 1 (or
    alpha = 0, where T does not matter) the two terms are one cross entropy on the
    mixed target.
    """
    n = labels.size
    width = margins.size // max(1, n)
    rows = max(1, BLOCK // max(1, width))
    work = (np.empty(rows * width), np.empty(rows * width), np.empty(rows), np.empty(rows))
    mixed = temperature == 1.0 or alpha == 0.0
    total = 0.0
    for start in range(0, n, rows):
        part = slice(start, min(start + rows, n))
        flat = slice(part.start * width, part.stop * width)
        g, h, row_weights = gradient[flat], hessian[flat], weights[part]
        g[:] = 0.0
        h[:] = 0.0
        for soft in (True, False):
            mix = alpha if mixed else (1.0 if soft else 0.0)
            weight = 1.0 if mixed else (alpha if soft else 1.0 - alpha)
            if weight == 0.0 or (mixed and soft):
                continue
            inverse = 1.0 / temperature if soft else 1.0
            about = (margins[flat], labels[part], targets[flat], mix, inverse, weight, row_weights)
            args = (*about, work, g, h)
            loss, bad = _logistic_loss(*args) if width == 1 else _cross_entropy(*args)
            if bad >= 0:
                return 0.0, start + bad
            total += loss
        if row_weights.size > 0:
            _scale_rows(g, width, row_weights)
            _scale_rows(h, width, row_weights)
    return total, -1


@kernel
def _add_weighted(source: Any, weights: Floats, n_classes: int, out: Floats) -> None:
    """Add each row of one teacher, times its weight, to `out`; a wrong value adds NaN."""
    n = weights.size
    if n_classes == 2:  # written out, so that rows vectorise
        for i in range(n):
            a, b, w = source[2 * i], source[2 * i + 1], weights[i]
            # Not a chained comparison, whose second half is a branch.
            out[2 * i] += w * a if (a >= 0.0) & (a <= LIMIT) else np.nan
            out[2 * i + 1] += w * b if (b >= 0.0) & (b <= LIMIT) else np.nan
    else:
        for i in range(n):
            row, w = source[i * n_classes : (i + 1) * n_classes], weights[i]
            target = out[i * n_classes : (i + 1) * n_classes]
            for j in range(n_classes):
                x = row[j]
                target[j] += w * x if (x >= 0.0) & (x <= LIMIT) else np.nan


@kernel
def attention_fuse(
    flat: Any, stride: int, n_classes: int, scores: Floats, fused: Floats, weights: Floats
) -> int:
    """Write weights and weighted mean of each row; return the first unusable row, or -1.

    Teacher m starts at ``flat[m * stride]``, so that some rows of a larger table need no copy;
    `flat` is float64 or float32: the one argument with two signatures.
    """
    n = fused.size // n_classes
    n_teachers = scores.size // max(1, n)
    rows = max(1, BLOCK // (n_classes + n_teachers))
    sums, own = np.empty(rows), np.empty(rows)
    for first in range(0, n, rows):
        last = min(first + rows, n)
        shares, target = weights[first * n_teachers : last * n_teachers], fused[first * n_classes :]
        target = target[: (last - first) * n_classes]
        _below_top(scores[first * n_teachers : last * n_teachers], n_teachers, 1.0, shares)
        for j in range(shares.size):
            shares[j] = vexp(shares[j])
        # A score that is NaN or +inf leaves NaN weights, and these a NaN sum.
        _normalise(shares, n_teachers, sums)
        target[:] = 0.0
        for m in range(n_teachers):
            start = m * stride
            for i in range(last - first):
                own[i] = shares[i * n_teachers + m]
            block = flat[start + first * n_classes : start + last * n_classes]
            _add_weighted(block, own[: last - first], n_classes, target)
        _row_sums(target, n_classes, sums)
        for i in range(last - first):
            if math.isnan(sums[i]):
                return first + i
    return -1


@kernel
def attention_gradient(
    likelihoods: Floats, scores: Floats, row_weights: Floats, n: int, gradient: Floats
) -> Any:
    """Return the summed NLL and the first unusable row or -1; write the gradient.

    A weight is the exponential of its score over their sum S, so q = sum(exp e) / S. No
    `row_weights`: every row weighs 1.
    """
    width = scores.size // max(1, n)
    rows = max(1, BLOCK // width)
    work, sums, logs, inverse = (
        np.empty(rows * width),
        np.empty(rows),
        np.empty(rows),
        np.empty(rows),
    )
    total = 0.0
    for first in range(0, n, rows):
        last = min(first + rows, n)
        block, out = likelihoods[first * width : last * width], gradient[first * width :]
        powers = work[: block.size]
        out = out[: block.size]
        _below_top(scores[first * width : last * width], width, 1.0, powers)
        for j in range(powers.size):
            powers[j] = vexp(powers[j])
        for j in range(powers.size):
            e = block[j]
            out[j] = powers[j] * e if 0.0 <= e <= LIMIT else np.nan
        _row_sums(powers, width, sums)
        _row_sums(out, width, inverse)
        for i in range(last - first):
            good = (inverse[i] >= TINY) & (sums[i] < np.inf)
            logs[i] = inverse[i] / sums[i] if good else np.nan
            inverse[i] = 1.0 / inverse[i]
            sums[i] = 1.0 / sums[i]
        for i in range(last - first):
            # q below the normal floats has no logarithm here.
            if not logs[i] >= TINY:
                return 0.0, first + i
        for i in range(last - first):
            logs[i] = vlog(logs[i])
        own = row_weights[first:last]
        for i in range(own.size):
            logs[i] *= own[i]
        loss = 0.0
        for i in range(last - first):
            loss -= logs[i]
        total += loss
        _scale_rows(powers, width, sums)
        _scale_rows(out, width, inverse)
        for j in range(out.size):
            out[j] = powers[j] - out[j]
        if own.size > 0:
            _scale_rows(out, width, own)
    return total, -1


@kernel
def em_step(
    likelihoods: Floats, weights: Floats, row_weights: Floats, n: int, updated: Floats
) -> tuple[float, int]:
    """Return the summed log likelihood and the first unusable row or -1; write the weights.

    No `row_weights`: every row weighs 1.
    """
    width = weights.size
    rows = max(1, BLOCK // width)
    sums, logs = np.empty(rows), np.empty(rows)
    # Weights and shares stand row by row, so that all long loops are flat and vectorise.
    tiled, shares, totals = np.empty(rows * width), np.empty(rows * width), np.zeros(rows * width)
    for j in range(tiled.size):
        tiled[j] = weights[j % width]
    likelihood = 0.0
    for first in range(0, n, rows):
        values = likelihoods[first * width : min(first + rows, n) * width]
        part, mixture = shares[: values.size], sums[: values.size // width]
        for j in range(values.size):
            e = values[j]
            part[j] = e * tiled[j] if (e >= 0.0) & (e <= LIMIT) else np.nan
        _row_sums(part, width, mixture)
        unusable = 0
        for i in range(mixture.size):
            unusable += 0 if mixture[i] >= TINY else 1
            logs[i] = vlog(mixture[i])
        if unusable > 0:
            for i in range(mixture.size):
                if not mixture[i] >= TINY:
                    return 0.0, first + i
        for i in range(mixture.size):
            mixture[i] = 1.0 / mixture[i]
        own = row_weights[first : min(first + rows, n)]
        for i in range(own.size):
            mixture[i] *= own[i]
            logs[i] *= own[i]
        _scale_rows(part, width, mixture)
        for j in range(part.size):
            totals[j] += part[j]
        block = 0.0
        for i in range(mixture.size):
            block += logs[i]
        likelihood += block
    updated[:] = 0.0
    for j in range(totals.size):
        updated[j % width] += totals[j]
    mass = 0.0
    for m in range(width):
        mass += updated[m]
    for m in range(width):
        updated[m] /= mass  # the weight of all rows, but for rounding
    return likelihood, -1


@kernel
def em_weights(
    likelihoods: Floats,
    weights: Floats,
    row_weights: Floats,
    n: int,
    most: int,
    tolerance: float,
) -> tuple[int, int]:
    """Take steps until the likelihood settles; return how many, and an unusable row or -1.

    `weights` are replaced. `tolerance` is of the summed log likelihood.
    """
    updated = np.empty(weights.size)
    before = -np.inf
    for step in range(most):
        likelihood, bad = em_step(likelihoods, weights, row_weights, n, updated)
        if bad >= 0 or likelihood - before < tolerance:
            return step, bad
        before = likelihood
        for m in range(weights.size):
            weights[m] = updated[m]
    return most, -1
