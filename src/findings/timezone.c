/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TZif bytes (RFC 8536) and POSIX TZ rules to offsets. Reads any bytes without going out
 * of bounds. Conversion is a binary search, or two rule days after the last change.
 */
#include "timezone.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* --- the calendar --- */

/* Days from civil and back: eras of 400 years = 146097 days, years begin in March. */
int64_t zone_day(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct zone_date zone_date(int64_t day)
{
    int64_t z = day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month =
        (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return (struct zone_date){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

int zone_weekday(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* --- POSIX rules --- */

/* Reads an unsigned number of at most max; NULL when there is none. */
static const char *parse_number(const char *s, int max, int *value)
{
    int n = 0;

    if (!isdigit((unsigned char)*s))
        return NULL;
    for (; isdigit((unsigned char)*s); s++)
        if ((n = n * 10 + (*s - '0')) > max)
            return NULL;
    *value = n;
    return s;
}

/* [+-]hh[:mm[:ss]]; hours up to 167 as in RFC 8536. */
static const char *parse_time(const char *s, int32_t *seconds)
{
    int part[3] = {0, 0, 0};
    int sign = *s == '-' ? -1 : 1;

    if (*s == '-' || *s == '+')
        s++;
    for (int i = 0; i < 3; i++) {
        s = parse_number(s, i == 0 ? 167 : 59, &part[i]);
        if (!s)
            return NULL;
        if (*s != ':')
            break;
        s++;
    }
    *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return s;
}

/* Letters, or anything in <>; at least three characters. */
static const char *skip_abbreviation(const char *s)
{
    const char *begin = s;

    if (*s == '<') {
        s = strchr(s, '>');
        return s && s - begin >= 4 ? s + 1 : NULL;
    }
    while (isalpha((unsigned char)*s))
        s++;
    return s - begin >= 3 ? s : NULL;
}

/* Mm.w.d, Jn or n, then /time. */
static const char *parse_rule(const char *s, struct zone_rule *rule)
{
    *rule = (struct zone_rule){.kind = ZONE_RULE_DAY, .time_s = 7200};
    if (*s == 'M') {
        rule->kind = ZONE_RULE_MONTH;
        s = parse_number(s + 1, 12, &rule->month);
        if (!s || *s != '.' || rule->month < 1)
            return NULL;
        s = parse_number(s + 1, 5, &rule->week);
        if (!s || *s != '.' || rule->week < 1)
            return NULL;
        s = parse_number(s + 1, 6, &rule->weekday);
    } else if (*s == 'J') {
        rule->kind = ZONE_RULE_JULIAN;
        s = parse_number(s + 1, 365, &rule->day);
        if (s && rule->day < 1)
            return NULL;
    } else {
        s = parse_number(s, 365, &rule->day);
    }
    if (s && *s == '/')
        s = parse_time(s + 1, &rule->time_s);
    return s;
}

int zone_parse_posix(struct zone *zone, const char *rule)
{
    const char *s = skip_abbreviation(rule);
    int32_t west_s = 0;

    if (!s || !(s = parse_time(s, &west_s)))
        return -1;
    zone->standard_offset_s = -west_s;
    zone->has_rule = true;
    zone->has_summer = false;
    if (*s == '\0')
        return 0;

    if (!(s = skip_abbreviation(s)))
        return -1;
    zone->summer_offset_s = zone->standard_offset_s + 3600;
    if (*s != ',' && *s != '\0') {
        if (!(s = parse_time(s, &west_s)))
            return -1;
        zone->summer_offset_s = -west_s;
    }
    if (*s == '\0') /* no rule given: POSIX leaves it open, everybody takes the US one */
        s = ",M3.2.0,M11.1.0";
    if (*s != ',' || !(s = parse_rule(s + 1, &zone->summer_begin)) || *s != ',' ||
        !(s = parse_rule(s + 1, &zone->summer_end)) || *s != '\0')
        return -1;
    zone->has_summer = true;
    return 0;
}

/* The civil day that a rule names in a year. */
static int64_t rule_day(const struct zone_rule *rule, int year)
{
    int64_t january_1 = zone_day(year, 1, 1);

    if (rule->kind == ZONE_RULE_DAY)
        return january_1 + rule->day;
    if (rule->kind == ZONE_RULE_JULIAN)
        return january_1 + rule->day - 1 + (is_leap(year) && rule->day >= 60);

    int64_t first = zone_day(year, rule->month, 1);
    int64_t next =
        rule->month == 12 ? zone_day(year + 1, 1, 1) : zone_day(year, rule->month + 1, 1);
    int sunday_first = (zone_weekday(first) + 1) % 7;
    int64_t day =
        first + (rule->weekday - sunday_first + 7) % 7 + (int64_t)(rule->week - 1) * 7;
    return day < next ? day : day - 7;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int32_t rule_offset_s(const struct zone *zone, int64_t utc_s)
{
    if (!zone->has_summer)
        return zone->standard_offset_s;

    int year = zone_date(floor_div(utc_s + zone->standard_offset_s, 86400)).year;
    int64_t begin = rule_day(&zone->summer_begin, year) * 86400 +
                    zone->summer_begin.time_s - zone->standard_offset_s;
    int64_t end = rule_day(&zone->summer_end, year) * 86400 + zone->summer_end.time_s -
                  zone->summer_offset_s;
    bool summer = begin < end ? utc_s >= begin && utc_s < end
                              : utc_s >= begin || utc_s < end; /* south of the equator */
    return summer ? zone->summer_offset_s : zone->standard_offset_s;
}

/* --- TZif --- */

enum { TZIF_HEADER_BYTES = 44, TZIF_CHANGES_MAX = 100000 };

struct tzif_header {
    uint32_t utc_count, standard_count, leap_count, change_count, type_count, char_count;
};

static uint32_t big_endian_32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t big_endian_64(const uint8_t *p)
{
    return (int64_t)((uint64_t)big_endian_32(p) << 32 | big_endian_32(p + 4));
}

static int read_header(const uint8_t *bytes, size_t size, struct tzif_header *header)
{
    if (size < TZIF_HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return -1;
    *header = (struct tzif_header){
        .utc_count = big_endian_32(bytes + 20),
        .standard_count = big_endian_32(bytes + 24),
        .leap_count = big_endian_32(bytes + 28),
        .change_count = big_endian_32(bytes + 32),
        .type_count = big_endian_32(bytes + 36),
        .char_count = big_endian_32(bytes + 40),
    };
    return header->change_count <= TZIF_CHANGES_MAX && header->type_count >= 1 &&
                   header->type_count <= 256
               ? 0
               : -1;
}

/* Bytes of the data behind a header, with times of time_bytes. */
static uint64_t data_bytes(const struct tzif_header *header, unsigned time_bytes)
{
    return (uint64_t)header->change_count * (time_bytes + 1) +
           (uint64_t)header->type_count * 6 + header->char_count +
           (uint64_t)header->leap_count * (time_bytes + 4) + header->standard_count +
           header->utc_count;
}

/* data: changes, their types, then types of 6 bytes: offset, is summer, abbreviation. */
static int read_changes(struct zone *zone, const struct tzif_header *header,
                        const uint8_t *data, unsigned time_bytes)
{
    const uint8_t *types = data + (size_t)header->change_count * time_bytes;
    const uint8_t *offsets = types + header->change_count;

    zone->first_offset_s = (int32_t)big_endian_32(offsets);
    zone->changes_utc_s = calloc(header->change_count + 1u, sizeof(int64_t));
    zone->offsets_s = calloc(header->change_count + 1u, sizeof(int32_t));
    if (!zone->changes_utc_s || !zone->offsets_s)
        return -1;
    for (uint32_t i = 0; i < header->change_count; i++) {
        const uint8_t *at = data + (size_t)i * time_bytes;
        if (types[i] >= header->type_count)
            return -1;
        zone->changes_utc_s[i] =
            time_bytes == 8 ? big_endian_64(at) : (int32_t)big_endian_32(at);
        zone->offsets_s[i] = (int32_t)big_endian_32(offsets + (size_t)types[i] * 6);
        if (i > 0 && zone->changes_utc_s[i] <= zone->changes_utc_s[i - 1])
            return -1;
    }
    zone->change_count = header->change_count;
    return 0;
}

/* "\nRULE\n" behind the data of version 2 and later; empty: no rule. */
static int read_footer(struct zone *zone, const uint8_t *footer, size_t size)
{
    char rule[256];
    const uint8_t *end = size > 1 ? memchr(footer + 1, '\n', size - 1) : NULL;
    size_t length = end ? (size_t)(end - footer) - 1 : 0;

    if (!end || footer[0] != '\n' || length >= sizeof(rule))
        return -1;
    if (length == 0)
        return 0;
    memcpy(rule, footer + 1, length);
    rule[length] = '\0';
    return zone_parse_posix(zone, rule);
}

static int parse_tzif(struct zone *zone, const uint8_t *bytes, size_t size)
{
    struct tzif_header header;
    unsigned time_bytes = 4;

    if (read_header(bytes, size, &header))
        return -1;
    size_t at = TZIF_HEADER_BYTES;
    if (bytes[4] >= '2') { /* the same again with 8-byte times */
        uint64_t skip = at + data_bytes(&header, 4);
        if (skip > size || read_header(bytes + skip, size - skip, &header))
            return -1;
        at = (size_t)skip + TZIF_HEADER_BYTES;
        time_bytes = 8;
    }
    uint64_t length = data_bytes(&header, time_bytes);
    if (length > size - at || read_changes(zone, &header, bytes + at, time_bytes))
        return -1;
    if (time_bytes == 8)
        return read_footer(zone, bytes + at + length, size - at - (size_t)length);
    return 0;
}

int zone_parse(struct zone *zone, const uint8_t *bytes, size_t size)
{
    if (parse_tzif(zone, bytes, size) == 0)
        return 0;
    zone_release(zone);
    return -1;
}

void zone_release(struct zone *zone)
{
    free(zone->changes_utc_s);
    free(zone->offsets_s);
    *zone = (struct zone){0};
}

/* --- conversion --- */

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->change_count; /* how many changes are at or before */

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes_utc_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->change_count && zone->has_rule)
        return rule_offset_s(zone, utc_s);
    return low == 0 ? zone->first_offset_s : zone->offsets_s[low - 1];
}

struct zone_time zone_local(const struct zone *zone, int64_t utc_s)
{
    int32_t offset_s = zone_offset_s(zone, utc_s);
    int64_t day = floor_div(utc_s + offset_s, 86400);

    return (struct zone_time){
        .day = day,
        .second = (int32_t)(utc_s + offset_s - day * 86400),
        .offset_s = offset_s,
    };
}
