/* ------------------------------------------------------------------ the program: CSV in, CSV out */

#ifdef PREFIX_MAIN

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What stands between cells that are read; bytes of the longest cell; cells of the longest line. */
#ifndef PREFIX_SEPARATOR
#define PREFIX_SEPARATOR ','
#endif
#ifndef PREFIX_LONGEST_CELL
#define PREFIX_LONGEST_CELL 1048576
#endif
#ifndef PREFIX_MOST_CELLS
#define PREFIX_MOST_CELLS 65536
#endif

/* As hpmkd leaves: the call, the data, or what is printed cannot be used. */
enum { BAD_CALL = 2, BAD_DATA = 3, BAD_OUTPUT = 7 };
/* What comes behind a cell. */
enum { NEXT_CELL, NEXT_LINE, END_OF_FILE };

static FILE *input;
static unsigned long line = 1;
/* The cell that was read last, a NUL behind it, and whether it stood in quotes. */
static char cell[PREFIX_LONGEST_CELL + 1];
static size_t cell_length;
static int is_quoted;

/* Leave with a message about the line. */
static void refuse(const char *format, ...)
{
    va_list values;
    fflush(stdout);
    fprintf(stderr, "line %lu: ", line);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(BAD_DATA);
}

static void add(int byte)
{
    if (cell_length == PREFIX_LONGEST_CELL)
        refuse("a cell has more than %lu bytes: is a quote not closed? Or compile with a larger "
               "-DPREFIX_LONGEST_CELL",
               (unsigned long)PREFIX_LONGEST_CELL);
    cell[cell_length++] = (char)byte;
}

/* Read what stands in quotes, of which the first is read; return the byte behind them. */
static int read_quoted(void)
{
    for (;;) {
        int byte = getc(input);
        if (byte == '"' && (byte = getc(input)) != '"')
            return byte;
        if (byte == EOF)
            refuse("the file ends within quotes: close them");
        line += byte == '\n';
        add(byte);
    }
}

/* Read a cell, as RFC 4180 writes it, and return what comes behind it. */
static int read_cell(void)
{
    int byte = getc(input);
    cell_length = 0;
    is_quoted = byte == '"';
    if (is_quoted)
        byte = read_quoted();
    for (; byte != EOF && byte != PREFIX_SEPARATOR && byte != '\n' && byte != '\r';
         byte = getc(input))
        add(byte);
    cell[cell_length] = '\0';
    if (byte == '\r' && (byte = getc(input)) != '\n' && byte != EOF)
        ungetc(byte, input);
    return byte == PREFIX_SEPARATOR ? NEXT_CELL : byte == EOF ? END_OF_FILE : NEXT_LINE;
}

/* Read the first cell of the next line that is not blank, and what comes behind it; return 0 if
 * there is none. */
static int read_first_cell(int *behind)
{
    for (;;) {
        *behind = read_cell();
        if (*behind == NEXT_CELL || cell_length > 0 || is_quoted)
            return 1;
        if (*behind == END_OF_FILE)
            return 0;
        line++;
    }
}

/* Write a text as a cell. */
static void write_cell(const char *before, const char *bytes, size_t length)
{
    const int quoted = memchr(bytes, ',', length) || memchr(bytes, '"', length)
                       || memchr(bytes, '\n', length) || memchr(bytes, '\r', length);
    size_t k;
    if (quoted)
        putchar('"');
    fputs(before, stdout);
    for (k = 0; k < length; k++) {
        if (bytes[k] == '"')
            putchar('"');
        putchar(bytes[k]);
    }
    if (quoted)
        putchar('"');
}

/* Write a number in as few digits as tell it from its neighbours. */
static void write_number(double value)
{
    char digits[40];
    int precision = 15;
    do
        sprintf(digits, "%.*g", precision, value);
    while (strtod(digits, NULL) != value && ++precision <= 17);
    fputs(digits, stdout);
    if (strspn(digits, "-0123456789") == strlen(digits))
        fputs(".0", stdout);
}
