/* The column of the student in each place of a line, or -1. */
static int places[PREFIX_MOST_CELLS];

/* Whether columns are found by name; a student of arrays reads them in their order. */
static const int is_named = @is_named@;

/* Leave with a message about the cell in a column. */
static void refuse_cell(int column, const char *expected)
{
    refuse("column '%s' holds '%.60s', expected %s: correct the cell, or leave it empty where the "
           "value is not known", columns[column].bytes, cell, expected);
}

/* The column that the cell of the header in some place names, or -1. */
static int column_of_cell(int place)
{
    int column;
    if (!is_named)
        return place < PREFIX_COLUMNS ? place : -1;
    for (column = 0; column < PREFIX_COLUMNS; column++)
        if (columns[column].length == cell_length
            && memcmp(columns[column].bytes, cell, cell_length) == 0)
            return column;
    return -1;
}

/* Skip the mark of UTF-8 with which a file may begin. */
static void skip_mark(void)
{
    const int byte = getc(input);
    if (byte != 0xEF)
        ungetc(byte, input);
    else if (getc(input) != 0xBB || getc(input) != 0xBF)
        refuse("the file is not UTF-8: save it as such");
}

/* Read the header; return how many cells each line has. */
static int read_header(void)
{
    static char found[PREFIX_COLUMNS];
    int behind, column, place = 0;
    if (!read_first_cell(&behind))
        refuse("the file is empty: expected a line with the names of columns");
    for (;; behind = read_cell()) {
        if (place == PREFIX_MOST_CELLS)
            refuse("there are more than %d columns: compile with a larger -DPREFIX_MOST_CELLS",
                   PREFIX_MOST_CELLS);
        column = column_of_cell(place);
        if (column < 0 && cell_length == 0) { /* a column without a name is called by its place */
            cell_length = (size_t)sprintf(cell, "Unnamed: %d", place);
            column = column_of_cell(place);
        }
        if (column >= 0 && found[column])
            refuse("column '%s' appears twice: rename or drop one", columns[column].bytes);
        if (column >= 0)
            found[column] = 1;
        places[place++] = column;
        if (behind != NEXT_CELL)
            break;
    }
    for (column = 0; column < PREFIX_COLUMNS; column++)
        if (!found[column])
            refuse("there is no column '%s': expected all columns that the student reads, named "
                   "in the first line", columns[column].bytes);
    if (!is_named && place > PREFIX_COLUMNS)
        refuse("there are %d columns, expected %d", place, PREFIX_COLUMNS);
    line++;
    return place;
}

/* The cell as a number that the student reads. */
static double value_of_cell(int column)
{
    double value = NAN;
    if (readings[column].kind == CATEGORY)
        return prefix_category(column, cell, cell_length);
    if (is_among(readings[column].missing, readings[column].n_missing, 0, cell_length))
        return value;
@dates@    if (!read_number(&value))
        refuse_cell(column, "a number");
    return value;
}

/* Read a line; return 0 if there is none. */
static int read_line(int width, double *cells)
{
    int behind, place = 0;
    if (!read_first_cell(&behind))
        return 0;
    for (;; behind = read_cell()) {
        if (place < width && places[place] >= 0)
            cells[places[place]] = value_of_cell(places[place]);
        place++;
        if (behind != NEXT_CELL)
            break;
    }
    if (place != width)
        refuse("there are %d cells, expected %d, as in the first line", place, width);
    line++;
    return 1;
}

static void write_header(void)
{
    int k;
    fputs("prediction", stdout);
    for (k = 0; k < PREFIX_CLASSES; k++) {
        putchar(',');
        write_cell("p_", labels[k].bytes, labels[k].length);
    }
    putchar('\n');
}

static void write_line(const double *cells)
{
    static double probabilities[PREFIX_CLASSES];
    int k, best = 0;
    prefix_probabilities(cells, probabilities);
    for (k = 1; k < PREFIX_CLASSES; k++)
        best = probabilities[k] > probabilities[best] ? k : best;
    write_cell("", labels[best].bytes, labels[best].length);
    for (k = 0; k < PREFIX_CLASSES; k++) {
        putchar(',');
        write_number(probabilities[k]);
    }
    putchar('\n');
}

int main(int n_arguments, char **arguments)
{
    static double cells[PREFIX_COLUMNS];
    int width;
    if (n_arguments > 2 || (n_arguments == 2 && strcmp(arguments[1], "--help") == 0)) {
        fprintf(stderr, "usage: %s [FILE]\nReads a CSV file, or stdin, and writes the label and "
                        "the probabilities of each line.\n", arguments[0]);
        return BAD_CALL;
    }
    input = n_arguments == 2 ? fopen(arguments[1], "rb") : stdin;
    if (input == NULL) {
        fprintf(stderr, "%s: cannot be read\n", arguments[1]);
        return BAD_CALL;
    }
    skip_mark();
    width = read_header();
    write_header();
    while (read_line(width, cells))
        write_line(cells);
    if (ferror(input)) {
        fputs("the input cannot be read\n", stderr);
        return BAD_DATA;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("the output cannot be written\n", stderr);
        return BAD_OUTPUT;
    }
    return 0;
}

#endif
