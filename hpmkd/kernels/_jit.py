"""The compiled loops of :mod:`hpmkd.kernels`, and nothing but arithmetic.

Every cached kernel lives in this one file together with its helpers, because numba's
cache does not notice an edit in another module. Nothing is checked or converted here
except values, which are checked in the same pass that reads them: a kernel returns the
first row that it cannot use, or -1. The formulas are in :mod:`hpmkd.kernels.reference`.

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
SQRT_HALF = np.uint64(0x3FE6A09E667F3BCD)  # the bits of sqrt(1/2)
TWO_52 = np.uint64(0x433 << 52)  # the bits of 2**52
LOG_SHIFT = 4503599627370496.0 + 1023.0


@kernel
def vexp(x: float) -> float:
    """Return e**x by polynomial, so that a loop over it vectorises; at most 1.1 ulp off.

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
def vlog(x: float) -> float:
    """Return ln x by polynomial, so that a loop over it vectorises; at most 2 ulp off.

    For normal positive finite x only: the caller replaces everything else, which would
    give a finite but wrong number (zero and subnormals about -709, inf and NaN about 710).
    x = m 2**e with m in [sqrt(1/2), sqrt(2)), f = (m - 1) / (m + 1) (Cody and Waite 1980,
    ch. 5); (ln(m) / (2 f) - 1) / f**2 is a Chebyshev interpolant of degree 6 in f**2.
    """
    bits = np.float64(x).view(np.uint64)
    biased = (bits + BIAS) - SQRT_HALF
    e = np.uint64((biased >> MANTISSA) | TWO_52).view(np.float64) - LOG_SHIFT
    m = np.uint64((bits + BIAS) - (biased & EXPONENT)).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = 0.0730822484252163 * s + 0.07665860800278027
    p = p * s + 0.09091444562630861
    p = p * s + 0.1111110556739754
    p = p * s + 0.14285714312987743
    p = p * s + 0.19999999999949752
    p = p * s + 0.3333333333333335
    return e * LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * LN2_LOW))


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
            total = 0.0
            for j in range(i * n_classes, (i + 1) * n_classes):
                total += values[j]
            sums[i] = total


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
    if n_classes == 2:
        for i in range(n):
            values[2 * i] *= sums[i]
            values[2 * i + 1] *= sums[i]
    elif n_classes == 4:
        for i in range(n):
            values[4 * i] *= sums[i]
            values[4 * i + 1] *= sums[i]
            values[4 * i + 2] *= sums[i]
            values[4 * i + 3] *= sums[i]
    else:
        for i in range(n):
            factor = sums[i]
            for j in range(i * n_classes, (i + 1) * n_classes):
                values[j] *= factor
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
    """Write p**(1/T) / sum to `out`; return the first row that is no distribution, or -1."""
    step = max(1, BLOCK // n_classes) * n_classes
    sums = np.empty(step // n_classes)
    for start in range(0, flat.size, step):
        source, target = flat[start : start + step], out[start : start + step]
        if inverse_temperature == 1.0:
            target[:] = source
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
def _below_top(flat: Floats, n_classes: int, scale: float, out: Floats) -> int:
    """Write (z - top of the row) * scale; return the first row without a finite top, or -1."""
    for i in range(0, flat.size, n_classes):
        top, valid = -np.inf, True
        for j in range(i, i + n_classes):
            top = flat[j] if flat[j] > top else top
            valid &= flat[j] < np.inf
        if not (valid and top > -np.inf):
            return i // n_classes
        for j in range(i, i + n_classes):
            out[j] = (flat[j] - top) * scale
    return -1


@kernel
def soften_logits(flat: Floats, n_classes: int, inverse_temperature: float, out: Floats) -> int:
    """Write softmax(z / T) to `out`; return the first row without a finite top, or -1."""
    step = max(1, BLOCK // n_classes) * n_classes
    sums = np.empty(step // n_classes)
    for start in range(0, flat.size, step):
        target = out[start : start + step]
        bad = _below_top(flat[start : start + step], n_classes, inverse_temperature, target)
        if bad >= 0:
            return start // n_classes + bad
        for j in range(target.size):
            target[j] = vexp(target[j])
        _normalise(target, n_classes, sums)
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
            ratio = a / (b if b > FLOOR else FLOOR)
            # A ratio below TINY adds less than 1e-305: nothing, like 0 ln 0.
            term = a * vlog(ratio if ratio > TINY else 1.0)
            valid = (0.0 <= a) & (a <= LIMIT) & (0.0 <= b) & (b <= LIMIT)
            terms[j] = term if valid else np.nan
        first = start // n_classes
        sums = out[first : first + left.size // n_classes]
        _row_sums(terms[: left.size], n_classes, sums)
        for i in range(sums.size):
            if math.isnan(sums[i]):
                return first + i
            sums[i] = max(sums[i], 0.0)
    return -1
