/* The cells that trees compare, of a block: as hpmkd_expand writes those of a row. */
#ifndef HPMKD_BLOCK_CELLS_H
#define HPMKD_BLOCK_CELLS_H

#include "matrix.h"

#include "scalars.h"

/* Write the cells of some rows that stand in one column. */
HPMKD_FUNCTION void hpmkd_expand_column(
    const uint32_t *words, size_t k, const double *column, size_t n_rows, float *restrict cells)
{
    const size_t low = words[9], high = words[11];
    const double offset = hpmkd_double(words, words[words[6] + words[5]] + k);
    size_t r;
    if (k < low) {
        for (r = 0; r < n_rows; r++) {
            const float x = (float)(column[r] - offset);
            cells[r] = x > -HPMKD_INFINITY ? x : -HPMKD_INFINITY;
        }
    } else if (k < high) {
        for (r = 0; r < n_rows; r++) {
            const float x = (float)(column[r] - offset);
            cells[r] = x < HPMKD_INFINITY ? x : HPMKD_INFINITY;
        }
    } else {
        for (r = 0; r < n_rows; r++)
            cells[r] = column[r] == column[r] ? HPMKD_INFINITY : -HPMKD_INFINITY;
    }
}

/* Write words[5] lines of cells. */
HPMKD_FUNCTION void hpmkd_expand_block(
    const uint32_t *words, const hpmkd_matrix *matrix, size_t first, size_t n_rows, size_t n_lanes,
    float *restrict cells)
{
    double column[HPMKD_TILE];
    size_t start, k;
    for (start = 0; start < n_rows; start += HPMKD_TILE) {
        const size_t n = n_rows - start < HPMKD_TILE ? n_rows - start : HPMKD_TILE;
        for (k = 0; k < words[5]; k++) {
            hpmkd_read_column(matrix, first + start, n, words[words[6] + k], column);
            hpmkd_expand_column(words, k, column, n, cells + k * n_lanes + start);
        }
    }
}

/* Write the cells row by row, which a walk needs. */
HPMKD_FUNCTION void hpmkd_transpose(
    const float *cells, size_t n_cells, size_t n_rows, size_t n_lanes, float *restrict walked)
{
    size_t r, k;
    for (r = 0; r < n_rows; r++)
        for (k = 0; k < n_cells; k++)
            walked[r * n_cells + k] = cells[k * n_lanes + r];
}

#endif
