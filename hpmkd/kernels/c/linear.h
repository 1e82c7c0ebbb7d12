/* Linear margins of a row, whose encoded columns are added from left to right. */
#ifndef HPMKD_LINEAR_H
#define HPMKD_LINEAR_H

#include "words.h"

/* A number as its linear column; `at` is where median, lowest, highest, scale and shift begin. */
HPMKD_FUNCTION double hpmkd_scaled(const uint32_t *words, size_t at, double x)
{
    const double low = hpmkd_double(words, at + 1), high = hpmkd_double(words, at + 2);
    x = x == x ? x : hpmkd_double(words, at);
    x = x < low ? low : x;
    x = x > high ? high : x;
    return (x + 0.0) / hpmkd_double(words, at + 3) - hpmkd_double(words, at + 4);
}

/* Whether a cell is the code of one of some levels. */
HPMKD_FUNCTION int hpmkd_is_level(double x, uint32_t levels)
{
    return x >= 0.0 && x < (double)levels;
}

/* Write words[1] margins. */
HPMKD_FUNCTION void hpmkd_linear(const uint32_t *words, const double *row, double *out)
{
    const size_t width = words[1];
    size_t c, i, at = words[15];
    const uint32_t *columns = words + words[14], *category = words + words[20];
    for (c = 0; c < width; c++)
        out[c] = hpmkd_double(words, words[21] + c);
    for (i = 0; i < words[13]; i++, at += 5 + width) {
        const double x = hpmkd_scaled(words, at, row[columns[i]]);
        for (c = 0; c < width; c++)
            out[c] += x * hpmkd_double(words, at + 5 + c);
    }
    columns = words + words[17];
    at = words[18];
    for (i = 0; i < words[16]; i++, at += width) {
        const double x = row[columns[i]];
        if (x == x)
            continue;
        for (c = 0; c < width; c++)
            out[c] += hpmkd_double(words, at + c);
    }
    for (i = 0; i < words[19]; i++, category += 3) { /* column, levels, weights */
        const double x = row[category[0]];
        if (!hpmkd_is_level(x, category[1]))
            continue;
        at = category[2] + (size_t)x * width;
        for (c = 0; c < width; c++)
            out[c] += hpmkd_double(words, at + c);
    }
}

#endif
