"""Exponential and logarithm of arrays, by the polynomials of ``_packed.scalars``."""

from __future__ import annotations

import numpy as np

from hpmkd.kernels._packed_numpy.sums import Floats

LARGEST_INPUT = 1e4  # of a network
LARGEST = 1e300  # far beyond any margin, so that an overflowed one does not become inf - inf
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
# Of the highest power first.
_EXP = (
    *(2.5100375832561234e-08, 2.7620075879983367e-07, 2.7557268480310024e-06),
    *(2.4801521322368692e-05, 0.00019841269863040545, 0.0013888888917196719),
    *(0.008333333333330065, 0.041666666666624164, 0.16666666666666669, 0.5),
)
_LOG = (
    *(0.075568404467656, 0.07642116328550316, 0.09092294301902219, 0.11111091590340633),
    *(0.14285714416339865, 0.19999999999672824, 0.33333333333333465),
)


def vexp(x: Floats) -> Floats:
    """Return e**x, to the bits of ``_packed.scalars.vexp``."""
    x = np.minimum(np.maximum(x, -709.1), 710.0)
    shifted = x * LOG2_E + EXPONENT_SHIFT
    k = shifted - EXPONENT_SHIFT
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    p = _polynomial(_EXP, r)
    scale = (shifted.view(np.uint64) << MANTISSA).view(np.float64)
    return ((p * r * r + r) + 1.0) * scale


def vlog(x: Floats) -> Floats:
    """Return ln x of normal positive finite x, to the bits of ``_packed.scalars.vlog``."""
    bits = x.view(np.uint64)
    rounded = (bits + BIAS_AND_HALF) - BIAS
    e = ((rounded >> MANTISSA) | TWO_52).view(np.float64) - LOG_SHIFT
    scaled = ((bits + BIAS) - (rounded & EXPONENT)).view(np.float64)
    f = (scaled - 1.0) / (scaled + 1.0)
    s = f * f
    p = _polynomial(_LOG, s)
    return e * LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * LN2_LOW))


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """Evaluate a polynomial by Horner's rule."""
    p = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        p += coefficient
        p *= x
    p += coefficients[-1]
    return p
