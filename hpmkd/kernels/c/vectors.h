/* Trees of which a leaf holds a value per margin: words[23] floats, a multiple of 4, whose place
 * it says. */
#ifndef HPMKD_VECTORS_H
#define HPMKD_VECTORS_H

#include "trees.h"

/* Trees whose leaves are found before their values are added. */
#define HPMKD_TOGETHER ((size_t)16)

/* Add some neighbours of the values of some leaves to as many sums, leaf by leaf; the sums stay
 * in registers meanwhile. The leaves are `step` apart. */
HPMKD_FUNCTION void hpmkd_add_lanes(
    const uint32_t *words, const uint32_t *leaves, size_t n, size_t step, size_t at,
    const size_t n_lanes, float *sums)
{
    float own[8], values[8];
    size_t t, i;
    memcpy(own, sums + at, n_lanes * sizeof *own);
    for (t = 0; t < n; t++) {
        memcpy(values, words + leaves[t * step] + at, n_lanes * sizeof *values);
        for (i = 0; i < n_lanes; i++)
            own[i] += values[i];
    }
    memcpy(sums + at, own, n_lanes * sizeof *own);
}

/* Add the values of some leaves to sums, leaf by leaf. */
HPMKD_FUNCTION void hpmkd_add_leaves(
    const uint32_t *words, const uint32_t *leaves, size_t n, size_t step, float *sums)
{
    const size_t width = words[23];
    size_t at = 0;
    for (; at + 8 <= width; at += 8)
        hpmkd_add_lanes(words, leaves, n, step, at, 8, sums);
    if (at < width)
        hpmkd_add_lanes(words, leaves, n, step, at, 4, sums);
}

/* Write where the values of the leaves begin in which a row ends in perfect trees. */
HPMKD_FUNCTION void hpmkd_find_perfect(
    const uint32_t *words, const float *cells, size_t first, size_t n, size_t depth,
    uint32_t *leaves)
{
    const size_t size = 3 * (((size_t)1 << depth) - 1) + 1;
    size_t t;
    for (t = 0; t < n; t++)
        leaves[t] =
            words[hpmkd_perfect_leaf(words, cells, words[8] + (first + t) * size, depth)];
}

/* The same for walked trees. */
HPMKD_FUNCTION void hpmkd_find_walked(
    const uint32_t *words, const float *cells, size_t first, size_t n, uint32_t *leaves)
{
    const uint32_t *const roots = words + words[8] + first;
    size_t i, t = 0, places[4];
    for (; t + 4 <= n; t += 4) {
        hpmkd_four_leaves(words, cells, words[8] + first + t, places);
        for (i = 0; i < 4; i++)
            leaves[t + i] = words[places[i]];
    }
    for (; t < n; t++)
        leaves[t] = words[hpmkd_walked_leaf(words, cells, roots[t])];
}

/* The same for any; a constant depth lets the compiler unroll the levels. */
HPMKD_FUNCTION void hpmkd_find_leaves(
    const uint32_t *words, const float *cells, size_t first, size_t n, uint32_t *leaves)
{
    switch (words[3]) {
    case 2:
        hpmkd_find_perfect(words, cells, first, n, 2, leaves);
        break;
    case 3:
        hpmkd_find_perfect(words, cells, first, n, 3, leaves);
        break;
    case 4:
        hpmkd_find_perfect(words, cells, first, n, 4, leaves);
        break;
    default:
        hpmkd_find_walked(words, cells, first, n, leaves);
    }
}

/* Write where the trees of each margin start; what fills the leaves up starts from 0. */
HPMKD_FUNCTION void hpmkd_start_sums(const uint32_t *words, const double *out, float *sums)
{
    size_t c;
    for (c = 0; c < words[23]; c++)
        sums[c] = c < words[1] ? hpmkd_start(words, c, words[12] > 0 ? out[c] : 0.0) : 0.0f;
}

/* Put all trees on top of words[1] margins; `sums` is room for words[23] floats. */
HPMKD_FUNCTION void hpmkd_add_vectors(
    const uint32_t *words, const float *cells, double *out, float *sums)
{
    uint32_t leaves[HPMKD_TOGETHER];
    size_t c, first;
    hpmkd_start_sums(words, out, sums);
    for (first = 0; first < words[4]; first += HPMKD_TOGETHER) {
        const size_t left = words[4] - first, n = left < HPMKD_TOGETHER ? left : HPMKD_TOGETHER;
        hpmkd_find_leaves(words, cells, first, n, leaves);
        hpmkd_add_leaves(words, leaves, n, 1, sums);
    }
    for (c = 0; c < words[1]; c++)
        out[c] = (double)sums[c];
}

#endif
