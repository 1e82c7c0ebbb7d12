/* From the margins of a block to probabilities, as hpmkd_link turns those of a row. */
#ifndef HPMKD_BLOCK_LINKS_H
#define HPMKD_BLOCK_LINKS_H

#include "matrix.h"

#include "links.h"

/* Write a line per class. */
HPMKD_FUNCTION void hpmkd_link_block(
    const double *restrict sums, size_t n_margins, uint32_t link, size_t n_lanes,
    double *restrict out)
{
    double top[HPMKD_BLOCK], total[HPMKD_BLOCK];
    size_t r, j;
    if (link == 0) {
        for (r = 0; r < n_lanes; r++)
            hpmkd_sigmoid(sums[r], &out[n_lanes + r], &out[r]);
        return;
    }
    for (r = 0; r < n_lanes; r++) {
        top[r] = -HPMKD_LARGEST;
        total[r] = 0.0;
    }
    for (j = 0; link == 1 && j < n_margins * n_lanes; j += n_lanes)
        for (r = 0; r < n_lanes; r++) {
            const double z = hpmkd_bounded(sums[j + r]);
            top[r] = z > top[r] ? z : top[r];
        }
    for (j = 0; j < n_margins * n_lanes; j += n_lanes) {
        if (link == 1)
            for (r = 0; r < n_lanes; r++)
                out[j + r] = hpmkd_exp(hpmkd_bounded(sums[j + r]) - top[r]);
        else
            for (r = 0; r < n_lanes; r++)
                out[j + r] = sums[j + r];
        for (r = 0; r < n_lanes; r++)
            total[r] += out[j + r];
    }
    for (j = 0; j < n_margins * n_lanes; j += n_lanes)
        for (r = 0; r < n_lanes; r++)
            out[j + r] /= total[r];
}

/* Write lines of answers row by row. */
HPMKD_FUNCTION void hpmkd_write_block(
    const double *lines, size_t width, size_t n_rows, size_t n_lanes, double *restrict out)
{
    size_t r, c;
    for (r = 0; r < n_rows; r++)
        for (c = 0; c < width; c++)
            out[r * width + c] = lines[c * n_lanes + r];
}

#endif
