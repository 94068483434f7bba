/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When it is used, and by whom. */
#include "passages.h"

#include "label.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- usage --- */

/* Bars of the strip of requests over time; days of its table. */
enum { STRIP_BARS_MAX = 60, DAYS_SHOWN = 14 };

static struct strip *add_strip(struct outline *outline, char *label, size_t count)
{
    struct passage *passage = outline_add(outline, BLOCK_STRIP, label);

    passage->strip.amounts = mem_array(count, sizeof(double));
    passage->strip.count = count;
    passage->strip.after = mem_text("");
    return &passage->strip;
}

/* Makes the largest 1. Returns what it was. */
static double scale_strip(struct strip *strip, double most)
{
    for (size_t i = 0; i < strip->count; i++)
        strip->amounts[i] = most > 0 ? strip->amounts[i] / most : strip->amounts[i];
    return most;
}

static double most_of(const struct strip *strip)
{
    double most = 0;

    for (size_t i = 0; i < strip->count; i++)
        if (strip->amounts[i] > most)
            most = strip->amounts[i];
    return most;
}

/* Counted from the first hour of the first day. */
static const struct usage_cell *hour_of(const struct usage *usage, size_t hour)
{
    return &usage->days[hour / 24].hours[hour % 24];
}

/* Hours from the first to the last with data, several to a bar where they are many. */
static void add_hours_strip(struct outline *outline, const struct usage *usage)
{
    size_t hours = usage->day_count * 24, first = 0, last = hours;

    while (first < last && hour_of(usage, first)->seconds <= 0)
        first++;
    while (last > first && hour_of(usage, last - 1)->seconds <= 0)
        last--;
    if (last - first < 4)
        return;
    size_t a_bar = (last - first + STRIP_BARS_MAX - 1) / STRIP_BARS_MAX;
    size_t count = (last - first + a_bar - 1) / a_bar;
    struct strip *strip = add_strip(outline, mem_text("Rate over time"), count);
    for (size_t i = 0; i < count; i++) {
        double requests = 0, seconds = 0;
        for (size_t h = first + i * a_bar; h < first + (i + 1) * a_bar && h < last; h++) {
            const struct usage_cell *cell = hour_of(usage, h);
            requests += (double)cell->requests;
            seconds += cell->seconds;
        }
        strip->amounts[i] = seconds > 0 ? requests / seconds : NAN;
    }
    double most = scale_strip(strip, most_of(strip));
    free(strip->after);
    strip->after = outline_text("up to %s; a bar is %zu h", format_rate(most).s, a_bar);
}

/* A map of the week: a strip of 24 shades a day. */
static void add_week(struct outline *outline, const struct usage *usage)
{
    double most = 0;
    size_t first = outline->count;

    for (int day = 0; day < 7; day++) {
        struct strip *strip = add_strip(outline, mem_text(format_weekday(day)), 24);
        strip->shades = true;
        for (int hour = 0; hour < 24; hour++) {
            const struct usage_cell *cell = &usage->week[day][hour];
            strip->amounts[hour] =
                cell->seconds > 0 ? (double)cell->requests / cell->seconds : NAN;
        }
        if (most_of(strip) > most)
            most = most_of(strip);
    }
    for (size_t i = first; i < outline->count; i++)
        scale_strip(&outline->passages[i].strip, most);
    outline_add(outline, BLOCK_LINE,
                outline_text("Hours 0 to 23 from left to right; darkest is %s.",
                             format_rate(most).s));
}

static const struct table_column day_columns[] = {
    {"Day", false, false, 0},      {"", false, false, 2},
    {"Requests", true, false, 0},  {"Rate", true, false, 0},
    {"Errors", true, false, 0},    {"Groups", true, false, 0},
    {"Addresses", true, false, 1},
};

/* Visitors are counted by UTC days: they go with the day of the same date. */
static const struct usage_visitors *visitors_of(const struct usage *usage, int64_t day)
{
    for (size_t i = 0; i < usage->visitor_count; i++)
        if (usage->visitors[i].day == day)
            return &usage->visitors[i];
    return NULL;
}

/* A dash where none was ever recorded. */
static struct text text_of_visitors(double count, bool exact, double ever)
{
    return ever > 0 ? text_of_distinct(count, exact) : format_estimate(NAN);
}

