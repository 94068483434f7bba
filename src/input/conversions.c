/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conversions.h"

#include "short_decimal.h"

#include "lib/fmd-record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define LONGEST_NS (UINT64_C(1) << 63)
#define LATEST_NS UINT64_C(9200000000000000000) /* in 2261 */
enum { DAY_S = 86400, FIRST_YEAR = 1970, LAST_YEAR = 2261 };

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- numbers -------------------------------------------------------------------------
 */

/* A decimal number: whole + fraction / 10^digits. */
struct decimal {
    uint64_t whole, fraction;
    unsigned digits; /* of the fraction */
    bool huge;       /* whole does not fit */
};

/* Digits that fit 64 bits; further ones of a fraction are dropped. */
enum { WHOLE_DIGITS = 19, FRACTION_DIGITS = 18 };

static const uint64_t powers_of_ten[] = {1,
                                         10,
                                         100,
                                         1000,
                                         10000,
                                         100000,
                                         1000000,
                                         10000000,
                                         100000000,
                                         1000000000,
                                         10000000000,
                                         100000000000,
                                         1000000000000,
                                         10000000000000,
                                         100000000000000,
                                         1000000000000000,
                                         10000000000000000,
                                         100000000000000000,
                                         1000000000000000000};

/* Bytes of the number at text; 0 when there is none. */
static size_t read_decimal(const char *text, size_t length, struct decimal *decimal)
{
    const char *at = text, *end = text + length;
    uint64_t whole = 0, fraction = 0;
    unsigned digit;
    for (; at < end && (digit = (unsigned char)*at - (unsigned)'0') <= 9; at++)
        whole = whole * 10 + digit;
    size_t digits = (size_t)(at - text);
    decimal->huge = digits > WHOLE_DIGITS;
    decimal->whole = whole;
    decimal->digits = 0;
    if (at < end && *at == '.') {
        const char *first = ++at, *last = first + FRACTION_DIGITS;
        for (; at < end && at < last && (digit = (unsigned char)*at - (unsigned)'0') <= 9;
             at++)
            fraction = fraction * 10 + digit;
        decimal->digits = (unsigned)(at - first);
        while (at < end && is_digit(*at))
            at++;
        digits += (size_t)(at - first);
    }
    decimal->fraction = fraction;
    return digits ? (size_t)(at - text) : 0;
}

/* A unit is 10^this ns. */
static const unsigned ns_digits[] = {
    [UNIT_NONE] = 6, [UNIT_S] = 9, [UNIT_MS] = 6, [UNIT_US] = 3, [UNIT_NS] = 0};

static uint64_t unit_ns(enum unit unit)
{
    return powers_of_ten[ns_digits[unit]];
}

/* Rounded to the nearest; at most 2^63. */
static uint64_t scale(const struct decimal *decimal, enum unit unit)
{
    uint64_t power = powers_of_ten[decimal->digits], ns = unit_ns(unit);
    unsigned unit_digits = ns_digits[unit];
    uint64_t sum;
    if (decimal->huge || __builtin_mul_overflow(decimal->whole, ns, &sum) ||
        sum > LONGEST_NS)
        return LONGEST_NS;
    uint64_t part = 0;
    if (decimal->fraction && power <= ns) /* both are powers of ten; divisions are slow */
        part = decimal->fraction * powers_of_ten[unit_digits - decimal->digits];
    else if (decimal->fraction)
        part = decimal->digits <= 9
                   ? (decimal->fraction * ns + power / 2) / power
                   : (uint64_t)(((unsigned __int128)decimal->fraction * ns + power / 2) /
                                power);
    return sum + part < LONGEST_NS ? sum + part : LONGEST_NS;
}

/* The same of a short one; false where that is for scale() to say. */
static inline bool scale_short(const struct short_decimal *decimal, enum unit unit,
                               uint64_t *ns)
{
    unsigned unit_digits = ns_digits[unit];
    return decimal->fraction_digits <= unit_digits &&
           !__builtin_mul_overflow(decimal->digits,
                                   powers_of_ten[unit_digits - decimal->fraction_digits],
                                   ns) &&
           *ns <= LONGEST_NS;
}

/* --- durations -----------------------------------------------------------------------
 */

static bool unit_at(const char *text, size_t length, enum unit *unit)
{
    static const struct {
        const char *name;
        enum unit unit;
    } suffixes[] = {{"ms", UNIT_MS},
                    {"s", UNIT_S},
                    {"us", UNIT_US},
                    {"ns", UNIT_NS},
                    {"\xc2\xb5s", UNIT_US}};
    while (length && *text == ' ') {
        text++;
        length--;
    }
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (length == strlen(suffixes[i].name) &&
            memcmp(text, suffixes[i].name, length) == 0) {
            *unit = suffixes[i].unit;
            return true;
        }
    return length == 0;
}

