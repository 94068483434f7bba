/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is called when, how often by how many, and how fast for whom in which version. */
#include "passages.h"

#include "label.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    BARS_MAX = 32,

    ENDPOINTS_SHOWN = 10,
    ACTORS_SHOWN = 10,
    VERSIONS_SHOWN = 4
};

/* --- over time --- */

/* Amounts by period, several to a bar where they are many: of / per, NAN where per is 0.
 */
static void add_series(struct outline *outline, const struct activity *activity,
                       char *label, const uint64_t *of, const double *per)
{
    size_t a_bar = (activity->period_count + BARS_MAX - 1) / BARS_MAX;
    size_t count = (activity->period_count + a_bar - 1) / a_bar;
    struct strip *strip = &outline_add(outline, BLOCK_STRIP, label)->strip;

    strip->amounts = mem_array(count, sizeof(*strip->amounts));
    strip->count = count;
    strip->after = mem_text("");
    strip->named = true;
    for (size_t i = 0; i < count; i++) {
        double amount = 0, base = 0;
        for (size_t p = i * a_bar; p < (i + 1) * a_bar && p < activity->period_count; p++)
            amount += (double)of[p], base += per[p];
        strip->amounts[i] = base > 0 ? amount / base : NAN;
    }
}

/* Each strip's largest amount becomes 1; says what it is. */
static void scale_rate(struct strip *strip)
{
    double most = 0;

    for (size_t i = 0; i < strip->count; i++)
        most = fmax(most, isfinite(strip->amounts[i]) ? strip->amounts[i] : 0);
    for (size_t i = 0; i < strip->count && most > 0; i++)
        strip->amounts[i] /= most;
    free(strip->after);
    strip->after = outline_text("up to %s", format_rate(most).s);
}

static void add_endpoint_rates(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    const struct activity *activity = &report->activity;
    size_t shown = outline_rows(report, overview->endpoint_count);

    if (activity->period_count < 4 || overview->endpoint_count < 2)
        return;
    outline_add(outline, BLOCK_LINE,
                mem_text("Rate of each endpoint over time, each by its own largest:"));
    for (size_t i = 0; i < shown && i < ENDPOINTS_SHOWN; i++) {
        size_t e = report->order[i];
        add_series(outline, activity, label_of_endpoint(report, &overview->endpoints[e]),
                   activity->endpoints[e].requests, activity->seconds);
        scale_rate(&outline->passages[outline->count - 1].strip);
    }
}

static void add_version_shares(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    const struct activity *activity = &report->activity;

    if (activity->period_count < 4 || overview->version_count < 2)
        return;
    outline_add(outline, BLOCK_LINE,
                mem_text("Share of each version of all requests over time:"));
    double *all = mem_array(activity->period_count, sizeof(*all));
    for (size_t i = 0; i < activity->period_count; i++)
        all[i] = (double)activity->requests[i];
    size_t first = overview->version_count > ENDPOINTS_SHOWN
                       ? overview->version_count - ENDPOINTS_SHOWN
                       : 0;
    for (size_t v = first; v < overview->version_count; v++)
        add_series(outline, activity, label_of_version(report, v),
                   activity->versions[v].requests, all);
    free(all);
}

/* --- who, by week and month --- */

static const struct table_column visitor_columns[] = {
    {"From", false, false, 0},
    {"", false, false, 0},
    {"Groups", true, false, 0},
    {"Addresses", true, false, 0},
};

static void add_visitor_rows(struct table *table, const struct usage *usage,
                             const struct usage_visitors *rows, size_t count,
                             const char *what)
{
    for (size_t i = count > ACTORS_SHOWN ? count - ACTORS_SHOWN : 0; i < count; i++) {
        table_add(table, format_day(rows[i].day).s);
        table_add(table, what);
        table_add(table, usage->groups.distinct > 0
                             ? text_of_distinct(rows[i].groups, rows[i].groups_exact).s
                             : "\u2013");
        table_add(table,
                  usage->addresses.distinct > 0
                      ? text_of_distinct(rows[i].addresses, rows[i].addresses_exact).s
                      : "\u2013");
    }
}

/* One week says no more than its days. */
static void add_visitors(struct outline *outline, const struct usage *usage)
{
    if (usage->visitor_week_count < 2 ||
        (usage->groups.distinct <= 0 && usage->addresses.distinct <= 0))
        return;
    struct table *table = outline_table(
        outline, mem_text("Different groups and addresses by week and month (UTC)"),
        visitor_columns, COUNT(visitor_columns));
    add_visitor_rows(table, usage, usage->visitor_weeks, usage->visitor_week_count,
                     "week");
    add_visitor_rows(table, usage, usage->visitor_months, usage->visitor_month_count,
                     "month");
}

/* --- how fast for whom --- */

static const struct table_column latency_columns[] = {
    {"Name", false, true, 0}, {"Version", false, false, 0}, {"Requests", true, false, 0},
    {"5xx", true, false, 1},  {"p50", true, false, 0},      {"p95", true, false, 0},
};

static void add_actor(struct table *table, const struct report *report,
                      const struct usage_actors *actors,
                      const struct actor_latency *latency, size_t row)
{
    size_t columns = latency->column_count, said = 0;
    size_t first = columns > VERSIONS_SHOWN ? columns - VERSIONS_SHOWN : 0;

    for (size_t v = first; v < columns; v++) {
        const struct actor_version *cell = actor_latency_at(latency, row, v);
        if (cell->requests == 0)
            continue;
        table_add_take(table, said++ ? mem_text("")
                                     : label_of_name(&actors->rows[row].name, "(none)"));
        table_add_take(table, label_of_version(report, v));
        table_add_count(table, cell->requests);
        table_add_share(table, cell->server_errors, cell->requests, TONE_BAD);
        table_add(table, text_of_quantile(&cell->quantiles[QUANTILE_50]).s);
        table_add(table, text_of_quantile(&cell->quantiles[QUANTILE_95]).s);
    }
}

static void add_latency(struct outline *outline, const struct report *report,
                        const struct usage_actors *actors,
                        const struct actor_latency *latency, const char *what)
{
    if (latency->column_count < 2 || latency->row_count == 0)
        return;
    struct table *table =
        outline_detail(outline, outline_text("Most active %s, version by version", what),
                       latency_columns, COUNT(latency_columns));
    outline_numbers_of(outline, actors == &report->usage.groups ? REPORT_CHART_GROUPS
                                                                : REPORT_CHART_ADDRESSES);
    for (size_t i = 0; i < latency->row_count && i < ACTORS_SHOWN; i++)
        add_actor(table, report, actors, latency, i);
}

void outline_activity(struct outline *outline, const struct report *report)
{
    add_endpoint_rates(outline, report);
    add_version_shares(outline, report);
}

void outline_actors(struct outline *outline, const struct report *report)
{
    add_visitors(outline, &report->usage);
    add_latency(outline, report, &report->usage.groups, &report->group_latency, "groups");
    add_latency(outline, report, &report->usage.addresses, &report->address_latency,
                "addresses");
}
