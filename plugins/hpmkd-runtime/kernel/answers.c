#include "answers.h"

#define HPMKD_WORDS_OF_THIS_MACHINE
#include "variants.h"

#include "pool.h"

HPMKD_VARIANTS void hpmkd_write_answer(
    hpmkd_answer what, const uint32_t *words, const double *row, double *out, float *singles,
    double *doubles)
{
    if (what == HPMKD_MARGINS)
        hpmkd_margins_of_row(words, row, out, singles);
    else if (what == HPMKD_PROBABILITIES)
        hpmkd_probabilities_of_row(words, row, out, singles);
    else
        hpmkd_pool_probabilities_of_row(words, row, out, singles, doubles);
}

HPMKD_VARIANTS size_t hpmkd_code(
    int pooled, const uint32_t *words, const double *row, float *singles, double *doubles)
{
    return pooled ? hpmkd_pool_code_of_row(words, row, singles, doubles)
                  : hpmkd_code_of_row(words, row, singles, doubles);
}