static void add_days(struct outline *outline, const struct usage *usage)
{
    size_t first = usage->day_count > DAYS_SHOWN ? usage->day_count - DAYS_SHOWN : 0;
    struct table *table =
        outline_table(outline, mem_text("Days (groups and addresses by UTC day)"),
                      day_columns, COUNT(day_columns));

    for (size_t i = first; i < usage->day_count; i++) {
        const struct usage_day *day = &usage->days[i];
        const struct usage_visitors *visitors = visitors_of(usage, day->day);
        double requests = (double)day->total.requests;
        table_add(table, format_day(day->day).s);
        table_add(table, format_weekday(zone_weekday(day->day)));
        table_add_count(table, day->total.requests);
        table_add(
            table,
            format_rate(day->total.seconds > 0 ? requests / day->total.seconds : NAN).s);
        table_add_share(table, day->total.errors, day->total.requests, TONE_BAD);
        table_add(table, visitors
                             ? text_of_visitors(visitors->groups, visitors->groups_exact,
                                                usage->groups.distinct)
                                   .s
                             : "");
        table_add(table, visitors ? text_of_visitors(visitors->addresses,
                                                     visitors->addresses_exact,
                                                     usage->addresses.distinct)
                                        .s
                                  : "");
    }
    outline_rest(outline, usage->day_count, usage->day_count - first, "earlier days");
}

static const struct table_column actor_columns[] = {
    {"Name", false, true, 0}, {"Requests", true, false, 0}, {"Share", true, false, 0},
    {"5xx", true, false, 2},  {"Mean", true, false, 1},     {"p50", true, false, 0},
    {"p95", true, false, 0},  {"p99", true, false, 1},
};
enum { ACTORS_SHOWN = 10 };

static void add_actors(struct outline *outline, const struct usage_actors *actors,
                       const char *what, bool detail)
{
    size_t shown = actors->count < ACTORS_SHOWN ? actors->count : ACTORS_SHOWN;

    if (actors->count == 0)
        return;
    struct table *table = outline_table(
        outline,
        outline_text("Most active %s, of %s", what,
                     text_of_distinct(actors->distinct, actors->distinct_exact).s),
        actor_columns, COUNT(actor_columns));
    outline->passages[outline->count - 1].detail = detail;
    for (size_t i = 0; i < shown; i++) {
        const struct usage_actor *actor = &actors->rows[i];
        struct quantile none = {.known = false};
        const size_t columns[] = {QUANTILE_50, QUANTILE_95, QUANTILE_99};
        table_add_take(table, label_of_name(&actor->name, "(none)"));
        if (actor->requests_error)
            table_add(table, format_estimate((double)actor->requests).s);
        else
            table_add_count(table, actor->requests);
        table_add(table, format_percent(actor->share).s);
        table_add_share(table, actor->server_errors, actor->requests, TONE_BAD);
        table_add(table, format_duration(actor->mean_ns).s);
        for (size_t q = 0; q < COUNT(columns); q++)
            table_add(table, text_of_quantile(actor->has_quantiles
                                                  ? &actor->quantiles[columns[q]]
                                                  : &none)
                                 .s);
    }
}

void outline_usage(struct outline *outline, const struct report *report)
{
    const struct usage *usage = &report->usage;

    if (usage->day_count == 0)
        return;
    outline_heading(outline, outline_text("Usage (%s)", report->zone.name));
    outline_charts(outline, report, REPORT_CHART_DAYS);
    outline_charts(outline, report, REPORT_CHART_WEEK);
    bool drawn = outline->page && report->options.charts; /* the same, as charts */
    if (usage->slot_s <= 3600 && !drawn) {
        add_hours_strip(outline, usage);
        if (usage->day_count > 1)
            add_week(outline, usage);
    }
    outline_activity(outline, report);
    add_days(outline, usage);
    outline_charts(outline, report, REPORT_CHART_GROUPS);
    outline_charts(outline, report, REPORT_CHART_ADDRESSES);
    add_actors(outline, &usage->groups, "groups", false);
    add_actors(outline, &usage->addresses, "addresses", true);
    outline_actors(outline, report);
}
