/* Constants, and the functions of one number: the same polynomials, and bits, everywhere. */
#ifndef HPMKD_SCALARS_H
#define HPMKD_SCALARS_H

#include <float.h>
#include <math.h>

#include "words.h"

/* The bits below are those of arithmetic in the precision of its operands; 16 widens none but halves,
 * which there are none of. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD > 0 && FLT_EVAL_METHOD != 16
#error "floats are evaluated in a wider format: compile with -msse2 -mfpmath=sse"
#endif

#define HPMKD_INFINITY ((float)INFINITY)
/* Far beyond any margin, so that an overflowed one does not become inf - inf. */
#define HPMKD_LARGEST 1e300
/* Classes whose margins differ by more have different probabilities. */
#define HPMKD_CLEAR 1e-6
/* The smallest normal double. */
#define HPMKD_TINY 2.2250738585072014e-308
/* Of the probability of a member of a pool. */
#define HPMKD_SMALLEST 1e-15

#define HPMKD_LN2_HIGH 0.6931471803691238
#define HPMKD_LN2_LOW 1.9082149292705877e-10

HPMKD_FUNCTION uint64_t hpmkd_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

HPMKD_FUNCTION double hpmkd_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e**x, at most 1.2 ulp off. */
HPMKD_FUNCTION double hpmkd_exp(double x)
{
    const double shift = 6755399441055744.0 + 1023.0;
    double shifted, k, r, p;
    x = x < -709.1 ? -709.1 : x;
    x = x > 710.0 ? 710.0 : x;
    shifted = x * 1.4426950408889634 + shift;
    k = shifted - shift;
    r = (x - k * HPMKD_LN2_HIGH) - k * HPMKD_LN2_LOW;
    p = 2.5100375832561234e-08 * r + 2.7620075879983367e-07;
    p = p * r + 2.7557268480310024e-06;
    p = p * r + 2.4801521322368692e-05;
    p = p * r + 0.00019841269863040545;
    p = p * r + 0.0013888888917196719;
    p = p * r + 0.008333333333330065;
    p = p * r + 0.041666666666624164;
    p = p * r + 0.16666666666666669;
    p = p * r + 0.5;
    return ((p * r * r + r) + 1.0) * hpmkd_of_bits(hpmkd_bits(shifted) << 52);
}

/* ln x of a normal positive finite x. */
HPMKD_FUNCTION double hpmkd_log(double x)
{
    const uint64_t bias = UINT64_C(1023) << 52, half = UINT64_C(1) << 51;
    const uint64_t bits = hpmkd_bits(x), rounded = (bits + (bias + half)) - bias;
    const double e =
        hpmkd_of_bits((rounded >> 52) | (UINT64_C(0x433) << 52)) - (4503599627370496.0 + 1023.0);
    const double scaled = hpmkd_of_bits((bits + bias) - (rounded & (UINT64_C(0xFFF) << 52)));
    const double f = (scaled - 1.0) / (scaled + 1.0), s = f * f;
    double p = 0.075568404467656 * s + 0.07642116328550316;
    p = p * s + 0.09092294301902219;
    p = p * s + 0.11111091590340633;
    p = p * s + 0.14285714416339865;
    p = p * s + 0.19999999999672824;
    p = p * s + 0.33333333333333465;
    return e * HPMKD_LN2_HIGH + (2.0 * f + (2.0 * f * s * p + e * HPMKD_LN2_LOW));
}

#endif
