/* A whole pool, for one row, in the room that student.h speaks of; its words are a header,
 *
 * 0 cells of a row   1, 2 classes K; members   3 where each member begins   4 its numbers
 * 5 whether attention is among them
 *
 * and the words of its members. */
#ifndef HPMKD_POOL_H
#define HPMKD_POOL_H

#include "fusing.h"
#include "student.h"

/* The words of a member. */
HPMKD_FUNCTION const uint32_t *hpmkd_member(const uint32_t *words, size_t m)
{
    return words + words[words[3] + m];
}

HPMKD_FUNCTION hpmkd_mix hpmkd_mix_of(const uint32_t *words)
{
    return hpmkd_read_mix(words + 2 * (size_t)words[4], words[2], words[1], words[5] > 0);
}

/* Floats that a pool needs room for: those of any member. */
HPMKD_FUNCTION size_t hpmkd_pool_n_singles(const uint32_t *words)
{
    size_t m, most = 0;
    for (m = 0; m < words[2]; m++) {
        const size_t n = hpmkd_n_singles(hpmkd_member(words, m));
        most = n > most ? n : most;
    }
    return most;
}

/* Write the probabilities of all classes. */
HPMKD_FUNCTION void hpmkd_pool_probabilities_of_row(
    const uint32_t *words, const double *row, double *out, float *singles, double *doubles)
{
    const size_t n_classes = words[1];
    const hpmkd_mix mix = hpmkd_mix_of(words);
    double *const p = doubles, *const rest = doubles + 2 * n_classes;
    hpmkd_fused state;
    size_t m;
    state.mean = out;
    state.logits = doubles + n_classes;
    state.top = rest;
    state.total = rest + 1;
    state.n = n_classes;
    state.n_rows = 1;
    hpmkd_begin(&mix, &state);
    for (m = 0; m < mix.n_members; m++) {
        hpmkd_probabilities_of_row(hpmkd_member(words, m), row, p, singles);
        hpmkd_fuse_member(&mix, m, p, &state);
    }
    hpmkd_finish(&mix, &state);
}

/* The class code of a row: the first of the most probable ones. */
HPMKD_FUNCTION size_t hpmkd_pool_code_of_row(
    const uint32_t *words, const double *row, float *singles, double *doubles)
{
    const size_t n_classes = words[1];
    hpmkd_pool_probabilities_of_row(words, row, doubles, singles, doubles + n_classes);
    return hpmkd_first_largest(doubles, n_classes);
}

#endif
