/* Walked trees of at most 32 leaves in another order, which a packed student does not have and who
 * writes one into a source file may make of it: form 6. All nodes that compare a cell stand behind
 * each other, by rising threshold, so that those which send a row to the right come first, and
 * nothing has to be guessed or waited for. Each takes the leaves on its left from its tree; where
 * all have done so, the first leaf that is left is the one in which the row ends.
 *
 * words[8] is where words[5] + 1 positions begin, of the first node of each cell and behind the
 * last; and behind them words[4] positions, of the first leaf of each tree. A node is three words:
 * its threshold, its tree, and a bit for each leaf that it leaves. A leaf is a word, as ever.
 *
 * Lucchese, C., Nardini, F. M., Orlando, S., Perego, R., Tonellotto, N. and Venturini, R. (2015),
 * QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees,
 * SIGIR. */
#ifndef HPMKD_SORTED_H
#define HPMKD_SORTED_H

#include "trees.h"
#include "vectors.h"

#define HPMKD_SORTED 6

/* The place of the lowest bit that is set, of which there is one. */
HPMKD_FUNCTION size_t hpmkd_lowest_bit(uint32_t bits)
{
#if defined(__GNUC__)
    return (size_t)__builtin_ctz(bits);
#else
    size_t place = 0;
    for (; (bits & 1) == 0; bits >>= 1)
        place++;
    return place;
#endif
}

/* Write the leaves that are left of each tree; `left` is room for words[4] of 32 bits. */
HPMKD_FUNCTION void hpmkd_pass_nodes(const uint32_t *words, const float *cells, float *left)
{
    const uint32_t *const firsts = words + words[8], all = UINT32_C(0xFFFFFFFF);
    size_t k, t, node = firsts[0];
    for (t = 0; t < words[4]; t++)
        memcpy(left + t, &all, sizeof all);
    for (k = 0; k < words[5]; k++, node = firsts[k]) {
        const float x = cells[k];
        const size_t behind = firsts[k + 1];
        for (; node < behind && !(x < hpmkd_single(words, node)); node += 3) {
            float *const tree = left + words[node + 1];
            uint32_t bits;
            memcpy(&bits, tree, sizeof bits);
            bits &= words[node + 2];
            memcpy(tree, &bits, sizeof bits);
        }
    }
}

/* The word of the leaf in which a row ends. */
HPMKD_FUNCTION size_t hpmkd_sorted_leaf(const uint32_t *words, const float *left, size_t t)
{
    uint32_t bits;
    memcpy(&bits, left + t, sizeof bits);
    return words[words[8] + words[5] + 1 + t] + hpmkd_lowest_bit(bits);
}

/* Put all trees on top of words[1] margins; `singles` begins with the cells, and is room for
 * words[23] floats behind them, and for words[4] behind those. */
HPMKD_FUNCTION void hpmkd_add_sorted(const uint32_t *words, double *out, float *singles)
{
    float *const sums = singles + words[5], *const left = sums + words[23];
    size_t c, t;
    hpmkd_pass_nodes(words, singles, left);
    if (words[23] > 0) {
        hpmkd_start_sums(words, out, sums);
        for (t = 0; t < words[4]; t++)
            hpmkd_add_leaves(words, words + hpmkd_sorted_leaf(words, left, t), 1, 1, sums);
        for (c = 0; c < words[1]; c++)
            out[c] = (double)sums[c];
        return;
    }
    for (c = 0; c < words[1]; c++) {
        float total = hpmkd_start(words, c, words[12] > 0 ? out[c] : 0.0);
        for (t = words[words[7] + c]; t < words[words[7] + c + 1]; t++)
            total += hpmkd_single(words, hpmkd_sorted_leaf(words, left, t));
        out[c] = (double)total;
    }
}

#endif
