#ifndef PREFIX_H
#define PREFIX_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PREFIX_COLUMNS @n_columns@
#define PREFIX_CLASSES @n_classes@

/* Write the PREFIX_CLASSES probabilities of a row of PREFIX_COLUMNS cells; they sum to 1. */
void prefix_probabilities(const double *cells, double *out);

/* The most probable class of a row, the first of equally probable ones: 0 to PREFIX_CLASSES - 1. */
int prefix_code(const double *cells);

/* The code of a text in a column of categories, as UTF-8 of so many bytes; NaN, as for a missing
 * cell, if training did not show it. */
double prefix_category(int column, const char *bytes, size_t length);

/* The label of a class as UTF-8 with a NUL behind it, and its length in bytes; NULL and 0 if there
 * is no such class. */
const char *prefix_label(int code);
size_t prefix_label_length(int code);

/* The name of a column, likewise. */
const char *prefix_column(int column);
size_t prefix_column_length(int column);

#ifdef __cplusplus
}
#endif

#endif
