/* What answers a row, compiled once for arrays and dicts. */
#ifndef HPMKD_ANSWERS_H
#define HPMKD_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

typedef enum { HPMKD_MARGINS, HPMKD_PROBABILITIES, HPMKD_PROBABILITIES_OF_POOL } hpmkd_answer;

/* Write an answer to `out`; `singles` and `doubles` are room as student.h says. */
void hpmkd_write_answer(
    hpmkd_answer what, const uint32_t *words, const double *row, double *out, float *singles,
    double *doubles);

/* Return the class code. */
size_t hpmkd_code(
    int pooled, const uint32_t *words, const double *row, float *singles, double *doubles);

#endif
