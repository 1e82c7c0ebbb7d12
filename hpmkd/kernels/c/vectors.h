/* Trees of which a leaf holds a value per margin: words[23] floats, whose place it says. */
#ifndef HPMKD_VECTORS_H
#define HPMKD_VECTORS_H

#include "trees.h"

/* Add the values of a leaf to sums. */
HPMKD_FUNCTION void hpmkd_add_leaf(const uint32_t *words, size_t leaf, size_t width, float *sums)
{
    const size_t at = words[leaf];
    size_t c;
    for (c = 0; c < width; c++)
        sums[c] += hpmkd_single(words, at + c);
}

HPMKD_FUNCTION void hpmkd_add_perfect_leaves(
    const uint32_t *words, const float *cells, size_t depth, float *sums)
{
    const size_t size = 3 * (((size_t)1 << depth) - 1) + 1;
    size_t t;
    for (t = 0; t < words[4]; t++) {
        const size_t leaf = hpmkd_perfect_leaf(words, cells, words[8] + t * size, depth);
        hpmkd_add_leaf(words, leaf, words[23], sums);
    }
}

HPMKD_FUNCTION void hpmkd_add_walked_leaves(
    const uint32_t *words, const float *cells, float *sums)
{
    const size_t stop = words[4], width = words[23];
    size_t i, t = 0, leaves[4];
    for (; t + 4 <= stop; t += 4) {
        hpmkd_four_leaves(words, cells, words[8] + t, leaves);
        for (i = 0; i < 4; i++)
            hpmkd_add_leaf(words, leaves[i], width, sums);
    }
    for (; t < stop; t++) {
        const size_t leaf = hpmkd_walked_leaf(words, cells, words[words[8] + t]);
        hpmkd_add_leaf(words, leaf, width, sums);
    }
}

/* Put all trees on top of words[1] margins; `sums` is room for words[23] floats. */
HPMKD_FUNCTION void hpmkd_add_vectors(
    const uint32_t *words, const float *cells, double *out, float *sums)
{
    size_t c;
    for (c = 0; c < words[1]; c++)
        sums[c] = hpmkd_start(words, c, out[c]);
    for (; c < words[23]; c++)
        sums[c] = 0.0f;
    switch (words[3]) {
    case 2:
        hpmkd_add_perfect_leaves(words, cells, 2, sums);
        break;
    case 3:
        hpmkd_add_perfect_leaves(words, cells, 3, sums);
        break;
    case 4:
        hpmkd_add_perfect_leaves(words, cells, 4, sums);
        break;
    default:
        hpmkd_add_walked_leaves(words, cells, sums);
    }
    for (c = 0; c < words[1]; c++)
        out[c] = (double)sums[c];
}

#endif
