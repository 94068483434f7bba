/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slots of UTC become periods of the zone by one table for all cells, so that a calendar
 * is read at the speed of memory.
 */
#include "activity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

enum { HOURS_DAYS_MAX = 8, DAYS_MAX = 400, WEEK_DAYS = 7, SILENT_REQUESTS = 5 };
#define NO_PERIOD UINT32_MAX

const char *const activity_unit_names[] = {"hour", "day", "week"};

/* --- periods --- */

/* Of a civil day (from usage.days[0]) and an hour; before trimming. */
static size_t period_of(enum activity_unit unit, size_t day, size_t hour)
{
    return unit == ACTIVITY_HOUR   ? day * 24 + hour
           : unit == ACTIVITY_WEEK ? day / WEEK_DAYS
                                   : day;
}

static enum activity_unit unit_of(const struct usage *usage)
{
    if (usage->day_count <= HOURS_DAYS_MAX && usage->slot_s <= 3600)
        return ACTIVITY_HOUR;
    return usage->day_count <= DAYS_MAX ? ACTIVITY_DAY : ACTIVITY_WEEK;
}

/* Hours before the first request and after the last are no periods. Returns how many
 * there are before the first. */
static size_t trim(const struct usage *usage, enum activity_unit unit, size_t *count)
{
    size_t first = 0, last = period_of(unit, usage->day_count - 1, 23) + 1;
    const struct usage_day *days = usage->days;
    if (unit == ACTIVITY_HOUR) {
        while (first < last && days[first / 24].hours[first % 24].seconds <= 0)
            first++;
        while (last > first && days[(last - 1) / 24].hours[(last - 1) % 24].seconds <= 0)
            last--;
    }
    *count = last - first;
    return first;
}

static size_t lay_out(struct activity *activity, const struct usage *usage)
{
    activity->unit = unit_of(usage);
    size_t first = trim(usage, activity->unit, &activity->period_count);
    size_t count = activity->period_count;
    activity->days = mem_array(count, sizeof(*activity->days));
    activity->hours = mem_array(count, sizeof(*activity->hours));
    activity->seconds = mem_array(count, sizeof(*activity->seconds));
    activity->requests = mem_array(count, sizeof(*activity->requests));
    for (size_t d = usage->day_count; d-- > 0;)
        for (size_t h = 24; h-- > 0;) {
            size_t at = period_of(activity->unit, d, h) - first;
            if (at >= count)
                continue;
            activity->days[at] = usage->days[d].day;
            activity->hours[at] = activity->unit == ACTIVITY_HOUR ? (int)h : 0;
            activity->seconds[at] += usage->days[d].hours[h].seconds;
        }
    return first;
}

/* The period of each slot from a day on in UTC. */
struct slot_table {
    int64_t first_day; /* UTC */
    size_t day_count, day_slots;
    uint32_t *periods;
};

static void table_init(struct slot_table *table, const struct activity *activity,
                       const struct usage *usage, const struct zone *zone, size_t first)
{
    /* local days may begin a day earlier or end a day later than UTC's */
    *table = (struct slot_table){.first_day = usage->days[0].day - 1,
                                 .day_count = usage->day_count + 2,
                                 .day_slots = 86400 / usage->slot_s};
    table->periods =
        mem_array(table->day_count * table->day_slots, sizeof(*table->periods));
    for (size_t i = 0; i < table->day_count * table->day_slots; i++) {
        struct zone_time local =
            zone_local(zone, table->first_day * 86400 + (int64_t)(i * usage->slot_s));
        int64_t day = local.day - usage->days[0].day;
        size_t at = NO_PERIOD;
        if (day >= 0 && day < (int64_t)usage->day_count)
            at = period_of(activity->unit, (size_t)day, (size_t)local.second / 3600) -
                 first;
        table->periods[i] = at < activity->period_count ? (uint32_t)at : NO_PERIOD;
    }
}

static void add_cell(const struct slot_table *table, const struct calendar *calendar,
                     struct activity_series *endpoint, struct activity_series *version,
                     uint64_t *all)
{
    for (size_t d = 0; d < calendar->count; d++) {
        const struct calendar_day *day = &calendar->days[d];
        int64_t from = day->day - table->first_day;
        if (from < 0 || from >= (int64_t)table->day_count)
            continue;
        const uint32_t *periods = &table->periods[(size_t)from * table->day_slots];
        for (size_t i = 0; i < table->day_slots; i++) {
            uint64_t requests = day->slots[i].requests, errors = day->slots[i].errors;
            if (requests == 0 || periods[i] == NO_PERIOD)
                continue;
            endpoint->requests[periods[i]] += requests;
            endpoint->errors[periods[i]] += errors;
            version->requests[periods[i]] += requests;
            version->errors[periods[i]] += errors;
            all[periods[i]] += requests;
        }
    }
}

