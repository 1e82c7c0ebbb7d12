/* Trees of which a leaf holds one value, or says where its values begin. */
#ifndef HPMKD_TREES_H
#define HPMKD_TREES_H

#include "words.h"

/* Whether a row goes right at a node: 1 or 0, a number to count with, and no branch. */
HPMKD_FUNCTION size_t hpmkd_is_right(
    const uint32_t *words, const float *cells, size_t column, size_t threshold)
{
    return (size_t) !(cells[column] < hpmkd_single(words, threshold));
}

/* The word of the leaf of a perfect tree: inner columns, as many thresholds, inner + 1 leaves. None
 * of its cells and thresholds is NaN, so that the one comparison that takes no second instruction
 * says who goes right. */
HPMKD_FUNCTION size_t hpmkd_perfect_leaf(
    const uint32_t *words, const float *cells, size_t tree, size_t depth)
{
    const size_t inner = ((size_t)1 << depth) - 1;
    size_t level, k = 0;
    for (level = 0; level < depth; level++)
        k = 2 * k + 1
            + (size_t)(hpmkd_single(words, tree + inner + k) <= cells[words[tree + k]]);
    return tree + inner + k;
}

/* The next node of a walk: three words, counted from the place before the first; behind a leaf
 * comes that leaf again. */
HPMKD_FUNCTION size_t hpmkd_step(
    const uint32_t *words, const float *cells, size_t root, size_t at)
{
    const uint32_t node = words[at];
    return root + 3 * ((node >> 16) + hpmkd_is_right(words, cells, node & 0xFFFF, at + 1));
}

/* The word of the leaf in which a walk ends. */
HPMKD_FUNCTION size_t hpmkd_walked_leaf(const uint32_t *words, const float *cells, size_t root)
{
    size_t at = root + 3;
    for (;;) {
        const size_t to = hpmkd_step(words, cells, root, at);
        if (to == at)
            return at + 2;
        at = to;
    }
}

/* The words of the leaves of four walks at a time: a processor waits for none of them alone. The
 * cells of each are those of four rows, or four times the same. */
HPMKD_FUNCTION void hpmkd_four_walked_leaves(
    const uint32_t *words, const float *const cells[4], const size_t roots[4], size_t leaves[4])
{
    size_t a = roots[0] + 3, b = roots[1] + 3, c = roots[2] + 3, d = roots[3] + 3;
    for (;;) {
        const size_t to_a = hpmkd_step(words, cells[0], roots[0], a);
        const size_t to_b = hpmkd_step(words, cells[1], roots[1], b);
        const size_t to_c = hpmkd_step(words, cells[2], roots[2], c);
        const size_t to_d = hpmkd_step(words, cells[3], roots[3], d);
        if ((((a ^ to_a) | (b ^ to_b)) | ((c ^ to_c) | (d ^ to_d))) == 0)
            break;
        a = to_a;
        b = to_b;
        c = to_c;
        d = to_d;
    }
    leaves[0] = a + 2;
    leaves[1] = b + 2;
    leaves[2] = c + 2;
    leaves[3] = d + 2;
}

/* The words of the leaves of a row in four walked trees, whose roots stand behind each other. */
HPMKD_FUNCTION void hpmkd_four_leaves(
    const uint32_t *words, const float *cells, size_t at, size_t leaves[4])
{
    const float *const same[4] = {cells, cells, cells, cells};
    const size_t roots[4] = {words[at], words[at + 1], words[at + 2], words[at + 3]};
    hpmkd_four_walked_leaves(words, same, roots, leaves);
}

/* A margin plus perfect trees of a depth, one by one. */
HPMKD_FUNCTION float hpmkd_sum_perfect(
    const uint32_t *words, const float *cells, size_t start, size_t stop, size_t depth, float total)
{
    const size_t size = 3 * (((size_t)1 << depth) - 1) + 1;
    size_t t;
    for (t = start; t < stop; t++)
        total += hpmkd_single(words, hpmkd_perfect_leaf(words, cells, words[8] + t * size, depth));
    return total;
}

/* A margin plus walked trees, one by one. */
HPMKD_FUNCTION float hpmkd_sum_walked(
    const uint32_t *words, const float *cells, size_t start, size_t stop, float total)
{
    size_t t = start, leaves[4];
    for (; t + 4 <= stop; t += 4) {
        hpmkd_four_leaves(words, cells, words[8] + t, leaves);
        total += hpmkd_single(words, leaves[0]);
        total += hpmkd_single(words, leaves[1]);
        total += hpmkd_single(words, leaves[2]);
        total += hpmkd_single(words, leaves[3]);
    }
    for (; t < stop; t++)
        total += hpmkd_single(words, hpmkd_walked_leaf(words, cells, words[words[8] + t]));
    return total;
}

/* A margin plus its trees; a constant depth lets the compiler unroll the levels. */
HPMKD_FUNCTION float hpmkd_sum_of_trees(
    const uint32_t *words, const float *cells, size_t c, float total)
{
    const size_t start = words[words[7] + c], stop = words[words[7] + c + 1];
    switch (words[3]) {
    case 2:
        return hpmkd_sum_perfect(words, cells, start, stop, 2, total);
    case 3:
        return hpmkd_sum_perfect(words, cells, start, stop, 3, total);
    case 4:
        return hpmkd_sum_perfect(words, cells, start, stop, 4, total);
    default:
        return hpmkd_sum_walked(words, cells, start, stop, total);
    }
}

/* Where the trees of a margin start: its base, or its clipped linear margin. */
HPMKD_FUNCTION float hpmkd_start(const uint32_t *words, size_t c, double linear)
{
    const size_t limits = words[12];
    float start, low, high;
    if (limits == 0)
        return hpmkd_single(words, words[10] + c);
    start = (float)linear;
    low = hpmkd_single(words, limits + c);
    high = hpmkd_single(words, limits + words[1] + c);
    start = start < low ? low : start;
    return start > high ? high : start;
}

/* Put all trees on top of words[1] margins. */
HPMKD_FUNCTION void hpmkd_add_trees(const uint32_t *words, const float *cells, double *out)
{
    size_t c;
    for (c = 0; c < words[1]; c++) {
        const float start = hpmkd_start(words, c, words[12] > 0 ? out[c] : 0.0);
        out[c] = (double)hpmkd_sum_of_trees(words, cells, c, start);
    }
}

#endif
