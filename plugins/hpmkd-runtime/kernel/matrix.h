/* A table of float or double in any layout, and its blocks: rows that stay in the cache while
 * every tree passes over them. What a block holds of a row, it holds of all its rows in a line,
 * n_lanes apart: as many as there are rows, rounded up so that all loops are equally long. */
#ifndef HPMKD_MATRIX_H
#define HPMKD_MATRIX_H

#include "variants.h"

#include "words.h"

#define HPMKD_BLOCK ((size_t)256)
#define HPMKD_LANES ((size_t)16)
/* Rows whose cells stay in the first cache while they are sorted by column. */
#define HPMKD_TILE ((size_t)32)

typedef struct {
    const char *data;
    ptrdiff_t by_row, by_column; /* bytes from a cell to the next */
    int is_single;
} hpmkd_matrix;

HPMKD_FUNCTION size_t hpmkd_lanes(size_t n_rows)
{
    return (n_rows + HPMKD_LANES - 1) / HPMKD_LANES * HPMKD_LANES;
}

HPMKD_FUNCTION double hpmkd_float_at(const char *cell)
{
    float value;
    memcpy(&value, cell, sizeof value);
    return (double)value;
}

HPMKD_FUNCTION double hpmkd_double_at(const char *cell)
{
    double value;
    memcpy(&value, cell, sizeof value);
    return value;
}

/* Read some cells of a column. */
HPMKD_FUNCTION void hpmkd_read_column(
    const hpmkd_matrix *matrix, size_t first, size_t n_rows, size_t column, double *restrict out)
{
    const ptrdiff_t step = matrix->by_row;
    const char *const cells =
        matrix->data + (ptrdiff_t)first * step + (ptrdiff_t)column * matrix->by_column;
    size_t r;
    if (matrix->is_single && step == sizeof(float)) {
        for (r = 0; r < n_rows; r++)
            out[r] = hpmkd_float_at(cells + r * sizeof(float));
    } else if (matrix->is_single) {
        for (r = 0; r < n_rows; r++)
            out[r] = hpmkd_float_at(cells + (ptrdiff_t)r * step);
    } else if (step == sizeof(double)) {
        for (r = 0; r < n_rows; r++)
            out[r] = hpmkd_double_at(cells + r * sizeof(double));
    } else {
        for (r = 0; r < n_rows; r++)
            out[r] = hpmkd_double_at(cells + (ptrdiff_t)r * step);
    }
}

/* Read the cells of a row. */
HPMKD_FUNCTION void hpmkd_read_row(
    const hpmkd_matrix *matrix, size_t row, size_t n_columns, double *restrict out)
{
    const ptrdiff_t step = matrix->by_column;
    const char *const cells = matrix->data + (ptrdiff_t)row * matrix->by_row;
    size_t j;
    for (j = 0; j < n_columns; j++)
        out[j] = matrix->is_single ? hpmkd_float_at(cells + (ptrdiff_t)j * step)
                                   : hpmkd_double_at(cells + (ptrdiff_t)j * step);
}

#endif
