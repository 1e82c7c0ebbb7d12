/* From margins to probabilities and classes. */
#ifndef HPMKD_LINKS_H
#define HPMKD_LINKS_H

#include "scalars.h"

/* The probability of the second of two classes, and of the first. */
HPMKD_FUNCTION void hpmkd_sigmoid(double z, double *second, double *first)
{
    double small, likely, unlikely;
    z = z < -HPMKD_LARGEST ? -HPMKD_LARGEST : z;
    z = z > HPMKD_LARGEST ? HPMKD_LARGEST : z;
    small = hpmkd_exp(z < 0.0 ? z : -z);
    likely = 1.0 / (1.0 + small);
    unlikely = small / (1.0 + small);
    *second = z >= 0.0 ? likely : unlikely;
    *first = z >= 0.0 ? unlikely : likely;
}

/* A margin within bounds. */
HPMKD_FUNCTION double hpmkd_bounded(double z)
{
    z = z > -HPMKD_LARGEST ? z : -HPMKD_LARGEST;
    return z < HPMKD_LARGEST ? z : HPMKD_LARGEST;
}

/* Turn the margins of a row into probabilities; `out` may be `margins`. */
HPMKD_FUNCTION void hpmkd_link(const double *margins, size_t n, uint32_t link, double *out)
{
    double top = -HPMKD_LARGEST, total = 0.0;
    size_t c;
    if (link == 0) {
        hpmkd_sigmoid(margins[0], &out[1], &out[0]);
        return;
    }
    if (link == 1)
        for (c = 0; c < n; c++) {
            const double z = hpmkd_bounded(margins[c]);
            top = z > top ? z : top;
        }
    for (c = 0; c < n; c++) {
        out[c] = link == 1 ? hpmkd_exp(hpmkd_bounded(margins[c]) - top) : margins[c];
        total += out[c];
    }
    for (c = 0; c < n; c++)
        out[c] /= total;
}

/* The first of the largest. */
HPMKD_FUNCTION size_t hpmkd_first_largest(const double *values, size_t n)
{
    size_t c, best = 0;
    for (c = 1; c < n; c++)
        best = values[c] > values[best] ? c : best;
    return best;
}

/* The most probable class, the first of equally probable ones; `out` is room for their
 * probabilities, which only decide between margins as close as rounding. */
HPMKD_FUNCTION size_t hpmkd_choose(const double *margins, size_t n, uint32_t link, double *out)
{
    double top = -(double)INFINITY, second = -(double)INFINITY;
    size_t c, best = 0;
    if (link == 0 && (margins[0] > HPMKD_CLEAR || margins[0] < -HPMKD_CLEAR))
        return margins[0] > 0.0 ? 1 : 0;
    for (c = 0; c < n; c++) {
        const double z = margins[c];
        if (z > top) {
            second = top;
            top = z;
            best = c;
        } else if (z > second) {
            second = z;
        }
    }
    if (link == 1 && top < HPMKD_LARGEST && top - second > HPMKD_CLEAR)
        return best;
    hpmkd_link(margins, n, link, out);
    return hpmkd_first_largest(out, link == 0 ? 2 : n);
}

#endif
