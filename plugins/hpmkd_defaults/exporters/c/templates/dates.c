#define MICROSECONDS_OF_A_DAY (INT64_C(1000000) * SECONDS_OF_A_DAY)
/* What doubles of the years until 9999 differ by at most, in seconds. */
#define BETWEEN_DOUBLES (1.0 / 32768)

/* Read so many digits of the cell as a whole number; return 0 if they are none. */
static int read_digits(size_t *at, int count, int64_t *value)
{
    *value = 0;
    for (; count > 0; count--, (*at)++) {
        if (cell[*at] < '0' || cell[*at] > '9') /* behind the cell is a NUL */
            return 0;
        *value = 10 * *value + (cell[*at] - '0');
    }
    return 1;
}

/* Read HH, HH:MM, HH:MM:SS or HH:MM:SS.ffffff, or the same without colons, as microseconds; hours,
 * minutes and seconds are below some numbers. */
static int read_clock(size_t *at, const int64_t *limits, int64_t *microseconds)
{
    int64_t parts[3] = {0, 0, 0}, digit, scale = 100000;
    int k, colons = 0;
    for (k = 0; k < 3; k++) {
        if (k == 1)
            colons = cell[*at] == ':';
        if (k > 0 && colons && cell[*at] != ':')
            break;
        if (k > 0 && !colons && (cell[*at] < '0' || cell[*at] > '9'))
            break;
        *at += (size_t)(k > 0 && colons);
        if (!read_digits(at, 2, &parts[k]) || parts[k] >= limits[k])
            return 0;
    }
    *microseconds = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000000;
    if (k < 3 || (cell[*at] != '.' && cell[*at] != ','))
        return 1;
    ++*at;
    if (!read_digits(at, 1, &digit))
        return 0;
    do {
        *microseconds += digit * scale; /* digits behind the sixth add nothing */
        scale /= 10;
    } while (read_digits(at, 1, &digit));
    return 1;
}

/* Read nothing, Z, or an offset from UTC of less than a day, such as +02:00, as microseconds; a
 * space may stand before it. */
static int read_offset(size_t *at, int64_t *microseconds)
{
    static const int64_t any[3] = {24, 100, 100};
    int sign;
    *at += cell[*at] == ' ' && cell[*at + 1] != '\0' && strchr("Z+-", cell[*at + 1]) != NULL;
    sign = cell[*at] == '+' ? 1 : cell[*at] == '-' ? -1 : 0;
    *microseconds = 0;
    if (sign == 0) {
        *at += cell[*at] == 'Z';
        return 1;
    }
    ++*at;
    if (!read_clock(at, any, microseconds))
        return 0;
    *microseconds *= sign;
    return *microseconds < MICROSECONDS_OF_A_DAY && *microseconds > -MICROSECONDS_OF_A_DAY;
}

static int days_of_month(int64_t year, int64_t month)
{
    static const int days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 2 && leap);
}

/* Days from 1970 to a date: days_from_civil in Hinnant (2013). */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = year - (month <= 2), cycle = quotient(y, 400), of_cycle = y - cycle * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return cycle * 146097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - 719468;
}

/* Read the cell as a moment of the years 1 to 9999, in seconds since 1970 UTC; return 0 if it is
 * none. ISO 8601: 2024-03-01, also with a T or a space, a time, and an offset. */
static int read_date(double *seconds)
{
    static const int64_t of_a_day[3] = {24, 60, 60};
    int64_t year, month, day, clock = 0, offset = 0, whole;
    size_t at, stop;
    *seconds = NAN;
    if (is_missing(&at, &stop))
        return 1;
    at = 0;
    if (!read_digits(&at, 4, &year) || cell[at++] != '-' || !read_digits(&at, 2, &month)
        || cell[at++] != '-' || !read_digits(&at, 2, &day))
        return 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return 0;
    if (cell[at] == 'T' || cell[at] == ' ') {
        at++;
        if (!read_clock(&at, of_a_day, &clock) || !read_offset(&at, &offset))
            return 0;
    }
    clock += days_to(year, month, day) * MICROSECONDS_OF_A_DAY - offset;
    whole = quotient(clock, 1000000);
    *seconds = (double)whole + (double)(clock - whole * 1000000) / 1e6;
    if (*seconds - (double)whole >= 1.0) /* rounded up: it is no moment of the next day yet */
        *seconds = (double)whole + 1.0 - BETWEEN_DOUBLES;
    return at == cell_length && (double)whole >= FIRST_MOMENT
           && (double)whole < BEHIND_THE_LAST_MOMENT;
}
