/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much it is used, when and by whom. */
#include "json_parts.h"

#include "src/summary/distinct.h"

#include <math.h>

/* --- when and who --- */

static json_t *cell_json(const struct usage_cell *cell)
{
    if (cell->seconds <= 0)
        return json_null();
    json_t *object = json_object();
    put(object, "requests", count(cell->requests));
    put(object, "errors", count(cell->errors));
    put(object, "seconds", number(cell->seconds));
    put(object, "relative", number(cell->relative));
    return object;
}

static json_t *hours_json(const struct usage_cell *hours)
{
    json_t *array = json_array();

    for (int hour = 0; hour < 24; hour++)
        json_array_append_new(array, cell_json(&hours[hour]));
    return array;
}

static json_t *days_json(const struct usage *usage)
{
    json_t *array = json_array();

    for (size_t i = 0; i < usage->day_count; i++) {
        const struct usage_day *day = &usage->days[i];
        json_t *row = json_object();
        put(row, "day", json_string(format_day(day->day).s));
        put(row, "requests", count(day->total.requests));
        put(row, "errors", count(day->total.errors));
        put(row, "seconds", number(day->total.seconds));
        put(row, "hours", usage->slot_s <= 3600 ? hours_json(day->hours) : json_null());
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *week_json(const struct usage *usage)
{
    json_t *array = json_array();

    for (int day = 0; day < 7; day++)
        json_array_append_new(array, hours_json(usage->week[day]));
    return array;
}

static json_t *distinct_json(double distinct, bool exact)
{
    json_t *object = json_object();

    put(object, "count", number(distinct));
    put(object, "exact", json_boolean(exact));
    put(object, "standard_error", number(exact ? 0 : DISTINCT_STANDARD_ERROR * distinct));
    return object;
}

static json_t *visitors_json(const struct usage_visitors *rows, size_t row_count,
                             const char *key)
{
    json_t *array = json_array();

    for (size_t i = 0; i < row_count; i++) {
        const struct usage_visitors *day = &rows[i];
        json_t *row = json_object();
        put(row, key, json_string(format_day(day->day).s));
        put(row, "groups", distinct_json(day->groups, day->groups_exact));
        put(row, "addresses", distinct_json(day->addresses, day->addresses_exact));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *value_of(const struct quantile *quantile)
{
    return number(quantile->known ? quantile->value_ns : NAN);
}

/* In each version that has requests of it. */
static json_t *in_versions_json(const struct actor_latency *latency, size_t row_number)
{
    json_t *array = json_array();

    for (size_t v = 0; v < latency->column_count; v++) {
        const struct actor_version *cell = actor_latency_at(latency, row_number, v);
        if (cell->requests == 0)
            continue;
        const struct quantile *q = cell->quantiles;
        json_t *row = json_object();
        put(row, "version", count(v));
        put(row, "requests", count(cell->requests));
        put(row, "server_5xx", count(cell->server_errors));
        put(row, "mean_ns", number(cell->mean_ns));
        put(row, "p50_ns", value_of(&q[QUANTILE_50]));
        put(row, "p90_ns", value_of(&q[QUANTILE_90]));
        put(row, "p95_ns", value_of(&q[QUANTILE_95]));
        put(row, "p99_ns", value_of(&q[QUANTILE_99]));
        put(row, "p99.9_ns", value_of(&q[QUANTILE_999]));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *actors_json(const struct usage_actors *actors,
                           const struct actor_latency *latency)
{
    json_t *object = json_object(), *top = json_array();

    put(object, "distinct", distinct_json(actors->distinct, actors->distinct_exact));
    put(object, "counts_exact", json_boolean(actors->exact));
    for (size_t i = 0; i < actors->count; i++) {
        const struct usage_actor *actor = &actors->rows[i];
        json_t *row = json_object();
        put(row, "name", name_text(&actor->name));
        put(row, "requests", count(actor->requests));
        put(row, "requests_more_at_most", count(actor->requests_error));
        put(row, "requests_share", number(actor->share));
        put(row, "server_5xx", count(actor->server_errors));
        put(row, "mean_ns", number(actor->mean_ns));
        put(row, "quantiles",
            actor->has_quantiles ? json_quantiles(actor->quantiles) : json_null());
        put(row, "versions", in_versions_json(latency, i));
        json_array_append_new(top, row);
    }
    put(object, "most_active", top);
    return object;
}

/* --- over time --- */

static json_t *counts_json(const uint64_t *counts, size_t size)
{
    json_t *array = json_array();

    for (size_t i = 0; i < size; i++)
        json_array_append_new(array, count(counts[i]));
    return array;
}

static void put_series(json_t *row, const struct activity_series *series, size_t periods)
{
    put(row, "requests", counts_json(series->requests, periods));
    put(row, "errors", counts_json(series->errors, periods));
}

static json_t *begins_json(const struct activity *activity)
{
    json_t *array = json_array();

    for (size_t i = 0; i < activity->period_count; i++)
        json_array_append_new(array, activity->unit == ACTIVITY_HOUR
                                         ? json_sprintf("%sT%02d:00",
                                                        format_day(activity->days[i]).s,
                                                        activity->hours[i])
                                         : json_string(format_day(activity->days[i]).s));
    return array;
}

static json_t *over_time_json(const struct report *report)
{
    const struct activity *activity = &report->activity;
    json_t *object = json_object(), *seconds = json_array(), *endpoints = json_array(),
           *versions = json_array();

    for (size_t i = 0; i < activity->period_count; i++)
        json_array_append_new(seconds, number(activity->seconds[i]));
    for (size_t i = 0; i < activity->endpoint_count; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[i];
        json_t *row = json_object();
        put(row, "application", name_text(&endpoint->application));
        put(row, "endpoint", name_text(&endpoint->name));
        put_series(row, &activity->endpoints[i], activity->period_count);
        json_array_append_new(endpoints, row);
    }
    for (size_t i = 0; i < activity->version_count; i++) {
        json_t *row = json_object();
        put(row, "version", count(i));
        put_series(row, &activity->versions[i], activity->period_count);
        json_array_append_new(versions, row);
    }
    put(object, "unit", json_string(activity_unit_names[activity->unit]));
    put(object, "begins", begins_json(activity));
    put(object, "seconds", seconds);
    put(object, "requests", counts_json(activity->requests, activity->period_count));
    put(object, "endpoints", endpoints);
    put(object, "versions", versions);
    return object;
}

static json_t *silences_json(const struct report *report)
{
    const struct activity *activity = &report->activity;
    json_t *array = json_array();

    for (size_t i = 0; i < activity->silence_count; i++) {
        const struct activity_silence *silence = &activity->silences[i];
        const struct endpoint *endpoint = &report->overview.endpoints[silence->endpoint];
        json_t *row = json_object();
        put(row, "application", name_text(&endpoint->application));
        put(row, "endpoint", name_text(&endpoint->name));
        put(row, "last_request", moment(endpoint->all.last_utc_ns));
        put(row, "silent_s", number(silence->seconds));
        put(row, "usual_gap_s", number(silence->usual_s));
        put(row, "gone_in_newest", json_boolean(silence->gone));
        put(row, "last_version", count(silence->version));
        json_array_append_new(array, row);
    }
    return array;
}

/* --- the whole --- */

json_t *json_usage(const struct report *report)
{
    const struct usage *usage = &report->usage;
    json_t *object = json_object();

    put(object, "time_zone", c_text(report->zone.name));
    put(object, "slot_s", json_integer(usage->slot_s));
    put(object, "aligned", json_boolean(!usage->misaligned));
    put(object, "days", days_json(usage));
    put(object, "week_hours", usage->slot_s <= 3600 ? week_json(usage) : json_null());
    put(object, "over_time", over_time_json(report));
    put(object, "no_longer_called", silences_json(report));
    put(object, "visitors",
        visitors_json(usage->visitors, usage->visitor_count, "utc_day"));
    put(object, "visitors_by_week",
        visitors_json(usage->visitor_weeks, usage->visitor_week_count, "utc_monday"));
    put(object, "visitors_by_month",
        visitors_json(usage->visitor_months, usage->visitor_month_count, "utc_month"));
    put(object, "groups", actors_json(&usage->groups, &report->group_latency));
    put(object, "addresses", actors_json(&usage->addresses, &report->address_latency));
    return object;
}
