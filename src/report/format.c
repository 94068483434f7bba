/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char unknown[] = "\u2013";
static const char narrow_space[] = "\u202f";

static void append(struct text *text, const char *s)
{
    size_t length = strlen(text->s);

    snprintf(text->s + length, sizeof(text->s) - length, "%s", s);
}

static struct text text_of(const char *s)
{
    struct text text = {""};

    snprintf(text.s, sizeof(text.s), "%s", s);
    return text;
}

/* Decimals that leave three significant digits of a value, at most max. The value is
 * rounded first: 9.996 is 10.0, not 10.00. */
static int decimals_of(double value, int max)
{
    double size = fabs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;

    for (double limit = 0.9995; size < limit && decimals < max; limit /= 10)
        decimals++;
    return decimals < max ? decimals : max;
}

/* printf of the C locale whatever LC_NUMERIC says: only the decimal point can differ, and
 * in "%.*f" there is at most one. */
static void print_decimal(char *out, size_t size, double value, int decimals)
{
    double scale = pow(10, decimals);
    double rounded = round(fabs(value) * scale);
    double whole = floor(rounded / scale);

    int length =
        snprintf(out, size, "%s%.0f", value < 0 && rounded > 0 ? "-" : "", whole);
    if (decimals > 0 && length > 0 && (size_t)length < size)
        snprintf(out + length, size - (size_t)length, ".%0*.0f", decimals,
                 rounded - whole * scale);
}

struct text format_number(double value)
{
    struct text text = {""};

    if (!isfinite(value))
        return text_of(unknown);
    if (value == 0)
        return text_of("0");
    print_decimal(text.s, sizeof(text.s), value, decimals_of(value, 6));
    return text;
}

struct unit {
    double size, from; /* used from that many on, as rounded */
    const char *name;
};

/* The last unit whose "from" value reaches. */
static struct text with_unit(double value, const struct unit *units, size_t count,
                             const char *space)
{
    struct text text = {""};
    size_t i = count - 1;

    while (i > 0 && fabs(value) < units[i].from)
        i--;
    double scaled = value / units[i].size;
    int most = units[i].size == 1 ? 0 : 2;
    print_decimal(text.s, sizeof(text.s), scaled, decimals_of(scaled, most));
    append(&text, space);
    append(&text, units[i].name);
    return text;
}

struct text format_duration(double ns)
{
    /* 999.5 µs rounds to 1000 and is said as 1.00 ms */
    static const struct unit units[] = {
        {1, 0, "ns"},           {1e3, 999.5, "\u00b5s"}, {1e6, 999.5e3, "ms"},
        {1e9, 999.5e6, "s"},    {60e9, 599.5e9, "min"},  {3600e9, 7170e9, "h"},
        {86400e9, 172e12, "d"},
    };

    if (!isfinite(ns))
        return text_of(unknown);
    return with_unit(ns, units, sizeof(units) / sizeof(units[0]), " ");
}

struct text format_bytes(uint64_t bytes)
{
    static const struct unit units[] = {
        {1, 0, "B"},          {1e3, 999.5, "kB"},    {1e6, 999.5e3, "MB"},
        {1e9, 999.5e6, "GB"}, {1e12, 999.5e9, "TB"},
    };

    return with_unit((double)bytes, units, sizeof(units) / sizeof(units[0]), " ");
}

struct text format_rate(double per_s)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "/s"}, {60, "/min"}, {3600, "/h"}, {86400, "/d"}};
    struct text text = {""};
    size_t i = 0;

    if (!isfinite(per_s))
        return text_of(unknown);
    if (per_s <= 0)
        return text_of("0/s");
    while (i < 3 && per_s * units[i].seconds < 0.9995)
        i++;
    double scaled = per_s * units[i].seconds;
    if (scaled >= 999.5)
        text = format_count((uint64_t)llround(scaled));
    else
        print_decimal(text.s, sizeof(text.s), scaled, decimals_of(scaled, 2));
    append(&text, units[i].name);
    return text;
}

struct text format_count(uint64_t count)
{
    char digits[24];
    struct text text = {""};
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *out = text.s;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            memcpy(out, narrow_space, sizeof(narrow_space) - 1);
            out += sizeof(narrow_space) - 1;
        }
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *format_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

struct text format_estimate(double count)
{
    struct text text = {""};

