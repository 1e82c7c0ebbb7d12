/* A whole student, for one row: `row` holds words[0] cells in the order in which the student was
 * packed, numbers as they are, a category as its code, NaN where a cell is missing.
 *
 * The caller hands in room: `singles` for hpmkd_n_singles(words) floats and `doubles` for
 * HPMKD_N_DOUBLES(K) doubles, K being the number of classes. Nothing is kept in it. */
#ifndef HPMKD_STUDENT_H
#define HPMKD_STUDENT_H

#include "cells.h"
#include "linear.h"
#include "links.h"
#include "network.h"
#include "trees.h"
#include "vectors.h"

#define HPMKD_N_DOUBLES(n_classes) (3 * (n_classes) + 2)

/* Floats that a student needs room for: its cells and the values of a leaf, or two layers. */
HPMKD_FUNCTION size_t hpmkd_n_singles(const uint32_t *words)
{
    return words[22] > 0 ? 2 * hpmkd_widest(words) : (size_t)words[5] + words[23];
}

/* Write words[1] margins. */
HPMKD_FUNCTION void hpmkd_margins_of_row(
    const uint32_t *words, const double *row, double *out, float *singles)
{
    size_t c;
    if (words[21] > 0)
        hpmkd_linear(words, row, out);
    if (words[22] > 0)
        hpmkd_network(words, row, out, singles);
    if (words[3] == 0)
        return;
    hpmkd_expand(words, row, singles);
    if (words[23] > 0) {
        hpmkd_add_vectors(words, singles, out, singles + words[5]);
        return;
    }
    for (c = 0; c < words[1]; c++) {
        const float start = hpmkd_start(words, c, words[12] > 0 ? out[c] : 0.0);
        out[c] = (double)hpmkd_sum_of_trees(words, singles, c, start);
    }
}

/* Write the probabilities of all classes. */
HPMKD_FUNCTION void hpmkd_probabilities_of_row(
    const uint32_t *words, const double *row, double *out, float *singles)
{
    hpmkd_margins_of_row(words, row, out, singles);
    hpmkd_link(out, words[1], words[2], out);
}

/* The class code of a row. */
HPMKD_FUNCTION size_t hpmkd_code_of_row(
    const uint32_t *words, const double *row, float *singles, double *doubles)
{
    hpmkd_margins_of_row(words, row, doubles, singles);
    return hpmkd_choose(doubles, words[1], words[2], doubles + words[1]);
}

#endif