/* Rare: what printers of floating-point numbers write for very short times. */
static bool convert_exponent(const char *text, size_t length, uint64_t ns,
                             uint64_t *duration_ns)
{
    char copy[64], *end;
    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    double value = strtod(copy, &end) * (double)ns;
    if (*end || !isfinite(value) || value < 0)
        return false;
    *duration_ns = value < (double)LONGEST_NS ? (uint64_t)(value + .5) : LONGEST_NS;
    return true;
}

static inline bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static inline void trim(const char **text, size_t *length)
{
    while (*length && is_blank(**text)) {
        ++*text;
        --*length;
    }
    while (*length && is_blank((*text)[*length - 1]))
        --*length;
}

bool convert_duration(const char *text, size_t length, enum unit unit,
                      uint64_t *duration_ns)
{
    struct short_decimal short_decimal;
    struct decimal decimal;
    if (read_short_decimal(text, length, &short_decimal) &&
        scale_short(&short_decimal, unit, duration_ns))
        return true;
    trim(&text, &length);
    size_t used = read_decimal(text, length, &decimal);
    if (!used)
        return false;
    if (used < length && (text[used] == 'e' || text[used] == 'E'))
        return convert_exponent(text, length, unit_ns(unit), duration_ns);
    if (used < length && !unit_at(text + used, length - used, &unit))
        return false;
    *duration_ns = scale(&decimal, unit);
    return true;
}

/* --- times ---------------------------------------------------------------------------
 */

/* Days since 1970-01-01 of a date in the Gregorian calendar (H. Hinnant, "chrono-
 * compatible low-level date algorithms"); for years from 0. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

/* Exactly count digits at text, which has them. */
static bool digits_at(const char *text, unsigned count, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(text[i]))
            return false;
        *value = *value * 10 + (unsigned char)(text[i] - '0');
    }
    return true;
}

struct moment {
    unsigned year, month, day, hour, minute, second;
};

static bool is_moment(const struct moment *at)
{
    return at->year >= FIRST_YEAR && at->year <= LAST_YEAR && at->month >= 1 &&
           at->month <= 12 && at->day >= 1 && at->day <= days_in(at->year, at->month) &&
           at->hour <= 23 && at->minute <= 59 && at->second <= 60;
}

static int64_t seconds_of(const struct moment *at)
{
    return days_of(at->year, at->month, at->day) * DAY_S + at->hour * 3600 +
           at->minute * 60 + at->second;
}

/* "Z", "+01:00", "+0100", "+01", " UTC" or nothing; true when that is all. */
static bool zone_at(const char *text, size_t length, int64_t *offset_s)
{
    unsigned hours = 0, minutes = 0;
    *offset_s = 0;
    trim(&text, &length);
    if (length == 0 || (length == 1 && (*text == 'Z' || *text == 'z')) ||
        (length == 3 && memcmp(text, "UTC", 3) == 0))
        return true;
    if (length < 3 || (*text != '+' && *text != '-') || !digits_at(text + 1, 2, &hours))
        return false;
    size_t at = length > 3 && text[3] == ':' ? 4 : 3;
    if (length != 3 && (length != at + 2 || !digits_at(text + at, 2, &minutes)))
        return false;
    if (hours > 18 || minutes > 59)
        return false;
    *offset_s = (int64_t)(hours * 3600 + minutes * 60) * (*text == '-' ? -1 : 1);
    return true;
}

/* Digits after the point, as ns; bytes used. */
static size_t fraction_at(const char *text, size_t length, int64_t *ns)
{
    size_t at = 1;
    int64_t digit_ns = SECOND_NS / 10;
    *ns = 0;
    if (length < 2 || (*text != '.' && *text != ',') || !is_digit(text[1]))
        return 0;
    for (; at < length && is_digit(text[at]); at++, digit_ns /= 10)
        *ns += (text[at] - '0') * digit_ns;
    return at;
}

static bool end_time(const struct moment *at, const char *rest, size_t length,
                     int64_t *utc_ns)
{
    int64_t ns, offset_s;
    size_t used = fraction_at(rest, length, &ns);
    if (!is_moment(at) || !zone_at(rest + used, length - used, &offset_s))
        return false;
    *utc_ns = (seconds_of(at) - offset_s) * SECOND_NS + ns;
    return true;
}

