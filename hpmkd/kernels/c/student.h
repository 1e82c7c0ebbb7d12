/* A whole student, for one row: `row` holds words[0] cells in the order in which the student was
 * packed, numbers as they are, a category as its code, NaN where a cell is missing.
 *
 * The caller hands in room: `singles` for hpmkd_n_singles(words) floats and `doubles` for
 * HPMKD_N_DOUBLES(K) doubles, K being the number of classes. Nothing is kept in it.
 *
 * Whoever answers for one student alone may define HPMKD_NO_LINEAR, HPMKD_NO_NETWORK, HPMKD_NO_TREES,
 * HPMKD_NO_VECTORS and HPMKD_NO_SORTED, where it has no such part. */
#ifndef HPMKD_STUDENT_H
#define HPMKD_STUDENT_H

#include "links.h"
#ifndef HPMKD_NO_LINEAR
#include "linear.h"
#endif
#ifndef HPMKD_NO_NETWORK
#include "network.h"
#endif
#ifndef HPMKD_NO_TREES
#include "cells.h"
#include "trees.h"
#endif
#ifndef HPMKD_NO_VECTORS
#include "vectors.h"
#endif
#ifndef HPMKD_NO_SORTED
#include "sorted.h"
#endif

#define HPMKD_N_DOUBLES(n_classes) (3 * (n_classes) + 2)

/* Floats that a student needs room for: its cells, the values of a leaf and what is left of sorted
 * trees; or two layers. */
HPMKD_FUNCTION size_t hpmkd_n_singles(const uint32_t *words)
{
#ifndef HPMKD_NO_NETWORK
    if (words[22] > 0)
        return 2 * hpmkd_widest(words);
#endif
    return (size_t)words[5] + words[23] + (words[3] == 6 ? words[4] : 0);
}

/* Write words[1] margins. */
HPMKD_FUNCTION void hpmkd_margins_of_row(
    const uint32_t *words, const double *row, double *out, float *singles)
{
    (void)singles; /* a linear student needs no room */
#ifndef HPMKD_NO_LINEAR
    if (words[21] > 0)
        hpmkd_linear(words, row, out);
#endif
#ifndef HPMKD_NO_NETWORK
    if (words[22] > 0)
        hpmkd_network(words, row, out, singles);
#endif
#ifndef HPMKD_NO_TREES
    if (words[3] > 0)
        hpmkd_expand(words, row, singles);
#endif
#ifndef HPMKD_NO_SORTED
    if (words[3] == HPMKD_SORTED) {
        hpmkd_add_sorted(words, out, singles);
        return;
    }
#endif
#ifndef HPMKD_NO_VECTORS
    if (words[23] > 0) {
        hpmkd_add_vectors(words, singles, out, singles + words[5]);
        return;
    }
#endif
#ifndef HPMKD_NO_TREES
    if (words[3] > 0)
        hpmkd_add_trees(words, singles, out);
#endif
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
