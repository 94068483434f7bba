/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slots of UTC become hours of a zone: each slot goes to the local hour in which it
 * begins. Zones of the present have offsets of whole quarters, so with slots of a quarter
 * nothing is misplaced.
 */
#include "usage.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

/* --- counts over time --- */

/* Slots of all cells added up, from the first UTC day to the last. */
struct slots {
    int64_t first_day;
    size_t count; /* days × slots a day */
    uint32_t slot_s;
    uint64_t *requests, *errors;
    int64_t first_utc_ns, last_utc_ns; /* of requests */
};

static void add_calendar(struct slots *slots, const struct calendar *calendar)
{
    size_t day_slots = 86400 / slots->slot_s;

    for (uint32_t d = 0; d < calendar->count; d++) {
        const struct calendar_day *day = &calendar->days[d];
        size_t at = (size_t)(day->day - slots->first_day) * day_slots;
        if (day->day < slots->first_day || at + day_slots > slots->count)
            continue;
        for (size_t i = 0; i < day_slots; i++) {
            slots->requests[at + i] += day->slots[i].requests;
            slots->errors[at + i] += day->slots[i].errors;
        }
    }
}

static void slots_init(struct slots *slots, const struct summary *summary)
{
    const int32_t *days;
    size_t day_count = summary_days(summary, &days);
    struct summary_endpoint *const *endpoints;
    size_t endpoint_count = summary_endpoints(summary, &endpoints);

    struct summary_totals totals = summary_totals(summary);
    *slots = (struct slots){.slot_s = totals.slot_s,
                            .first_utc_ns = totals.first_utc_ns,
                            .last_utc_ns = totals.last_utc_ns};
    if (day_count == 0 || slots->slot_s == 0)
        return;
    int64_t last = days[day_count - 1];
    size_t first = 0;
    while (last - days[first] >= USAGE_DAYS_MAX)
        first++;
    slots->first_day = days[first];
    slots->count = (size_t)(last - slots->first_day + 1) * (86400 / slots->slot_s);
    slots->requests = mem_array(slots->count, sizeof(*slots->requests));
    slots->errors = mem_array(slots->count, sizeof(*slots->errors));
    for (size_t e = 0; e < endpoint_count; e++)
        for (size_t c = 0; c < endpoints[e]->cell_count; c++)
            add_calendar(slots, &endpoints[e]->cells[c]->calendar);
}

static void slots_release(struct slots *slots)
{
    free(slots->requests);
    free(slots->errors);
}

static void cell_add(struct usage_cell *cell, uint64_t requests, uint64_t errors,
                     double seconds)
{
    cell->requests += requests;
    cell->errors += errors;
    cell->seconds += seconds;
}

/* One slot into its hour of the day, of the week, its day and the whole. */
static void place_slot(struct usage *usage, const struct zone_time *local,
                       uint64_t requests, uint64_t errors, double seconds)
{
    struct usage_day *day = &usage->days[local->day - usage->days[0].day];
    int hour = local->second / 3600;

    cell_add(&day->hours[hour], requests, errors, seconds);
    cell_add(&day->total, requests, errors, seconds);
    cell_add(&usage->week[zone_weekday(local->day)][hour], requests, errors, seconds);
    cell_add(&usage->total, requests, errors, seconds);
}

static void allocate_days(struct usage *usage, int64_t first, int64_t last)
{
    usage->day_count = (size_t)(last - first + 1);
    usage->days = mem_array(usage->day_count, sizeof(*usage->days));
    for (size_t i = 0; i < usage->day_count; i++)
        usage->days[i].day = first + (int64_t)i;
}

/* Seconds of a slot between the first request and the last; at least one, since there is
 * a request in it. */
static double recorded_s(const struct slots *slots, int64_t begin_s)
{
    double from_s = fmax((double)begin_s, (double)slots->first_utc_ns / 1e9);
    double until_s =
        fmin((double)(begin_s + slots->slot_s), (double)slots->last_utc_ns / 1e9);

    return fmax(until_s - from_s, 1);
}

static void place_slots(struct usage *usage, const struct slots *slots,
                        const struct zone *zone)
{
    size_t first = 0, last = slots->count;

    while (first < last && slots->requests[first] == 0)
        first++;
    while (last > first && slots->requests[last - 1] == 0)
        last--;
    if (first == last)
        return;
    int64_t begin_s = slots->first_day * 86400;
    int64_t slot_s = slots->slot_s;
    allocate_days(usage, zone_local(zone, begin_s + (int64_t)first * slot_s).day,
                  zone_local(zone, begin_s + (int64_t)(last - 1) * slot_s).day);
    for (size_t i = first; i < last; i++) {
        int64_t at_s = begin_s + (int64_t)i * slot_s;
        struct zone_time local = zone_local(zone, at_s);
        bool whole = i > first && i + 1 < last;
        place_slot(usage, &local, slots->requests[i], slots->errors[i],
                   whole ? (double)slot_s : recorded_s(slots, at_s));
        usage->misaligned |= slot_s > 3600 || local.second % 3600 % slot_s != 0;
    }
}