static struct activity_series *new_series(size_t count, size_t periods)
{
    struct activity_series *series = mem_array(count, sizeof(*series));
    for (size_t i = 0; i < count; i++) {
        series[i].requests = mem_array(periods, sizeof(*series[i].requests));
        series[i].errors = mem_array(periods, sizeof(*series[i].errors));
    }
    return series;
}

static void free_series(struct activity_series *series, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(series[i].requests);
        free(series[i].errors);
    }
    free(series);
}

static void add_all(struct activity *activity, const struct overview *overview,
                    const struct slot_table *table)
{
    activity->endpoints = new_series(overview->endpoint_count, activity->period_count);
    activity->versions = new_series(overview->version_count, activity->period_count);
    activity->endpoint_count = overview->endpoint_count;
    activity->version_count = overview->version_count;
    for (size_t e = 0; e < overview->endpoint_count; e++)
        for (size_t v = 0; v < overview->endpoints[e].version_count; v++) {
            const struct endpoint_version *of = &overview->endpoints[e].versions[v];
            add_cell(table, &of->cell->calendar, &activity->endpoints[e],
                     &activity->versions[of->version], activity->requests);
        }
}

/* --- who fell silent --- */

/* The newest version of an endpoint's application. */
static size_t newest_of(const struct overview *overview, const struct version *like)
{
    size_t newest = 0;
    for (size_t v = 0; v < overview->version_count; v++) {
        struct name a = overview->versions[v].source->application,
                    b = like->source->application;
        if (a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0)
            newest = v;
    }
    return newest;
}

/* By its share in the last version that had it, how many requests the newest should have
 * seen. */
static double expected_in(const struct version *newest,
                          const struct endpoint_version *last,
                          const struct version *of_last)
{
    return (double)newest->requests * (double)last->distribution.requests /
           (double)of_last->requests;
}

static bool is_silent(const struct overview *overview, size_t e,
                      struct activity_silence *silence)
{
    const struct endpoint *endpoint = &overview->endpoints[e];
    const struct distribution *all = &endpoint->all;
    const struct endpoint_version *last = &endpoint->versions[0];
    for (size_t v = 1; v < endpoint->version_count; v++)
        if (endpoint->versions[v].distribution.last_utc_ns >
            last->distribution.last_utc_ns)
            last = &endpoint->versions[v];
    const struct version *of_last = &overview->versions[last->version];
    size_t newest = newest_of(overview, of_last);
    double called_s = ((double)all->last_utc_ns - (double)all->first_utc_ns) / 1e9;
    *silence = (struct activity_silence){
        .endpoint = e,
        .version = last->version,
        .seconds =
            ((double)overview->totals.last_utc_ns - (double)all->last_utc_ns) / 1e9,
        .usual_s = all->requests > 1 ? called_s / (double)(all->requests - 1) : NAN,
        .gone = endpoint->versions[endpoint->version_count - 1].version != newest &&
                last->version != newest};
    if (silence->gone &&
        expected_in(&overview->versions[newest], last, of_last) >= ACTIVITY_SILENT_GAPS)
        return true;
    silence->gone = false;
    return all->requests >= SILENT_REQUESTS && silence->seconds >= ACTIVITY_SILENT_S &&
           silence->seconds >= ACTIVITY_SILENT_GAPS * silence->usual_s;
}

static int longest_first(const void *a, const void *b)
{
    const struct activity_silence *x = a, *y = b;
    double of_x = x->seconds / x->usual_s, of_y = y->seconds / y->usual_s;
    if (of_x != of_y)
        return of_x < of_y ? 1 : -1;
    return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

static void find_silences(struct activity *activity, const struct overview *overview)
{
    activity->silences = mem_array(overview->endpoint_count, sizeof(*activity->silences));
    for (size_t e = 0; e < overview->endpoint_count; e++)
        activity->silence_count +=
            is_silent(overview, e, &activity->silences[activity->silence_count]);
    if (activity->silence_count > 1)
        qsort(activity->silences, activity->silence_count, sizeof(*activity->silences),
              longest_first);
}

/* --- the whole --- */

void activity_build(struct activity *activity, const struct overview *overview,
                    const struct usage *usage, const struct zone *zone)
{
    struct slot_table table;
    *activity = (struct activity){0};
    if (usage->day_count == 0)
        return;
    size_t first = lay_out(activity, usage);
    table_init(&table, activity, usage, zone, first);
    add_all(activity, overview, &table);
    free(table.periods);
    find_silences(activity, overview);
}

void activity_release(struct activity *activity)
{
    free_series(activity->endpoints, activity->endpoint_count);
    free_series(activity->versions, activity->version_count);
    free(activity->days);
    free(activity->hours);
    free(activity->seconds);
    free(activity->requests);
    free(activity->silences);
    *activity = (struct activity){0};
}
