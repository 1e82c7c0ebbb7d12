/* Trees of which a leaf holds a value per margin, over a block: each tree is evaluated once. */
#ifndef HPMKD_BLOCK_VECTORS_H
#define HPMKD_BLOCK_VECTORS_H

#include "tree_blocks.h"

#include "vectors.h"

/* Put all trees on top of a block; `total` is room for n_lanes rows of words[23] floats. */
HPMKD_FUNCTION void hpmkd_vectors_block(
    const uint32_t *words, const float *cells, const float *walked, size_t n_rows, size_t n_lanes,
    float *restrict total, double *restrict sums)
{
    uint32_t leaves[HPMKD_TOGETHER * HPMKD_BLOCK];
    const size_t width = words[23];
    size_t c, r, first, t;
    for (r = 0; r < n_rows; r++)
        for (c = 0; c < words[1]; c++)
            total[r * width + c] = hpmkd_start(words, c, sums[c * n_lanes + r]);
    for (first = 0; first < words[4]; first += HPMKD_TOGETHER) {
        const size_t left = words[4] - first, n = left < HPMKD_TOGETHER ? left : HPMKD_TOGETHER;
        for (t = 0; t < n; t++)
            hpmkd_leaves(words, cells, walked, n_lanes, first + t, leaves + t * n_lanes);
        for (r = 0; r < n_rows; r++)
            hpmkd_add_leaves(words, leaves + r, n, n_lanes, total + r * width);
    }
    for (c = 0; c < words[1]; c++)
        for (r = 0; r < n_rows; r++)
            sums[c * n_lanes + r] = (double)total[r * width + c];
}

#endif