/* The hour with most requests. */
static void find_busiest(struct usage *usage)
{
    uint64_t most = 0;

    for (size_t d = 0; d < usage->day_count; d++)
        for (size_t h = 0; h < 24; h++)
            if (usage->days[d].hours[h].requests > most) {
                most = usage->days[d].hours[h].requests;
                usage->busiest_day = d;
                usage->busiest_hour = h;
            }
}

static void compare(struct usage_cell *cells, size_t count,
                    const struct usage_cell *whole)
{
    for (size_t i = 0; i < count; i++)
        cells[i].relative = (double)cells[i].requests / cells[i].seconds /
                            ((double)whole->requests / whole->seconds);
}

/* Rates against the mean rate; 0 / 0 is the NAN that is meant. */
static void compare_all(struct usage *usage)
{
    for (size_t d = 0; d < usage->day_count; d++) {
        compare(usage->days[d].hours, 24, &usage->total);
        compare(&usage->days[d].total, 1, &usage->total);
    }
    for (size_t d = 0; d < 7; d++)
        compare(usage->week[d], 24, &usage->total);
    usage->total.relative = 1;
}

/* --- by whom --- */

/* First day of the period that a day is of. */
typedef int64_t period_call(int64_t day);

static int64_t day_itself(int64_t day)
{
    return day;
}

static int64_t monday_of(int64_t day)
{
    return day - zone_weekday(day);
}

static int64_t first_of_month(int64_t day)
{
    return day - zone_date(day).day + 1;
}

static struct usage_visitors *new_visitors(const struct summary *summary,
                                           period_call *period, size_t *row_count)
{
    const int32_t *days;
    size_t count = summary_days(summary, &days);
    struct usage_visitors *rows = mem_array(count, sizeof(*rows));

    *row_count = 0;
    for (size_t first = 0, next; first < count; first = next) {
        struct usage_visitors *row = &rows[(*row_count)++];
        row->day = period(days[first]);
        for (next = first + 1; next < count && period(days[next]) == row->day;)
            next++;
        row->groups = summary_distinct_days(summary, SUMMARY_GROUP, NULL, first,
                                            next - first, &row->groups_exact);
        row->addresses = summary_distinct_days(summary, SUMMARY_ADDRESS, NULL, first,
                                               next - first, &row->addresses_exact);
    }
    return rows;
}

static void build_visitors(struct usage *usage, const struct summary *summary)
{
    usage->visitors = new_visitors(summary, day_itself, &usage->visitor_count);
    usage->visitor_weeks = new_visitors(summary, monday_of, &usage->visitor_week_count);
    usage->visitor_months =
        new_visitors(summary, first_of_month, &usage->visitor_month_count);
}

static struct usage_actor actor_of(const struct summary_value *value, double all)
{
    struct usage_actor actor = {
        .name = value->name,
        .requests = value->requests,
        .requests_error = value->requests_error,
        .server_errors = value->server_errors,
        .share = all > 0 ? (double)value->requests / all : 0,
        .mean_ns =
            value->requests ? (double)value->sum_ns / (double)value->requests : NAN,
        .has_quantiles = summary_value_is_whole(value),
    };

    for (size_t i = 0; actor.has_quantiles && i < QUANTILES; i++)
        actor.quantiles[i] =
            quantile_of(&value->histogram, quantile_shares[i], 0, HISTOGRAM_MAX_NS);
    return actor;
}

static void build_actors(struct usage_actors *actors, const struct summary *summary,
                         enum summary_dimension dimension, size_t top)
{
    double all = (double)summary_totals(summary).requests;

    actors->distinct_counted =
        summary_value_count(summary, dimension, NULL, &actors->exact);
    actors->distinct = summary_distinct(summary, dimension, NULL, SUMMARY_ALL_DAYS,
                                        &actors->distinct_exact);
    if (actors->exact) { /* counted apart is better than estimated */
        actors->distinct = (double)actors->distinct_counted;
        actors->distinct_exact = true;
    }
    actors->count = summary_values(summary, dimension, NULL, top, &actors->values);
    actors->rows = mem_array(actors->count, sizeof(*actors->rows));
    for (size_t i = 0; i < actors->count; i++)
        actors->rows[i] = actor_of(&actors->values[i], all);
}

static void release_actors(struct usage_actors *actors)
{
    summary_values_free(actors->values, actors->count);
    free(actors->rows);
}

void usage_build(struct usage *usage, const struct summary *summary,
                 const struct zone *zone, size_t top)
{
    struct slots slots;

    *usage = (struct usage){0};
    slots_init(&slots, summary);
    usage->slot_s = slots.slot_s;
    place_slots(usage, &slots, zone);
    slots_release(&slots);
    usage->outside = summary_totals(summary).requests - usage->total.requests;
    find_busiest(usage);
    compare_all(usage);
    build_visitors(usage, summary);
    build_actors(&usage->groups, summary, SUMMARY_GROUP, top);
    build_actors(&usage->addresses, summary, SUMMARY_ADDRESS, top);
}

void usage_release(struct usage *usage)
{
    release_actors(&usage->groups);
    release_actors(&usage->addresses);
    free(usage->days);
    free(usage->visitors);
    free(usage->visitor_weeks);
    free(usage->visitor_months);
    *usage = (struct usage){0};
}
