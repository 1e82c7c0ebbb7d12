/* A whole student over a block. */
#ifndef HPMKD_BLOCK_STUDENT_H
#define HPMKD_BLOCK_STUDENT_H

#include "cell_blocks.h"
#include "linear_blocks.h"
#include "link_blocks.h"
#include "network_blocks.h"
#include "tree_blocks.h"
#include "vector_blocks.h"

/* How many floats of each a student needs room for: cells by column, cells by row, sums of trees
 * or two layers; and doubles of a row that a network reads. */
typedef struct {
    size_t cells, walked, total, row;
} hpmkd_sizes;

/* The workspace; zeros at first, so that all lanes of a block hold numbers. */
typedef struct {
    float *cells, *walked, *total;
    double *row;
} hpmkd_work;

HPMKD_FUNCTION hpmkd_sizes hpmkd_sizes_of(const uint32_t *words)
{
    hpmkd_sizes sizes;
    sizes.cells = words[5] * HPMKD_BLOCK;
    sizes.walked = words[3] == 5 ? sizes.cells : 0;
    sizes.total = words[22] > 0 ? 2 * HPMKD_ROWS_AT_ONCE * hpmkd_widest(words)
                                : words[23] * HPMKD_BLOCK;
    sizes.row = words[22] > 0 ? words[0] : 0;
    return sizes;
}

/* Write words[1] lines of margins. */
HPMKD_FUNCTION void hpmkd_margins_of_block(
    const uint32_t *words, const hpmkd_matrix *matrix, size_t first, size_t n_rows,
    const hpmkd_work *work, double *restrict sums)
{
    const size_t n_lanes = hpmkd_lanes(n_rows);
    if (words[21] > 0)
        hpmkd_linear_block(words, matrix, first, n_rows, n_lanes, sums);
    if (words[22] > 0)
        hpmkd_network_block(
            words, matrix, first, n_rows, n_lanes, work->row, work->total, sums);
    if (words[3] == 0)
        return;
    hpmkd_expand_block(words, matrix, first, n_rows, n_lanes, work->cells);
    if (words[3] == 5)
        hpmkd_transpose(work->cells, words[5], n_rows, n_lanes, work->walked);
    if (words[23] > 0)
        hpmkd_vectors_block(
            words, work->cells, work->walked, n_rows, n_lanes, work->total, sums);
    else
        hpmkd_trees_block(words, work->cells, work->walked, n_lanes, sums);
}

#endif
