/* Margins of a small network. */
#ifndef HPMKD_NETWORK_H
#define HPMKD_NETWORK_H

#include "linear.h"
#include "scalars.h"

#define HPMKD_LARGEST_INPUT 1e4

/* Columns or units of the widest layer. */
HPMKD_FUNCTION size_t hpmkd_widest(const uint32_t *words)
{
    const uint32_t *const sizes = words + words[22] + 1;
    size_t k, widest = 1;
    for (k = 0; k <= words[words[22]]; k++)
        widest = sizes[k] > widest ? sizes[k] : widest;
    return widest;
}

/* Write the columns that a network reads of a row, squashed. */
HPMKD_FUNCTION void hpmkd_encode(const uint32_t *words, const double *row, float *values)
{
    const uint32_t *columns = words + words[14], *category = words + words[20];
    size_t i, n = 0;
    for (i = 0; i < words[13]; i++) {
        double x = hpmkd_scaled(words, words[15] + 5 * i, row[columns[i]]);
        x = x > -HPMKD_LARGEST_INPUT ? x : -HPMKD_LARGEST_INPUT;
        values[n++] = (float)(x < HPMKD_LARGEST_INPUT ? x : HPMKD_LARGEST_INPUT);
    }
    columns = words + words[17];
    for (i = 0; i < words[16]; i++) {
        const double x = row[columns[i]];
        values[n++] = x == x ? 0.0f : 1.0f;
    }
    for (i = 0; i < words[19]; i++, category += 3) { /* column, levels */
        const double x = row[category[0]];
        size_t k;
        for (k = 0; k < category[1]; k++)
            values[n + k] = 0.0f;
        if (hpmkd_is_level(x, category[1]))
            values[n + (size_t)x] = 1.0f;
        n += category[1];
    }
    for (i = 0; i < n; i++) {
        const float third = values[i] / 3.0f;
        values[i] = values[i] / sqrtf(1.0f + third * third);
    }
}

/* Turn the a inputs of a layer into its b sums; weights, input by input, and biases at `place`. */
HPMKD_FUNCTION void hpmkd_layer(
    const uint32_t *words, size_t place, size_t a, size_t b, const float *below, float *above)
{
    size_t i = 0, j, w = place;
    for (j = 0; j < b; j++)
        above[j] = hpmkd_single(words, place + a * b + j);
    for (; i + 4 <= a; i += 4, w += 4 * b) {
        const float x0 = below[i], x1 = below[i + 1], x2 = below[i + 2], x3 = below[i + 3];
        for (j = 0; j < b; j++)
            above[j] += (x0 * hpmkd_single(words, w + j) + x1 * hpmkd_single(words, w + b + j))
                        + (x2 * hpmkd_single(words, w + 2 * b + j)
                           + x3 * hpmkd_single(words, w + 3 * b + j));
    }
    for (; i < a; i++, w += b)
        for (j = 0; j < b; j++)
            above[j] += below[i] * hpmkd_single(words, w + j);
}

/* Turn what a network reads of some rows (n, d) into its margins (n, C); both arrays hold as many
 * values a row as the widest layer, and the inputs are spent. */
HPMKD_FUNCTION void hpmkd_layers(
    const uint32_t *words, size_t n_rows, float *restrict values, float *restrict sums)
{
    const uint32_t *const sizes = words + words[22] + 1;
    const size_t n_layers = words[words[22]];
    size_t layer, r, j, place = words[22] + n_layers + 2;
    for (layer = 0; layer < n_layers; layer++) {
        const size_t a = sizes[layer], b = sizes[layer + 1];
        for (r = 0; r < n_rows; r++)
            hpmkd_layer(words, place, a, b, values + r * a, sums + r * b);
        place += a * b + b;
        if (layer + 1 < n_layers)
            for (j = 0; j < n_rows * b; j++)
                values[j] = sums[j] > 0.0f ? sums[j] : 0.0f;
    }
}

/* Write words[1] margins; `singles` is room for two of the widest layer. */
HPMKD_FUNCTION void hpmkd_network(
    const uint32_t *words, const double *row, double *out, float *singles)
{
    float *const values = singles, *const sums = singles + hpmkd_widest(words);
    size_t c;
    hpmkd_encode(words, row, values);
    hpmkd_layers(words, 1, values, sums);
    for (c = 0; c < words[1]; c++)
        out[c] = (double)sums[c];
}

#endif
