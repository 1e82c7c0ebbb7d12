/* Trees over a block. */
#ifndef HPMKD_BLOCK_TREES_H
#define HPMKD_BLOCK_TREES_H

#include "matrix.h"

#include "trees.h"

/* Write what stands in the leaf of a perfect tree in which each row ends. All nodes are tested,
 * and from the bottom up each passes on the choice of one of its sides: no row takes a branch. */
HPMKD_FUNCTION void hpmkd_perfect_leaves(
    const uint32_t *words, const float *cells, size_t n_lanes, size_t tree, const size_t depth,
    uint32_t *restrict leaves)
{
    const size_t inner = ((size_t)1 << depth) - 1;
    const float *lines[15];
    float thresholds[15];
    size_t k, r;
    for (k = 0; k < inner; k++) {
        lines[k] = cells + words[tree + k] * n_lanes;
        thresholds[k] = hpmkd_single(words, tree + inner + k);
    }
    for (r = 0; r < n_lanes; r++) {
        uint32_t chosen[31]; /* of nodes, and behind them of leaves */
        for (k = 0; k <= inner; k++)
            chosen[inner + k] = words[tree + 2 * inner + k];
        for (k = inner; k-- > 0;)
            chosen[k] = lines[k][r] < thresholds[k] ? chosen[2 * k + 1] : chosen[2 * k + 2];
        leaves[r] = chosen[0];
    }
}

/* Write what stands in the leaf of a walked tree in which each row ends; `walked` holds the cells
 * row by row. */
HPMKD_FUNCTION void hpmkd_walked_leaves(
    const uint32_t *words, const float *walked, size_t n_lanes, size_t root,
    uint32_t *restrict leaves)
{
    const size_t width = words[5], roots[4] = {root, root, root, root};
    size_t r, i, ends[4];
    for (r = 0; r < n_lanes; r += 4) {
        const float *const cells[4] = {walked + r * width, walked + (r + 1) * width,
                                       walked + (r + 2) * width, walked + (r + 3) * width};
        hpmkd_four_walked_leaves(words, cells, roots, ends);
        for (i = 0; i < 4; i++)
            leaves[r + i] = words[ends[i]];
    }
}

/* Write what stands in the leaf of tree t; its depth is a constant in each of the calls. */
HPMKD_FUNCTION void hpmkd_leaves(
    const uint32_t *words, const float *cells, const float *walked, size_t n_lanes, size_t t,
    uint32_t *restrict leaves)
{
    const size_t trees = words[8];
    switch (words[3]) {
    case 2:
        hpmkd_perfect_leaves(words, cells, n_lanes, trees + t * 10, 2, leaves);
        break;
    case 3:
        hpmkd_perfect_leaves(words, cells, n_lanes, trees + t * 22, 3, leaves);
        break;
    case 4:
        hpmkd_perfect_leaves(words, cells, n_lanes, trees + t * 46, 4, leaves);
        break;
    default:
        hpmkd_walked_leaves(words, walked, n_lanes, words[trees + t], leaves);
    }
}

/* Put the trees of all margins, those of one margin after another, on top of a block. */
HPMKD_FUNCTION void hpmkd_trees_block(
    const uint32_t *words, const float *cells, const float *walked, size_t n_lanes,
    double *restrict sums)
{
    uint32_t leaves[HPMKD_BLOCK];
    float total[HPMKD_BLOCK];
    size_t c, t, r;
    for (c = 0; c < words[1]; c++) {
        for (r = 0; r < n_lanes; r++)
            total[r] = hpmkd_start(words, c, sums[c * n_lanes + r]);
        for (t = words[words[7] + c]; t < words[words[7] + c + 1]; t++) {
            hpmkd_leaves(words, cells, walked, n_lanes, t, leaves);
            for (r = 0; r < n_lanes; r++)
                total[r] += hpmkd_single(leaves, r);
        }
        for (r = 0; r < n_lanes; r++)
            sums[c * n_lanes + r] = (double)total[r];
    }
}

#endif
