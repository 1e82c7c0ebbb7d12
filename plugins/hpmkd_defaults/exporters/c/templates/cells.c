/* What stands for a missing cell. */
@missing@@tables@
typedef enum { NUMBER, CATEGORY, DATETIME } kind;

static const struct {
    kind kind;
    const text *missing; /* in this column, beside the usual ones */
    size_t n_missing;
} readings[PREFIX_COLUMNS] = @readings@;

/* Whether the cell is one of some texts, between two places in it. */
static int is_among(const text *texts, size_t count, size_t start, size_t stop)
{
    size_t k;
    for (k = 0; k < count; k++)
        if (texts[k].length == stop - start
            && memcmp(texts[k].bytes, cell + start, stop - start) == 0)
            return 1;
    return 0;
}

static int is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Whether the cell spells a word between two places, in any case. */
static int spells(const char *word, size_t start, size_t stop)
{
    for (; start < stop && *word != '\0'; start++, word++)
        if (cell[start] != *word && cell[start] != *word - 'a' + 'A')
            return 0;
    return start == stop && *word == '\0';
}

/* Find where the cell begins and stops but for spaces; return whether it stands for a missing one. */
static int is_missing(size_t *start, size_t *stop)
{
    *start = 0;
    *stop = cell_length;
    while (*start < *stop && is_space(cell[*start]))
        ++*start;
    while (*start < *stop && is_space(cell[*stop - 1]))
        --*stop;
    return is_among(missing, sizeof missing / sizeof *missing, *start, *stop);
}

/* Read the cell as a number; return 0 if it is none. As Python reads a float, but for digits apart
 * by _, and true and false. */
static int read_number(double *value)
{
    size_t start, stop, sign;
    char *end;
    *value = NAN;
    if (is_missing(&start, &stop))
        return 1;
    if (spells("true", 0, cell_length) || spells("false", 0, cell_length)) {
        *value = cell_length == 4 ? 1.0 : 0.0;
        return 1;
    }
    sign = start + (start < stop && (cell[start] == '+' || cell[start] == '-'));
    if (!spells("inf", sign, stop) && !spells("infinity", sign, stop) && !spells("nan", sign, stop)
        && strspn(cell + start, "+-.0123456789eE") < stop - start)
        return 0; /* strtod reads more, such as 0x1p3 */
    *value = strtod(cell + start, &end);
    return start < stop && end == cell + stop;
}
