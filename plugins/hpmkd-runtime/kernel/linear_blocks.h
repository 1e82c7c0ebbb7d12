/* Linear margins of a block, each added as hpmkd_linear adds it. */
#ifndef HPMKD_BLOCK_LINEAR_H
#define HPMKD_BLOCK_LINEAR_H

#include "matrix.h"

#include "linear.h"

/* Scale the cells of a column, as hpmkd_scaled does. */
HPMKD_FUNCTION void hpmkd_scale_column(
    const uint32_t *words, size_t at, double *restrict column, size_t n_lanes)
{
    const double median = hpmkd_double(words, at), low = hpmkd_double(words, at + 1);
    const double high = hpmkd_double(words, at + 2), scale = hpmkd_double(words, at + 3);
    const double shift = hpmkd_double(words, at + 4);
    size_t r;
    for (r = 0; r < n_lanes; r++) {
        double x = column[r];
        x = x == x ? x : median;
        x = x < low ? low : x;
        x = x > high ? high : x;
        column[r] = (x + 0.0) / scale - shift;
    }
}

/* Add a column times its weights to all margins. */
HPMKD_FUNCTION void hpmkd_add_column(
    const uint32_t *words, size_t weights, const double *restrict column, size_t n_lanes,
    double *restrict sums)
{
    size_t c, r;
    for (c = 0; c < words[1]; c++) {
        const double weight = hpmkd_double(words, weights + c);
        for (r = 0; r < n_lanes; r++)
            sums[c * n_lanes + r] += column[r] * weight;
    }
}

/* Write words[1] lines of margins. */
HPMKD_FUNCTION void hpmkd_linear_block(
    const uint32_t *words, const hpmkd_matrix *matrix, size_t first, size_t n_rows, size_t n_lanes,
    double *restrict sums)
{
    double column[HPMKD_BLOCK] = {0};
    const uint32_t *category = words + words[20];
    const size_t width = words[1];
    size_t c, i, r;
    for (c = 0; c < width; c++)
        for (r = 0; r < n_lanes; r++)
            sums[c * n_lanes + r] = hpmkd_double(words, words[21] + c);
    for (i = 0; i < words[13]; i++) {
        const size_t at = words[15] + i * (5 + width);
        hpmkd_read_column(matrix, first, n_rows, words[words[14] + i], column);
        hpmkd_scale_column(words, at, column, n_lanes);
        hpmkd_add_column(words, at + 5, column, n_lanes, sums);
    }
    for (i = 0; i < words[16]; i++) {
        hpmkd_read_column(matrix, first, n_rows, words[words[17] + i], column);
        for (r = 0; r < n_lanes; r++)
            column[r] = column[r] == column[r] ? 0.0 : 1.0;
        hpmkd_add_column(words, words[18] + i * width, column, n_lanes, sums);
    }
    for (i = 0; i < words[19]; i++, category += 3) { /* column, levels, weights */
        hpmkd_read_column(matrix, first, n_rows, category[0], column);
        for (r = 0; r < n_rows; r++)
            if (hpmkd_is_level(column[r], category[1]))
                for (c = 0; c < width; c++)
                    sums[c * n_lanes + r] +=
                        hpmkd_double(words, category[2] + (size_t)column[r] * width + c);
    }
}

#endif