    if (!isfinite(count) || count < 0)
        return text_of(unknown);
    double step = count >= 1000 ? pow(10, floor(log10(count)) - 2) : 1;
    struct text rounded = format_count((uint64_t)(round(count / step) * step));
    snprintf(text.s, sizeof(text.s), "\u2248 %.56s", rounded.s);
    return text;
}

struct text format_percent(double share)
{
    struct text text = {""};
    double percent = share * 100;

    if (!isfinite(share))
        return text_of(unknown);
    if (percent > 0 && percent < 0.01)
        return text_of("<0.01 %");
    if (percent < 100 && percent >= 99.95) { /* what is not all is never said to be all */
        print_decimal(text.s, sizeof(text.s), floor(percent * 100) / 100, 2);
        append(&text, " %");
        return text;
    }
    int decimals = percent == 0 || percent == 100 ? 0 : percent >= 9.95 ? 1 : 2;
    print_decimal(text.s, sizeof(text.s), percent, decimals);
    append(&text, " %");
    return text;
}

struct text format_change(double ratio)
{
    struct text text = {""};
    double percent = (ratio - 1) * 100;

    if (!isfinite(ratio))
        return text_of(unknown);
    if (ratio >= 3) {
        struct text number = format_number(ratio);
        snprintf(text.s, sizeof(text.s), "\u00d7%.48s", number.s);
        return text;
    }
    if (fabs(percent) < 0.05)
        return text_of("\u00b10 %");
    char digits[32];
    print_decimal(digits, sizeof(digits), fabs(percent), fabs(percent) < 9.95 ? 1 : 0);
    snprintf(text.s, sizeof(text.s), "%s%s %%", percent < 0 ? "\u2212" : "+", digits);
    return text;
}

/* --- times --- */

static int64_t floor_seconds(int64_t ns)
{
    return ns / 1000000000 - (ns % 1000000000 < 0);
}

struct text format_day(int64_t day)
{
    struct text text = {""};
    struct zone_date date = zone_date(day);

    snprintf(text.s, sizeof(text.s), "%04d-%02d-%02d", date.year, date.month, date.day);
    return text;
}

struct text format_moment(const struct zone *zone, int64_t utc_ns)
{
    struct zone_time local = zone_local(zone, floor_seconds(utc_ns));
    struct text text = format_day(local.day);
    size_t length = strlen(text.s);

    snprintf(text.s + length, sizeof(text.s) - length, " %02d:%02d", local.second / 3600,
             local.second / 60 % 60);
    return text;
}

struct text format_moment_each(const struct zone *zone, int64_t utc_ns, double apart_s)
{
    struct text text = format_moment(zone, utc_ns);
    int64_t seconds = floor_seconds(utc_ns);
    size_t length = strlen(text.s);

    if (apart_s < 60)
        length += (size_t)snprintf(text.s + length, sizeof(text.s) - length, ":%02d",
                                   zone_local(zone, seconds).second % 60);
    if (apart_s < 1)
        snprintf(text.s + length, sizeof(text.s) - length, ".%03d",
                 (int)((utc_ns - seconds * 1000000000) / 1000000));
    return text;
}

struct text format_now(const struct zone *zone)
{
    struct text text = format_moment(zone, (int64_t)time(NULL) * 1000000000);
    size_t length = strlen(text.s);

    snprintf(text.s + length, sizeof(text.s) - length, " (%.40s)", zone->name);
    return text;
}

struct text format_iso(int64_t utc_ns)
{
    int64_t seconds = floor_seconds(utc_ns);
    int64_t day = seconds / 86400 - (seconds % 86400 < 0);
    int second = (int)(seconds - day * 86400);
    struct text text = format_day(day);
    size_t length = strlen(text.s);

    snprintf(text.s + length, sizeof(text.s) - length, "T%02d:%02d:%02d.%09dZ",
             second / 3600, second / 60 % 60, second % 60,
             (int)(utc_ns - seconds * 1000000000));
    return text;
}

const char *format_weekday(int weekday)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

    return names[((weekday % 7) + 7) % 7];
}

const char *format_method(unsigned method)
{
    static const char *const names[] = {"other", "GET",    "HEAD",    "POST",  "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    return names[method < sizeof(names) / sizeof(names[0]) ? method : 0];
}
