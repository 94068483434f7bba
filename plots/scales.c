/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values to places, and round values: see scales.h. */
#include "plots/scales.h"

#include <assert.h>
#include <math.h>

enum { MOST_TICKS = 1000 }; /* a bound for every loop over ticks */

struct scale scale_linear(double low, double high, double from, double to)
{
    if (!isfinite(low) || !isfinite(high) || low > high) {
        low = 0;
        high = 1;
    }
    if (low == high) {
        double margin = low == 0 ? 1 : fabs(low) / 2;
        low -= margin;
        high += margin;
    }
    return (struct scale){SCALE_LINEAR, low, high, from, to};
}

struct scale scale_log(double low, double high, double from, double to)
{
    if (!isfinite(low) || !isfinite(high) || low <= 0 || low > high) {
        low = 1;
        high = 10;
    }
    if (high < low * 1.1) {
        double middle = sqrt(low) * sqrt(high);
        low = middle / 2;
        high = middle * 2;
    }
    return (struct scale){SCALE_LOG, low, high, from, to};
}

struct scale scale_nines(double high_share, double from, double to)
{
    if (!(high_share >= 0.5))
        high_share = 0.5;
    return (struct scale){SCALE_NINES, 0, fmin(high_share, 1 - 1e-9), from, to};
}

struct scale scale_band(size_t bands, double from, double to)
{
    return (struct scale){SCALE_BAND, -0.5, (bands ? (double)bands : 1) - 0.5, from, to};
}

struct scale scale_time(double low_s, double high_s, double from, double to)
{
    if (low_s == high_s) { /* a moment: the minute around it */
        low_s -= 30;
        high_s += 30;
    }
    struct scale scale = scale_linear(low_s, high_s, from, to);
    scale.kind = SCALE_TIME;
    return scale;
}

/* Number of nines of a share, 0 → 0, 0.9 → 1, 0.99 → 2. */
static double nines(double share)
{
    return -log10(fmax(1 - share, 1e-12));
}

double scale_at(const struct scale *scale, double value)
{
    double at = value, low = scale->low, high = scale->high;
    if (isnan(at) || (scale->kind == SCALE_LOG && at <= 0))
        return scale->from;
    at = fmin(fmax(at, -1e300), 1e300);
    if (scale->kind == SCALE_LOG) {
        at = log10(at);
        low = log10(low);
        high = log10(high);
    } else if (scale->kind == SCALE_NINES) {
        at = nines(at);
        low = nines(low);
        high = nines(high);
    }
    double share = (at - low) / (high - low);
    return scale->from + fmin(fmax(share, -1e6), 1e6) * (scale->to - scale->from);
}

double scale_band_pt(const struct scale *scale)
{
    return fabs(scale->to - scale->from) / (scale->high - scale->low);
}

static double room_for(const struct scale *scale, double label_pt)
{
    double wanted = floor(fabs(scale->to - scale->from) / fmax(label_pt, 1));
    return fmin(fmax(wanted, 1), 100);
}

/* The smallest 1, 2, 2.5 or 5 × 10^k that is at least step. */
static double nice_step(double step)
{
    static const double mantissas[] = {1, 2, 2.5, 5, 10};
    double decade = pow(10, floor(log10(step)));
    for (size_t i = 0; i < sizeof(mantissas) / sizeof(mantissas[0]); i++)
        if (mantissas[i] * decade >= step * (1 - 1e-9))
            return mantissas[i] * decade;
    return 10 * decade;
}

/* Ticks are i × step, not sums, so that 0 is 0 and no error piles up. */
static size_t linear_ticks(const struct scale *scale, double label_pt, struct tick *ticks,
                           size_t room)
{
    double step = nice_step((scale->high - scale->low) / room_for(scale, label_pt));
    double slack = step * 1e-9;
    size_t count = 0;
    double first = ceil((scale->low - slack) / step);
    for (int i = 0; i < MOST_TICKS && count < room; i++) {
        double value = (first + i) * step;
        if (value > scale->high + slack)
            break;
        ticks[count++] = (struct tick){value, true};
    }
    return count;
}

