/* Margins of a network over a block, a few rows at a time: their units stay in the first cache. */
#ifndef HPMKD_BLOCK_NETWORK_H
#define HPMKD_BLOCK_NETWORK_H

#include "matrix.h"

#include "network.h"

#define HPMKD_ROWS_AT_ONCE ((size_t)16)

/* `row` is room for a row, `singles` for 2 * HPMKD_ROWS_AT_ONCE of the widest layer. */
HPMKD_FUNCTION void hpmkd_network_block(
    const uint32_t *words, const hpmkd_matrix *matrix, size_t first, size_t n_rows, size_t n_lanes,
    double *row, float *singles, double *restrict sums)
{
    const size_t n_columns = words[words[22] + 1], n_margins = words[1];
    float *const values = singles;
    float *const margins = singles + HPMKD_ROWS_AT_ONCE * hpmkd_widest(words);
    size_t start, r, c;
    for (start = 0; start < n_rows; start += HPMKD_ROWS_AT_ONCE) {
        const size_t left = n_rows - start;
        const size_t n = left < HPMKD_ROWS_AT_ONCE ? left : HPMKD_ROWS_AT_ONCE;
        for (r = 0; r < n; r++) {
            hpmkd_read_row(matrix, first + start + r, words[0], row);
            hpmkd_encode(words, row, values + r * n_columns);
        }
        hpmkd_layers(words, n, values, margins);
        for (r = 0; r < n; r++)
            for (c = 0; c < n_margins; c++)
                sums[c * n_lanes + start + r] = (double)margins[r * n_margins + c];
    }
}

#endif
