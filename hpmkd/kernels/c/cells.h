/* The cells that trees compare: a missing one becomes what takes its default direction, so that
 * no tree needs a test for it. */
#ifndef HPMKD_CELLS_H
#define HPMKD_CELLS_H

#include "scalars.h"

/* Write words[5] cells. */
HPMKD_FUNCTION void hpmkd_expand(const uint32_t *words, const double *row, float *cells)
{
    const uint32_t *const columns = words + words[6];
    const size_t n = words[5], low = words[9], high = words[11];
    size_t k;
    for (k = 0; k < low; k++) {
        const float x = (float)(row[columns[k]] - hpmkd_double(words, columns[n] + k));
        cells[k] = x > -HPMKD_INFINITY ? x : -HPMKD_INFINITY;
    }
    for (; k < high; k++) {
        const float x = (float)(row[columns[k]] - hpmkd_double(words, columns[n] + k));
        cells[k] = x < HPMKD_INFINITY ? x : HPMKD_INFINITY;
    }
    for (; k < n; k++) {
        const double x = row[columns[k]];
        cells[k] = x == x ? HPMKD_INFINITY : -HPMKD_INFINITY;
    }
}

#endif