static size_t log_ticks(const struct scale *scale, double label_pt, struct tick *ticks,
                        size_t room)
{
    double decades = log10(scale->high) - log10(scale->low);
    double decade_pt = fabs(scale->to - scale->from) / decades;
    int stride = (int)fmin(ceil(label_pt / decade_pt - 1e-9), MOST_TICKS);
    stride = stride < 1 ? 1 : stride;
    bool name_2_5 = decade_pt * log10(2) >= label_pt;
    size_t count = 0, named = 0;
    int first = (int)floor(log10(scale->low));
    for (int i = 0; i < MOST_TICKS; i++) {
        int exponent = first + i;
        double decade = pow(10, exponent);
        if (decade > scale->high * (1 + 1e-9))
            break;
        for (int digit = 1; digit <= (stride == 1 ? 9 : 1); digit++) {
            double value = digit * decade;
            bool inside =
                value >= scale->low * (1 - 1e-9) && value <= scale->high * (1 + 1e-9);
            bool name = digit == 1 ? exponent % stride == 0
                                   : name_2_5 && (digit == 2 || digit == 5);
            if (!inside || count == room)
                continue;
            ticks[count++] = (struct tick){value, name};
            named += name;
        }
    }
    bool short_axis = named < 2 && decades < 1.5;
    return short_axis ? linear_ticks(scale, label_pt * 1.5, ticks, room) : count;
}

/* Whether a name at a place is far enough from all that are there. */
static bool is_free(const struct scale *scale, const struct tick *ticks, size_t count,
                    double value, double label_pt)
{
    double at = scale_at(scale, value);
    for (size_t i = 0; i < count; i++)
        if (ticks[i].named && fabs(scale_at(scale, ticks[i].value) - at) < label_pt)
            return false;
    return true;
}

/* 50 % and the nines get their names first, what is between them where there is room. */
static size_t nines_ticks(const struct scale *scale, double label_pt, struct tick *ticks,
                          size_t room)
{
    static const double shares[] = {0,       0.5,      0.75,      0.9,
                                    0.95,    0.99,     0.999,     0.9999,
                                    0.99999, 0.999999, 0.9999999, 0.99999999};
    size_t count = 0;
    while (count < room && count < sizeof(shares) / sizeof(shares[0]) &&
           shares[count] <= scale->high * (1 + 1e-12)) {
        ticks[count] = (struct tick){shares[count], false};
        count++;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            double share = ticks[i].value;
            bool first = share == 0.5 || share == 0.9 || share >= 0.99;
            if (first == (pass == 0))
                ticks[i].named = is_free(scale, ticks, count, share, label_pt);
        }
    }
    return count;
}

size_t scale_ticks(const struct scale *scale, double label_pt, struct tick *ticks,
                   size_t room)
{
    switch (scale->kind) {
    case SCALE_LINEAR:
        return linear_ticks(scale, label_pt, ticks, room);
    case SCALE_LOG:
        return log_ticks(scale, label_pt, ticks, room);
    case SCALE_NINES:
        return nines_ticks(scale, label_pt, ticks, room);
    case SCALE_BAND:
    case SCALE_TIME:
        break;
    }

    assert(false && "bands have names of their own, times have scale_time_ticks");
    return 0;
}

/* --- civil time -----------------------------------------------------------------------
 * Years start in March, so that the leap day is the last of a year; eras of 400 years
 * have 146,097 days. (Richards, Explanatory Supplement to the Astronomical Almanac,
 * 2013, 15.11.) */

