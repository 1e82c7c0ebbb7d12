typedef struct {
    text of;
    double code;
} spelling;

@tables@
static const struct {
    const spelling *spellings; /* sorted by their bytes */
    size_t count;
} categories[PREFIX_COLUMNS] = @categories@;

/* Whether a text comes before bytes of some length, -1, behind them, 1, or is equal, 0. */
static int compare(const text *known, const char *bytes, size_t length)
{
    const size_t shorter = known->length < length ? known->length : length;
    const int order = shorter > 0 ? memcmp(known->bytes, bytes, shorter) : 0;
    if (order != 0)
        return order;
    return known->length < length ? -1 : known->length > length;
}

double prefix_category(int column, const char *bytes, size_t length)
{
    size_t first = 0, behind;
    if (column < 0 || column >= PREFIX_COLUMNS)
        return NAN;
    behind = categories[column].count;
    while (first < behind) {
        const size_t middle = first + (behind - first) / 2;
        const spelling *const found = categories[column].spellings + middle;
        const int order = compare(&found->of, bytes, length);
        if (order == 0)
            return found->code;
        if (order < 0)
            first = middle + 1;
        else
            behind = middle;
    }
    return NAN;
}
