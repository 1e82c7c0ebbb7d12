"""Constants of the kernels, and the functions of one number that vectorise."""

from __future__ import annotations

import numpy as np

from hpmkd.kernels._packed.compiling import kernel

TOGETHER = 16  # trees whose leaves are added to a row together
TILE = 32  # rows of a table whose cells stay in the cache while they are sorted by column
BLOCK = 256  # rows that stay in the cache while every tree passes over them
ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
FIVE, EIGHT = np.uint64(5), np.uint64(8)
HALF, LOW_HALF = np.uint64(16), np.uint64(0xFFFF)
INFINITY = np.float32(np.inf)
SINGLE_ZERO, SINGLE_ONE, SINGLE_THREE = np.float32(0.0), np.float32(1.0), np.float32(3.0)
LARGEST_INPUT = 1e4  # of a network
ROWS_AT_ONCE = 16  # of a network, so that their units stay in the first cache
LARGEST = 1e300  # far beyond any margin, so that an overflowed one does not become inf - inf
CLEAR = 1e-6  # classes whose margins differ by more have different probabilities
LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10
EXPONENT_SHIFT = 6755399441055744.0 + 1023.0
MANTISSA = np.uint64(52)
BIAS = np.uint64(1023 << 52)
EXPONENT = np.uint64(0xFFF << 52)
BIAS_AND_HALF = np.uint64((1023 << 52) + (1 << 51))
TWO_52 = np.uint64(0x433 << 52)
LOG_SHIFT = 4503599627370496.0 + 1023.0
TINY = 2.2250738585072014e-308  # smallest normal float64
SMALLEST = 1e-15  # probability of a member of a pool


@kernel
def vexp(x: float) -> float:
    """Return e**x by polynomial; at most 1.2 ulp off. Of :mod:`hpmkd.kernels._jit`."""
    x = -709.1 if x < -709.1 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * LOG2_E + EXPONENT_SHIFT
    k = shifted - EXPONENT_SHIFT
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
    """Return ln x of a normal positive finite x; of :mod:`hpmkd.kernels._jit`."""
    bits = np.float64(x).view(np.uint64)
    rounded = np.uint64((bits + BIAS_AND_HALF) - BIAS)
    e = np.uint64((rounded >> MANTISSA) | TWO_52).view(np.float64) - LOG_SHIFT
    scaled = np.uint64((bits + BIAS) - (rounded & EXPONENT)).view(np.float64)
    f = (scaled - 1.0) / (scaled + 1.0)
    s = f * f
    p = 0.075568404467656 * s + 0.07642116328550316
    p = p * s + 0.09092294301902219
    p = p * s + 0.11111091590340633
    p = p * s + 0.14285714416339865
    p = p * s + 0.19999999999672824
    p = p * s + 0.33333333333333465
    return e * LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * LN2_LOW))
