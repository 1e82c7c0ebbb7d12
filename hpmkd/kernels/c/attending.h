/* How much a member of a pool counts on a row, by what its own probabilities look like. */
#ifndef HPMKD_ATTENDING_H
#define HPMKD_ATTENDING_H

#include "scalars.h"

/* Features: the largest probability, how far the second is from it, and their impurity. */
#define HPMKD_N_FEATURES 3
/* Standard deviations beyond which a feature means no more. */
#define HPMKD_FARTHEST 5.0

/* A feature in standard deviations, within bounds. `at` is where the numbers of attention begin:
 * centers, 1 / scales, and the coefficients of member after member. */
HPMKD_FUNCTION double hpmkd_standard(
    double value, const uint32_t *numbers, size_t at, size_t feature)
{
    double z = (value - hpmkd_double(numbers, at + feature))
               * hpmkd_double(numbers, at + HPMKD_N_FEATURES + feature);
    z = z > -HPMKD_FARTHEST ? z : -HPMKD_FARTHEST;
    return z < HPMKD_FARTHEST ? z : HPMKD_FARTHEST;
}

/* e to the score of a member on a row whose probabilities are every `n_rows`-th of the `n` in p. */
HPMKD_FUNCTION double hpmkd_attention_of_row(
    const uint32_t *numbers, size_t at, size_t member, const double *p, size_t n, size_t n_rows)
{
    const size_t own = at + (2 + member) * HPMKD_N_FEATURES;
    double first = 0.0, second = 0.0, squares = 0.0, score;
    size_t j;
    for (j = 0; j < n; j += n_rows) {
        const double x = p[j], low = x < first ? x : first;
        second = low > second ? low : second;
        first = x > first ? x : first;
        squares += x * x;
    }
    score = hpmkd_double(numbers, own) * hpmkd_standard(first, numbers, at, 0);
    score += hpmkd_double(numbers, own + 1) * hpmkd_standard(first - second, numbers, at, 1);
    score += hpmkd_double(numbers, own + 2) * hpmkd_standard(1.0 - squares, numbers, at, 2);
    return hpmkd_exp(score);
}

#endif
