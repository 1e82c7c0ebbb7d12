/* ------------------------------------------------------------------------------- moments */

#define SECONDS_OF_A_DAY 86400
/* The years 1 to 9999, in seconds since 1970. */
#define FIRST_MOMENT (-62135596800.0)
#define BEHIND_THE_LAST_MOMENT 253402300800.0

/* Sine and cosine of months and hours: 2 pi times the part / 12 or 24. */
static const double months[13][2] = @months@;
static const double hours[24][2] = @hours@;

/* The largest whole number that is not above value / divisor; the divisor is positive. */
static int64_t quotient(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}

/* Year and month of a day since 1970. Years begin in March until the last step: civil_from_days
 * in H. Hinnant, chrono-compatible low-level date algorithms (2013). */
static void read_day(int64_t day, double *year, int64_t *month)
{
    const int64_t shifted = day + 719468, cycle = quotient(shifted, 146097);
    const int64_t of_cycle = shifted - cycle * 146097;
    const int64_t y =
        (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    const int64_t of_year = of_cycle - (365 * y + y / 4 - y / 100);
    const int64_t m = (5 * of_year + 2) / 153;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (double)(y + cycle * 400 + (*month <= 2));
}

/* Write what a model may read of a moment, in seconds since 1970 UTC: the moment itself, seconds
 * since an origin; year; month, its sine and cosine; weekday, 0 is Monday; hour, its sine and
 * cosine. All are NaN if it is missing, or beyond the years 1 to 9999. */
static void read_moment(double seconds, double origin, int whole_days, double *numbers)
{
    int64_t whole, day, month, hour;
    int k;
    if (!(seconds >= FIRST_MOMENT && seconds < BEHIND_THE_LAST_MOMENT)) {
        for (k = 0; k < 9; k++)
            numbers[k] = NAN;
        return;
    }
    whole = (int64_t)seconds;
    whole -= (double)whole > seconds;
    day = quotient(whole, SECONDS_OF_A_DAY);
    hour = (whole - day * SECONDS_OF_A_DAY) / 3600;
    numbers[0] = (whole_days ? (double)(day * SECONDS_OF_A_DAY) : seconds) - origin;
    read_day(day, &numbers[1], &month);
    numbers[2] = (double)month;
    numbers[5] = (double)(day + 3 - 7 * quotient(day + 3, 7));
    numbers[6] = (double)hour;
    for (k = 0; k < 2; k++) {
        numbers[3 + k] = months[month][k];
        numbers[7 + k] = hours[hour][k];
    }
}

/* Write the row that the student reads: cells as they are, and several numbers of a moment. */
static void encode(const double *cells, double *row)
{
    double numbers[@n_numbers@];
@statements@
}
