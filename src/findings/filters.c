/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filters.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"

#define SECOND_NS INT64_C(1000000000)
enum { STATUS_LEAST = 100, STATUS_MOST = 999, YEAR_LEAST = 1900, YEAR_MOST = 2200 };

/* --- moments --- */

/* Exactly `digits` digits; points behind them, NULL when they are not there. */
static const char *digits_at(const char *at, int digits, int *value)
{
    *value = 0;
    for (int i = 0; at && i < digits; i++) {
        if (!isdigit((unsigned char)at[i]))
            return NULL;
        *value = *value * 10 + (at[i] - '0');
    }
    return at ? at + digits : NULL;
}

/* A separator and digits. */
static const char *field_at(const char *at, char separator, int digits, int *value)
{
    return at && *at == separator ? digits_at(at + 1, digits, value) : NULL;
}

/* 2h, 7d: points to the end, NULL when it is none. */
static const char *read_length(const char *text, int64_t *ns)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int number = 0, used = 0;
    if (!isdigit((unsigned char)*text) || sscanf(text, "%6d%n", &number, &used) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (text[used] == units[i].unit) {
            *ns = number * units[i].seconds * SECOND_NS;
            return text + used + 1;
        }
    return NULL;
}

/* Seconds of a day: "14:00" or "14:00:05". */
static const char *read_clock(const char *at, int64_t *seconds)
{
    int hour = 0, minute = 0, second = 0;
    at = field_at(digits_at(at, 2, &hour), ':', 2, &minute);
    if (at && *at == ':')
        at = field_at(at, ':', 2, &second);
    *seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60 ? at : NULL;
}