static long long floor_div(long long a, long long b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

long long days_from_civil(long long year, unsigned month, unsigned day)
{
    year -= month <= 2;
    long long era = floor_div(year, 400), in_era = year - era * 400;
    long long in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    long long day_of_era = in_era * 365 + in_era / 4 - in_era / 100 + in_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil civil_from_days(long long days)
{
    long long era = floor_div(days + 719468, 146097);
    long long in_era = days + 719468 - era * 146097;
    long long year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    long long in_year = in_era - (365 * year + year / 4 - year / 100);
    long long month = (5 * in_year + 2) / 153;
    struct civil civil = {
        .year = year + era * 400 + (month >= 10),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(in_year - (153 * month + 2) / 5 + 1),
        .weekday = (unsigned)(days + 3 - floor_div(days + 3, 7) * 7),
    };
    return civil;
}

/* --- time ticks ----------------------------------------------------------------------
 */

static long long unit_seconds(enum time_unit unit)
{
    static const long long seconds[] = {1, 60, 3600, 86400, 2629746, 31556952};
    return seconds[unit];
}

static struct time_step choose_step(double seconds)
{
    static const struct time_step steps[] = {
        {TIME_SECOND, 1},  {TIME_SECOND, 2},  {TIME_SECOND, 5}, {TIME_SECOND, 10},
        {TIME_SECOND, 30}, {TIME_MINUTE, 1},  {TIME_MINUTE, 2}, {TIME_MINUTE, 5},
        {TIME_MINUTE, 10}, {TIME_MINUTE, 30}, {TIME_HOUR, 1},   {TIME_HOUR, 2},
        {TIME_HOUR, 3},    {TIME_HOUR, 6},    {TIME_HOUR, 12},  {TIME_DAY, 1},
        {TIME_DAY, 2},     {TIME_DAY, 7},     {TIME_MONTH, 1},  {TIME_MONTH, 3},
        {TIME_MONTH, 6},   {TIME_YEAR, 1},    {TIME_YEAR, 2},   {TIME_YEAR, 5},
        {TIME_YEAR, 10},   {TIME_YEAR, 25},   {TIME_YEAR, 50},  {TIME_YEAR, 100}};
    size_t last = sizeof(steps) / sizeof(steps[0]) - 1, i = 0;
    while (i < last &&
           (double)(unit_seconds(steps[i].unit) * (long long)steps[i].count) < seconds)
        i++;
    return steps[i];
}

/* The civil time, as seconds since 1970 of a clock on the wall, of tick number i of a
 * step, counted from the last one at or before wall_s. */
static long long wall_tick(struct time_step step, long long wall_s, long long i)
{
    long long count = step.count;
    if (step.unit < TIME_DAY) {
        long long seconds = unit_seconds(step.unit) * count;
        return (floor_div(wall_s, seconds) + i) * seconds;
    }
    long long day = floor_div(wall_s, 86400);
    if (step.unit == TIME_DAY) {
        long long monday = count == 7 ? 3 : 0; /* 1970-01-01 was a Thursday */
        return ((floor_div(day + monday, count) + i) * count - monday) * 86400;
    }
    struct civil civil = civil_from_days(day);
    long long months = step.unit == TIME_YEAR ? 12 * count : count;
    long long month = (floor_div(civil.year * 12 + civil.month - 1, months) + i) * months;
    long long year = floor_div(month, 12);
    return days_from_civil(year, (unsigned)(month - year * 12) + 1, 1) * 86400;
}

static long long no_offset(long long utc_s, const void *zone)
{
    (void)utc_s;
    (void)zone;
    return 0;
}

/* False for a wall time that the zone skips. Of a repeated one, the first. */
static bool utc_of_wall(long long wall_s, zone_offset *offset, const void *zone,
                        long long *utc_s)
{
    long long before = offset(wall_s - 86400, zone), after = offset(wall_s + 86400, zone);
    long long larger = before > after ? before : after;
    long long smaller = before > after ? after : before;
    *utc_s = wall_s - larger;
    if (*utc_s + offset(*utc_s, zone) == wall_s)
        return true;
    *utc_s = wall_s - smaller;
    return *utc_s + offset(*utc_s, zone) == wall_s;
}

size_t scale_time_ticks(const struct scale *scale, double label_pt, zone_offset *offset,
                        const void *zone, struct tick *ticks, size_t room,
                        struct time_step *step)
{
    offset = offset ? offset : no_offset;
    /* beyond the years -10,000 to 10,000 there is nothing to name */
    double low = fmax(scale->low, -3e11), high = fmin(scale->high, 3e11);
    *step = choose_step((high - low) / room_for(scale, label_pt));
    long long first = (long long)floor(low), utc_s;
    long long wall = first + offset(first, zone);
    size_t count = 0;
    for (long long i = 0; i < MOST_TICKS && count < room; i++) {
        if (!utc_of_wall(wall_tick(*step, wall, i), offset, zone, &utc_s))
            continue;
        if ((double)utc_s > high)
            break;
        bool later = count == 0 || (double)utc_s > ticks[count - 1].value;
        if ((double)utc_s >= low && later)
            ticks[count++] = (struct tick){(double)utc_s, true};
    }
    return count;
}