/* 2026-11-23T09:04:00... ; bytes of the shortest form: 19. */
static bool convert_iso(const char *text, size_t length, int64_t *utc_ns)
{
    struct moment at;
    if (!digits_at(text, 4, &at.year) || !digits_at(text + 5, 2, &at.month) ||
        !digits_at(text + 8, 2, &at.day) || (text[10] != 'T' && text[10] != ' ') ||
        !digits_at(text + 11, 2, &at.hour) || text[13] != ':' ||
        !digits_at(text + 14, 2, &at.minute) || text[16] != ':' ||
        !digits_at(text + 17, 2, &at.second) || text[7] != text[4])
        return false;
    return end_time(&at, text + 19, length - 19, utc_ns);
}

static unsigned month_named(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (unsigned month = 0; month < 12; month++)
        if (memcmp(names + 3 * month, text, 3) == 0)
            return month + 1;
    return 0;
}

/* 23/Nov/2026:09:04:00 +0100; bytes of the shortest form: 20. */
static bool convert_log_time(const char *text, size_t length, int64_t *utc_ns)
{
    struct moment at = {.month = month_named(text + 3)};
    if (!digits_at(text, 2, &at.day) || !digits_at(text + 7, 4, &at.year) ||
        text[6] != '/' || text[11] != ':' || !digits_at(text + 12, 2, &at.hour) ||
        text[14] != ':' || !digits_at(text + 15, 2, &at.minute) || text[17] != ':' ||
        !digits_at(text + 18, 2, &at.second))
        return false;
    return end_time(&at, text + 20, length - 20, utc_ns);
}

/* digits / 10^fraction_digits < 10^whole_digits? */
static inline bool is_below(const struct short_decimal *decimal, unsigned whole_digits)
{
    unsigned digits = whole_digits + decimal->fraction_digits;
    return digits > 18 || decimal->digits < powers_of_ten[digits];
}

static inline enum unit unit_by_size(const struct short_decimal *decimal)
{
    return is_below(decimal, 11)   ? UNIT_S
           : is_below(decimal, 14) ? UNIT_MS
           : is_below(decimal, 17) ? UNIT_US
                                   : UNIT_NS;
}

static inline bool convert_short_epoch(const char *text, size_t length, enum unit unit,
                                       int64_t *utc_ns)
{
    struct short_decimal decimal;
    uint64_t ns;
    if (!read_short_decimal(text, length, &decimal))
        return false;
    if (unit == UNIT_NONE)
        unit = unit_by_size(&decimal);
    if (!scale_short(&decimal, unit, &ns) || ns >= LATEST_NS)
        return false;
    *utc_ns = (int64_t)ns;
    return true;
}

static bool convert_epoch(const char *text, size_t length, enum unit unit,
                          int64_t *utc_ns)
{
    struct decimal decimal;
    if (read_decimal(text, length, &decimal) != length)
        return false;
    if (unit == UNIT_NONE)
        unit = unit_by_size(&(struct short_decimal){decimal.whole, 0});
    uint64_t ns = scale(&decimal, unit);
    *utc_ns = (int64_t)ns;
    return ns < LATEST_NS;
}

bool convert_time(const char *text, size_t length, enum unit unit, int64_t *utc_ns)
{
    if (convert_short_epoch(text, length, unit, utc_ns))
        return true;
    trim(&text, &length);
    if (length >= 19 && (text[4] == '-' || text[4] == '/'))
        return convert_iso(text, length, utc_ns);
    if (length >= 20 && text[2] == '/')
        return convert_log_time(text, length, utc_ns);
    return length > 0 && convert_epoch(text, length, unit, utc_ns);
}

/* --- codes ---------------------------------------------------------------------------
 */

uint16_t convert_status(const char *text, size_t length)
{
    unsigned status;
    if (length != 3)
        trim(&text, &length);
    return length == 3 && digits_at(text, 3, &status) && status >= 100 ? (uint16_t)status
                                                                       : 0;
}

uint8_t convert_method(const char *text, size_t length)
{
    static const char *const names[FMD_METHODS] = {
        [FMD_METHOD_OTHER] = "",        [FMD_METHOD_GET] = "GET",
        [FMD_METHOD_HEAD] = "HEAD",     [FMD_METHOD_POST] = "POST",
        [FMD_METHOD_PUT] = "PUT",       [FMD_METHOD_PATCH] = "PATCH",
        [FMD_METHOD_DELETE] = "DELETE", [FMD_METHOD_OPTIONS] = "OPTIONS",
        [FMD_METHOD_TRACE] = "TRACE",   [FMD_METHOD_CONNECT] = "CONNECT"};
    for (int method = 1; method < FMD_METHODS; method++)
        if (strlen(names[method]) == length && memcmp(names[method], text, length) == 0)
            return (uint8_t)method;
    return FMD_METHOD_OTHER;
}