/* "Z" or "+02:00". */
static const char *read_offset(const char *at, int64_t *offset_s)
{
    int hours = 0, minutes = 0;
    *offset_s = 0;
    if (*at == 'Z')
        return at + 1;
    const char *end = field_at(digits_at(at + 1, 2, &hours), ':', 2, &minutes);
    *offset_s = (*at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return end;
}

/* What a clock of the zone showed, as UTC: of what it showed twice the first, of what it
 * skipped as if it had not been set yet. */
static int64_t utc_of_local(const struct zone *zone, int64_t local_s)
{
    int64_t before = local_s - zone_offset_s(zone, local_s - 86400);
    int64_t after = local_s - zone_offset_s(zone, local_s + 86400);
    bool before_fits = before + zone_offset_s(zone, before) == local_s;
    bool after_fits = after + zone_offset_s(zone, after) == local_s;
    if (before_fits && after_fits)
        return before < after ? before : after;
    return after_fits ? after : before;
}

static const char *read_civil(const char *text, const struct zone *zone, int64_t *utc_s)
{
    int year = 0, month = 0, day = 0;
    int64_t seconds = 0, offset_s = 0;
    const char *at = digits_at(text, 4, &year);
    at = field_at(field_at(at, '-', 2, &month), '-', 2, &day);
    if (!at || year < YEAR_LEAST || year > YEAR_MOST || month < 1 || month > 12)
        return NULL;
    int64_t civil = zone_day(year, month, day);
    if (zone_date(civil).month != month || zone_date(civil).day != day)
        return NULL; /* 30 February */
    if ((*at == 'T' || *at == ' ') && !(at = read_clock(at + 1, &seconds)))
        return NULL;
    int64_t local_s = civil * 86400 + seconds;
    if (*at == 'Z' || *at == '+' || *at == '-') {
        at = read_offset(at, &offset_s);
        *utc_s = local_s - offset_s;
    } else {
        *utc_s = utc_of_local(zone, local_s);
    }
    return at;
}

static int read_moment(struct filter_moment *moment, const char *option, const char *text,
                       const struct zone *zone, struct err *err)
{
    int64_t utc_s = 0;
    *moment = (struct filter_moment){.set = true, .before_last = true};
    const char *end = read_length(text, &moment->ns);
    if (!end) {
        end = read_civil(text, zone, &utc_s);
        moment->before_last = false;
        moment->ns = utc_s * SECOND_NS;
    }
    if (!end || *end)
        return err_set(err, ERR_USAGE,
                       "%s takes a moment such as 2026-11-23 or '2026-11-23 14:00', or a "
                       "time before the last request such as 2h or 7d, not \"%s\"",
                       option, text);
    return 0;
}

/* --- status --- */

/* "404", "5xx": the range it stands for. */
static const char *read_code(const char *at, struct filter_statuses *range)
{
    int code = 0;
    const char *end = digits_at(at, 3, &code);
    if (!end && *at >= '1' && *at <= '9' && strncmp(at + 1, "xx", 2) == 0) {
        *range = (struct filter_statuses){(uint16_t)((*at - '0') * 100),
                                          (uint16_t)((*at - '0') * 100 + 99)};
        return at + 3;
    }
    *range = (struct filter_statuses){(uint16_t)code, (uint16_t)code};
    return code >= STATUS_LEAST && code <= STATUS_MOST ? end : NULL;
}

static const char *read_range(const char *at, struct filter_statuses *range)
{
    struct filter_statuses high;
    at = read_code(at, range);
    if (!at || *at != '-')
        return at;
    at = read_code(at + 1, &high);
    range->high = high.high;
    return range->low <= range->high ? at : NULL;
}

static int read_status(struct filter *filter, const char *text, struct err *err)
{
    const char *at = text;
    do {
        struct filter_statuses range;
        at = read_range(at, &range);
        if (!at || (*at && *at != ','))
            return err_set(err, ERR_USAGE,
                           "--status takes 404, 5xx, 200-299 or several of them with "
                           "commas between, not \"%s\"",
                           text);
        if (filter->status_count == FILTER_STATUSES)
            return err_set(err, ERR_USAGE, "--status takes at most %d ranges",
                           FILTER_STATUSES);
        filter->statuses[filter->status_count++] = range;
    } while (*at++ == ',');
    return 0;
}

/* --- the whole --- */

static void take_globs(struct filter_globs *globs, const struct filter_texts *texts)
{
    for (size_t i = 0; i < texts->count && i < FILTER_GLOBS; i++)
        globs->globs[globs->count++] = texts->items[i];
}

int filters_read(struct filters *filters, const struct filter_wishes *wishes,
                 const struct zone *zone, struct err *err)
{
    *filters = (struct filters){0};
    take_globs(&filters->filter.endpoints, &wishes->endpoints);
    take_globs(&filters->filter.versions, &wishes->versions);
    take_globs(&filters->filter.groups, &wishes->groups);
    for (size_t i = 0; i < wishes->statuses.count; i++)
        if (read_status(&filters->filter, wishes->statuses.items[i], err) != 0)
            return -1;
    if (wishes->since &&
        read_moment(&filters->since, "--since", wishes->since, zone, err) != 0)
        return -1;
    if (wishes->until &&
        read_moment(&filters->until, "--until", wishes->until, zone, err) != 0)
        return -1;
    return filters_need_last(filters) ? 0 : filters_set_times(filters, 0, err);
}

bool filters_need_last(const struct filters *filters)
{
    return filters->since.before_last || filters->until.before_last;
}

static int64_t moment_ns(const struct filter_moment *moment, int64_t last_utc_ns)
{
    return moment->before_last ? last_utc_ns - moment->ns : moment->ns;
}

int filters_set_times(struct filters *filters, int64_t last_utc_ns, struct err *err)
{
    struct filter *filter = &filters->filter;
    filter->has_since = filters->since.set;
    filter->has_until = filters->until.set;
    filter->since_utc_ns = moment_ns(&filters->since, last_utc_ns);
    filter->until_utc_ns = moment_ns(&filters->until, last_utc_ns);
    if (filter->has_since && filter->has_until &&
        filter->since_utc_ns >= filter->until_utc_ns)
        return err_set(err, ERR_USAGE,
                       "--since is not before --until, so no request can lie between");
    return 0;
}

struct filter filters_of_baseline(const struct filter *filter)
{
    struct filter same = *filter;
    same.versions.count = 0;
    same.has_since = same.has_until = false;
    return same;
}
