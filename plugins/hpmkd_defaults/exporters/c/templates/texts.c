/* ------------------------------------------------------------------------------- texts */

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "missing cells are NaN: compile without -ffast-math"
#endif

typedef struct {
    const char *bytes; /* a NUL stands behind them, and may stand among them */
    size_t length;
} text;

@labels@
@columns@
const char *prefix_label(int code)
{
    return code < 0 || code >= PREFIX_CLASSES ? NULL : labels[code].bytes;
}

size_t prefix_label_length(int code)
{
    return code < 0 || code >= PREFIX_CLASSES ? 0 : labels[code].length;
}

const char *prefix_column(int column)
{
    return column < 0 || column >= PREFIX_COLUMNS ? NULL : columns[column].bytes;
}

size_t prefix_column_length(int column)
{
    return column < 0 || column >= PREFIX_COLUMNS ? 0 : columns[column].length;
}
