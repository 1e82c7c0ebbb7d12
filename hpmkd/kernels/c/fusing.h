/* How the probabilities of the members of a pool are fused, of some rows at once: `n` values are
 * those of class after class of `n_rows` rows. */
#ifndef HPMKD_FUSING_H
#define HPMKD_FUSING_H

#include "attending.h"

/* What is being fused: the linear and the log-linear pool, n values each, and two values a row. */
typedef struct {
    double *mean, *logits, *top, *total;
    size_t n, n_rows;
} hpmkd_fused;

/* The numbers of a pool, as words: per member 1 / temperature, weight and exponent; an offset per
 * class; the share of the log-linear pool; 1 / the final temperature; those of attention. */
typedef struct {
    const uint32_t *numbers;
    size_t n_members;
    double share, inverse;
    int has_weights; /* whether any member has a weight in the linear pool */
    size_t attention; /* where its numbers begin; 0 without */
} hpmkd_mix;

HPMKD_FUNCTION hpmkd_mix hpmkd_read_mix(
    const uint32_t *numbers, size_t n_members, size_t n_classes, int is_attended)
{
    hpmkd_mix mix;
    double weight = 0.0;
    size_t m;
    for (m = 0; m < n_members; m++)
        weight += hpmkd_double(numbers, 3 * m + 1);
    mix.numbers = numbers;
    mix.n_members = n_members;
    mix.share = hpmkd_double(numbers, 3 * n_members + n_classes);
    mix.inverse = hpmkd_double(numbers, 3 * n_members + n_classes + 1);
    mix.has_weights = weight > 0.0;
    mix.attention = is_attended ? 3 * n_members + n_classes + 2 : 0;
    return mix;
}

/* Take the largest value of each row off it. */
HPMKD_FUNCTION void hpmkd_lower(double *values, size_t n, size_t n_rows, double *top)
{
    size_t j, r;
    for (r = 0; r < n_rows; r++)
        top[r] = values[r];
    for (j = n_rows; j < n; j += n_rows)
        for (r = 0; r < n_rows; r++)
            top[r] = values[j + r] > top[r] ? values[j + r] : top[r];
    for (j = 0; j < n; j += n_rows)
        for (r = 0; r < n_rows; r++)
            values[j + r] -= top[r];
}

/* Make the values of each row sum to a factor. */
HPMKD_FUNCTION void hpmkd_normalise(
    double *values, size_t n, size_t n_rows, double factor, double *total)
{
    size_t j, r;
    for (r = 0; r < n_rows; r++)
        total[r] = 0.0;
    for (j = 0; j < n; j += n_rows)
        for (r = 0; r < n_rows; r++)
            total[r] += values[j + r];
    for (r = 0; r < n_rows; r++)
        total[r] = factor / total[r];
    for (j = 0; j < n; j += n_rows)
        for (r = 0; r < n_rows; r++)
            values[j + r] *= total[r];
}

/* Begin both pools: the linear one is a sum, the log-linear one starts from its offsets. */
HPMKD_FUNCTION void hpmkd_begin(const hpmkd_mix *mix, const hpmkd_fused *state)
{
    size_t j, r, offset = 3 * mix->n_members;
    for (j = 0; j < state->n; j += state->n_rows, offset++)
        for (r = 0; r < state->n_rows; r++) {
            state->mean[j + r] = 0.0;
            state->logits[j + r] = hpmkd_double(mix->numbers, offset);
        }
}

/* Add a member to the pools; its probabilities `p` are spent. */
HPMKD_FUNCTION void hpmkd_fuse_member(
    const hpmkd_mix *mix, size_t member, double *restrict p, const hpmkd_fused *state)
{
    const double inverse = hpmkd_double(mix->numbers, 3 * member);
    const double weight = hpmkd_double(mix->numbers, 3 * member + 1);
    const double exponent = hpmkd_double(mix->numbers, 3 * member + 2);
    const size_t n = state->n, n_rows = state->n_rows;
    double *restrict const mean = state->mean, *restrict const logits = state->logits;
    size_t j, r;
    for (j = 0; j < n; j++)
        p[j] = p[j] > HPMKD_SMALLEST ? p[j] : HPMKD_SMALLEST;
    if (inverse != 1.0) {
        for (j = 0; j < n; j++)
            p[j] = hpmkd_log(p[j]) * inverse;
        hpmkd_lower(p, n, n_rows, state->top);
        for (j = 0; j < n; j++)
            p[j] = hpmkd_exp(p[j]);
    }
    hpmkd_normalise(p, n, n_rows, 1.0, state->total);
    if (mix->attention > 0)
        for (r = 0; r < n_rows; r++) {
            const double own_weight = weight
                * hpmkd_attention_of_row(mix->numbers, mix->attention, member, p + r, n - r, n_rows);
            for (j = r; j < n; j += n_rows)
                mean[j] += own_weight * p[j];
        }
    else if (mix->has_weights)
        for (j = 0; j < n; j++)
            mean[j] += weight * p[j];
    if (mix->share > 0.0)
        for (j = 0; j < n; j++)
            logits[j] += exponent * hpmkd_log(p[j] > HPMKD_SMALLEST ? p[j] : HPMKD_SMALLEST);
}

/* Mix both pools, and sharpen or soften the mix, in place of the linear one. */
HPMKD_FUNCTION void hpmkd_finish(const hpmkd_mix *mix, const hpmkd_fused *state)
{
    const size_t n = state->n, n_rows = state->n_rows;
    double *restrict const mean = state->mean, *restrict const logits = state->logits;
    size_t j;
    if (mix->attention > 0) /* until here, weights of a row have any sum */
        hpmkd_normalise(mean, n, n_rows, 1.0 - mix->share, state->total);
    if (mix->share > 0.0) {
        hpmkd_lower(logits, n, n_rows, state->top);
        for (j = 0; j < n; j++)
            logits[j] = hpmkd_exp(logits[j]);
        hpmkd_normalise(logits, n, n_rows, mix->share, state->total);
        for (j = 0; j < n; j++)
            mean[j] += logits[j];
    }
    if (mix->inverse != 1.0) {
        for (j = 0; j < n; j++) {
            const double x = mean[j];
            const double power = hpmkd_log(x > HPMKD_TINY ? x : HPMKD_TINY) * mix->inverse;
            mean[j] = x > HPMKD_TINY ? power : -HPMKD_LARGEST;
        }
        hpmkd_lower(mean, n, n_rows, state->top);
        for (j = 0; j < n; j++)
            mean[j] = hpmkd_exp(mean[j]);
    }
    hpmkd_normalise(mean, n, n_rows, 1.0, state->total);
}

#endif
