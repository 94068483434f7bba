/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* vasprintf */
#include "outline.h"

#include "display.h"
#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/input/input.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- building blocks --- */

static struct passage *add(struct outline *outline, enum passage_kind kind, char *text)
{
    outline->passages = vec_room(outline->passages, &outline->room, outline->count + 1,
                                 sizeof(*outline->passages));
    struct passage *passage = &outline->passages[outline->count++];
    *passage = (struct passage){.kind = kind, .text = text};
    return passage;
}

static struct table *add_table(struct outline *outline, char *heading,
                               const struct table_column *columns, size_t count)
{
    struct passage *passage = add(outline, BLOCK_TABLE, heading);

    table_init(&passage->table, columns, count);
    return &passage->table;
}

static char *printed(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *printed(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = mem_text("");
    va_end(arguments);
    return text;
}

static size_t shown_rows(const struct report *report, size_t count)
{
    unsigned top = report->options.top;

    return top && count > top ? top : count;
}

/* What a table leaves out. */
static void add_rest(struct outline *outline, size_t count, size_t shown,
                     const char *what)
{
    if (count > shown)
        add(outline, BLOCK_LINE,
            printed("%zu more %s are not shown (--top); the JSON has all.", count - shown,
                    what));
}

static void add_count(struct table *table, uint64_t count)
{
    table_add(table, format_count(count).s);
}

/* Errors stand out, their absence does not. */
static void add_share(struct table *table, uint64_t count, uint64_t of, enum tone tone)
{
    if (count == 0)
        table_add_toned(table, "0", TONE_DIM);
    else
        table_add_toned(table, format_percent((double)count / (double)of).s, tone);
}

static struct text text_of_quantile(const struct quantile *quantile)
{
    return format_duration(quantile->known ? quantile->value_ns : NAN);
}

/* --- first of all --- */

static void add_title(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;

    if (overview->all.requests == 0) {
        add(outline, BLOCK_TITLE, mem_text("No requests"));
        return;
    }
    char *applications = label_applications(report);
    char *versions = label_versions(report);
    bool named = overview->version_count > 1 || overview->versions[0].source->name.length;
    add(outline, BLOCK_TITLE,
        printed("%s%s%s \u00b7 %s to %s (%s)", applications, named ? " " : "",
                named && overview->application_count < 2 ? versions : "",
                format_moment(&report->zone, overview->totals.first_utc_ns).s,
                format_moment(&report->zone, overview->totals.last_utc_ns).s,
                report->zone.name));
    free(applications);
    free(versions);
}

static void add_notes(struct outline *outline, const struct report *report,
                      enum report_note_kind kind, bool warning, enum passage_kind as)
{
    for (size_t i = 0; i < report->note_count; i++) {
        const struct report_note *note = &report->notes[i];
        if (note->kind == kind && note->warning == warning)
            add(outline, as, mem_text(note->sentence));
    }
}

/* --- endpoints --- */

static const struct table_column overview_columns[] = {
    {"Endpoint", false, true, 0},   {"Requests", true, false, 0},
    {"Rate", true, false, 4},       {"Time", true, false, 3},
    {"4xx", true, false, 5},        {"5xx", true, false, 0},
    {"Aborted", true, false, 9},    {"Mean", true, false, 7},
    {"\u00b1 sd", true, false, 10}, {"p50", true, false, 0},
    {"p90", true, false, 6},        {"p95", true, false, 0},
    {"\u00b1 p95", true, false, 8}, {"p99", true, false, 0},
    {"p99.9", true, false, 6},      {"Max", true, false, 2},
    {"Apdex", true, false, 7},      {"Last", true, false, 11},
};

/* Half the interval as a share of the value: "±2.1 %". */
static void add_precision(struct table *table, const struct quantile *quantile)
{
    double up = quantile->high_ns - quantile->value_ns;
    double down = quantile->value_ns - quantile->low_ns;

    if (!quantile->known || quantile->value_ns <= 0)
        table_add_toned(table, format_percent(NAN).s, TONE_DIM);
    else
        table_add_toned(table,
                        format_percent((up > down ? up : down) / quantile->value_ns).s,
                        TONE_DIM);
}

static void add_overview_row(struct table *table, const struct report *report,
                             const struct distribution *d)
{
    const struct quantile *q = d->quantiles;

    add_count(table, d->requests);
    table_add(table, format_rate(d->per_s).s);
    table_add(table, format_percent(d->time_share).s);
    add_share(table, d->errors.client, d->requests, TONE_PLAIN);
    add_share(table, d->errors.server, d->requests, TONE_BAD);
    add_share(table, d->errors.aborted, d->requests, TONE_PLAIN);
    table_add(table, format_duration(d->mean_ns).s);
    table_add_toned(table, format_duration(d->stddev_ns).s, TONE_DIM);
    table_add(table, text_of_quantile(&q[QUANTILE_50]).s);
    table_add(table, text_of_quantile(&q[QUANTILE_90]).s);
    table_add(table, text_of_quantile(&q[QUANTILE_95]).s);
    add_precision(table, &q[QUANTILE_95]);
    table_add(table, text_of_quantile(&q[QUANTILE_99]).s);
    table_add(table, text_of_quantile(&q[QUANTILE_999]).s);
    table_add(table, format_duration((double)d->max_ns).s);
    table_add(table, format_number(d->apdex).s);
    table_add_toned(table, format_moment(&report->zone, d->last_utc_ns).s, TONE_DIM);
}

static void add_overview(struct outline *outline, const struct report *report)
{
    static const char *const sorted_by[] = {"time they take", "requests", "p95",
                                            "server errors", "name"};
    const struct overview *overview = &report->overview;
    size_t shown = shown_rows(report, overview->endpoint_count);
    struct table *table =
        add_table(outline, printed("Endpoints, by %s", sorted_by[report->options.sort]),
                  overview_columns, COUNT(overview_columns));

    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        table_add_take(table, label_endpoint(report, endpoint));
        add_overview_row(table, report, &endpoint->all);
    }
    if (overview->endpoint_count > 1) {
        table_add(table, "(all)");
        add_overview_row(table, report, &overview->all);
    }
    add_rest(outline, overview->endpoint_count, shown, "endpoints");
}

/* --- versions --- */

static const struct table_column version_columns[] = {
    {"Version", false, true, 0},       {"Requests", true, false, 0},
    {"Share", true, false, 0},         {"Rate", true, false, 1},
    {"First request", true, false, 0}, {"Last request", true, false, 0},
};

static void add_versions(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t first = overview->version_count - shown_rows(report, overview->version_count);
    struct table *table = add_table(outline, mem_text("Versions, newest last"),
                                    version_columns, COUNT(version_columns));

    for (size_t i = first; i < overview->version_count; i++) {
        const struct version *version = &overview->versions[i];
        double requests = (double)version->requests;
        table_add_take(table, label_version(report, i));
        add_count(table, version->requests);
        table_add(table, format_percent(requests / (double)overview->all.requests).s);
        table_add(
            table,
            format_rate(version->seconds > 0 ? requests / version->seconds : NAN).s);
        table_add(table, format_moment(&report->zone, version->source->first_utc_ns).s);
        table_add(table, format_moment(&report->zone, version->source->last_utc_ns).s);
    }
    add_rest(outline, overview->version_count, overview->version_count - first,
             "older versions");
}

static const struct table_column cell_columns[] = {
    {"Endpoint", false, true, 0}, {"Version", false, true, 0},
    {"Requests", true, false, 0}, {"Share", true, false, 5},
    {"4xx", true, false, 6},      {"5xx", true, false, 2},
    {"Mean", true, false, 7},     {"p50", true, false, 0},
    {"vs older", true, false, 0}, {"p90", true, false, 8},
    {"p95", true, false, 0},      {"vs older", true, false, 0},
    {"p99", true, false, 3},      {"vs older", true, false, 4},
    {"p99.9", true, false, 9},    {"Max", true, false, 8},
};

static void add_against(struct table *table, const struct quantile *newer,
                        const struct quantile *older)
{
    bool both = newer && older && newer->known && older->known && older->value_ns > 0;
    double ratio = both ? newer->value_ns / older->value_ns : NAN;

    table_add_toned(table, older ? format_change(ratio).s : "",
                    ratio >= 1.1   ? TONE_BAD
                    : ratio <= 0.9 ? TONE_GOOD
                                   : TONE_DIM);
}

static void add_cell_row(struct table *table, const struct report *report,
                         const struct endpoint *endpoint, size_t i, bool first)
{
    const struct distribution *d = &endpoint->versions[i].distribution;
    const struct quantile *older =
        first ? NULL : endpoint->versions[i - 1].distribution.quantiles;

    if (first)
        table_add_take(table, label_endpoint(report, endpoint));
    else
        table_add(table, "");
    table_add_take(table, label_version(report, endpoint->versions[i].version));
    add_count(table, d->requests);
    table_add(table, format_percent(d->share).s);
    add_share(table, d->errors.client, d->requests, TONE_PLAIN);
    add_share(table, d->errors.server, d->requests, TONE_BAD);
    table_add(table, format_duration(d->mean_ns).s);
    for (size_t q = 0; q < QUANTILES; q++) {
        table_add(table, text_of_quantile(&d->quantiles[q]).s);
        if (q == QUANTILE_50 || q == QUANTILE_95 || q == QUANTILE_99)
            add_against(table, &d->quantiles[q], older ? &older[q] : NULL);
    }
    table_add(table, format_duration((double)d->max_ns).s);
}

/* The newest versions of an endpoint that a table for people holds. */
enum { VERSIONS_AN_ENDPOINT = 4 };

static void add_cells(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t shown = shown_rows(report, overview->endpoint_count);
    struct table *table =
        add_table(outline, mem_text("Each endpoint, version by version"), cell_columns,
                  COUNT(cell_columns));

    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        size_t count = endpoint->version_count;
        size_t first = count > VERSIONS_AN_ENDPOINT ? count - VERSIONS_AN_ENDPOINT : 0;
        for (size_t v = first; v < count; v++)
            add_cell_row(table, report, endpoint, v, v == first);
    }
}

/* --- details --- */

static const struct table_column precision_columns[] = {
    {"Endpoint", false, true, 0}, {"Requests", true, false, 0}, {"p50", true, false, 0},
    {"p90", true, false, 0},      {"p95", true, false, 0},      {"p99", true, false, 0},
    {"p99.9", true, false, 0},
};

static char *text_of_interval(const struct quantile *quantile)
{
    if (!quantile->known)
        return mem_text(format_duration(NAN).s);
    return printed("%s (%s \u2013 %s)", format_duration(quantile->value_ns).s,
                   format_duration(quantile->low_ns).s,
                   format_duration(quantile->high_ns).s);
}

static void add_precisions(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t shown = shown_rows(report, overview->endpoint_count);
    struct table *table =
        add_table(outline, mem_text("Quantiles with their 95 % intervals"),
                  precision_columns, COUNT(precision_columns));

    outline->passages[outline->count - 1].detail = true;
    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        table_add_take(table, label_endpoint(report, endpoint));
        add_count(table, endpoint->all.requests);
        for (size_t q = 0; q < QUANTILES; q++)
            table_add_take(table, text_of_interval(&endpoint->all.quantiles[q]));
    }
}

static const struct table_column part_columns[] = {
    {"Endpoint", false, true, 0},
    {"p50", true, false, 0},
    {"p95", true, false, 0},
    {"First byte p50", true, false, 0},
    {"First byte p95", true, false, 0},
    {"In the view p50", true, false, 0},
    {"In the view p95", true, false, 0},
};

static void add_parts(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t shown = shown_rows(report, overview->endpoint_count);

    if (overview->all.first_byte.requests == 0 && overview->all.view.requests == 0)
        return;
    struct table *table =
        add_table(outline, mem_text("Until the first byte, and in the view"),
                  part_columns, COUNT(part_columns));
    outline->passages[outline->count - 1].detail = true;
    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        const struct quantile *parts[] = {endpoint->all.quantiles,
                                          endpoint->all.first_byte.quantiles,
                                          endpoint->all.view.quantiles};
        table_add_take(table, label_endpoint(report, endpoint));
        for (size_t p = 0; p < COUNT(parts); p++) {
            table_add(table, text_of_quantile(&parts[p][QUANTILE_50]).s);
            table_add(table, text_of_quantile(&parts[p][QUANTILE_95]).s);
        }
    }
}

/* --- usage --- */

/* Bars of the strip of requests over time; days of its table. */
enum { STRIP_BARS_MAX = 60, DAYS_SHOWN = 14 };

static struct strip *add_strip(struct outline *outline, char *label, size_t count)
{
    struct passage *passage = add(outline, BLOCK_STRIP, label);

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

/* Hours from the first to the last with data, several to a bar where they are many. */
static void add_hours_strip(struct outline *outline, const struct usage *usage)
{
    size_t hours = usage->day_count * 24, first = 0, last = hours;
    const struct usage_day *days = usage->days;

    while (first < last && days[first / 24].hours[first % 24].seconds <= 0)
        first++;
    while (last > first && days[(last - 1) / 24].hours[(last - 1) % 24].seconds <= 0)
        last--;
    if (last - first < 4)
        return;
    size_t a_bar = (last - first + STRIP_BARS_MAX - 1) / STRIP_BARS_MAX;
    size_t count = (last - first + a_bar - 1) / a_bar;
    struct strip *strip = add_strip(outline, mem_text("Rate over time"), count);
    for (size_t i = 0; i < count; i++) {
        double requests = 0, seconds = 0;
        for (size_t h = first + i * a_bar; h < first + (i + 1) * a_bar && h < last; h++) {
            requests += (double)days[h / 24].hours[h % 24].requests;
            seconds += days[h / 24].hours[h % 24].seconds;
        }
        strip->amounts[i] = seconds > 0 ? requests / seconds : NAN;
    }
    double most = scale_strip(strip, most_of(strip));
    free(strip->after);
    strip->after = printed("up to %s; a bar is %zu h", format_rate(most).s, a_bar);
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
    add(outline, BLOCK_LINE,
        printed("Hours 0 to 23 from left to right; darkest is %s.", format_rate(most).s));
}

static const struct table_column day_columns[] = {
    {"Day", false, false, 0},      {"", false, false, 1},
    {"Requests", true, false, 0},  {"Rate", true, false, 0},
    {"Errors", true, false, 0},    {"Groups", true, false, 0},
    {"Addresses", true, false, 0},
};

/* Visitors are counted by UTC days: they go with the day of the same date. */
static const struct usage_visitors *visitors_of(const struct usage *usage, int64_t day)
{
    for (size_t i = 0; i < usage->visitor_count; i++)
        if (usage->visitors[i].day == day)
            return &usage->visitors[i];
    return NULL;
}

static struct text text_of_distinct(double count, bool exact)
{
    return exact ? format_count((uint64_t)count) : format_estimate(count);
}

static void add_days(struct outline *outline, const struct usage *usage)
{
    size_t first = usage->day_count > DAYS_SHOWN ? usage->day_count - DAYS_SHOWN : 0;
    struct table *table =
        add_table(outline, mem_text("Days (groups and addresses by UTC day)"),
                  day_columns, COUNT(day_columns));

    for (size_t i = first; i < usage->day_count; i++) {
        const struct usage_day *day = &usage->days[i];
        const struct usage_visitors *visitors = visitors_of(usage, day->day);
        double requests = (double)day->total.requests;
        table_add(table, format_day(day->day).s);
        table_add(table, format_weekday(zone_weekday(day->day)));
        add_count(table, day->total.requests);
        table_add(
            table,
            format_rate(day->total.seconds > 0 ? requests / day->total.seconds : NAN).s);
        add_share(table, day->total.errors, day->total.requests, TONE_BAD);
        table_add(table,
                  visitors ? text_of_distinct(visitors->groups, visitors->groups_exact).s
                           : "0");
        table_add(table,
                  visitors
                      ? text_of_distinct(visitors->addresses, visitors->addresses_exact).s
                      : "0");
    }
    add_rest(outline, usage->day_count, usage->day_count - first, "earlier days");
}

static const struct table_column actor_columns[] = {
    {"", false, true, 0},    {"Requests", true, false, 0}, {"Share", true, false, 0},
    {"5xx", true, false, 2}, {"Mean", true, false, 1},     {"p50", true, false, 0},
    {"p95", true, false, 0}, {"p99", true, false, 1},
};
enum { ACTORS_SHOWN = 10 };

static void add_actors(struct outline *outline, const struct usage_actors *actors,
                       const char *what, bool detail)
{
    size_t shown = actors->count < ACTORS_SHOWN ? actors->count : ACTORS_SHOWN;

    if (actors->count == 0)
        return;
    struct table *table =
        add_table(outline,
                  printed("Most active %s, of %s", what,
                          text_of_distinct(actors->distinct, actors->distinct_exact).s),
                  actor_columns, COUNT(actor_columns));
    outline->passages[outline->count - 1].detail = detail;
    for (size_t i = 0; i < shown; i++) {
        const struct usage_actor *actor = &actors->rows[i];
        struct quantile none = {.known = false};
        const size_t columns[] = {QUANTILE_50, QUANTILE_95, QUANTILE_99};
        table_add_take(table, label_name(&actor->name, "(none)"));
        if (actor->requests_error)
            table_add(table, format_estimate((double)actor->requests).s);
        else
            add_count(table, actor->requests);
        table_add(table, format_percent(actor->share).s);
        add_share(table, actor->server_errors, actor->requests, TONE_BAD);
        table_add(table, format_duration(actor->mean_ns).s);
        for (size_t q = 0; q < COUNT(columns); q++)
            table_add(table, text_of_quantile(actor->has_quantiles
                                                  ? &actor->quantiles[columns[q]]
                                                  : &none)
                                 .s);
    }
}

static void add_usage(struct outline *outline, const struct report *report)
{
    const struct usage *usage = &report->usage;

    if (usage->day_count == 0)
        return;
    add(outline, BLOCK_HEADING, printed("Usage (%s)", report->zone.name));
    if (usage->slot_s <= 3600) {
        add_hours_strip(outline, usage);
        if (usage->day_count > 1)
            add_week(outline, usage);
    }
    add_days(outline, usage);
    add_actors(outline, &usage->groups, "groups", false);
    add_actors(outline, &usage->addresses, "addresses", true);
}

/* --- what was read --- */

static const struct table_column host_columns[] = {
    {"Host", false, true, 0},         {"Processes", true, false, 0},
    {"Requests", true, false, 0},     {"First request", true, false, 0},
    {"Last request", true, false, 0},
};

static void add_hosts(struct outline *outline, const struct report *report)
{
    const struct input_report *input = report->input;
    size_t shown = shown_rows(report, input->host_count);

    if (input->host_count < 2)
        return;
    struct table *table =
        add_table(outline, mem_text("Hosts"), host_columns, COUNT(host_columns));
    outline->passages[outline->count - 1].detail = true;
    for (size_t i = 0; i < shown; i++) {
        const struct input_host *host = &input->hosts[i];
        struct name name = {host->name, strlen(host->name)};
        table_add_take(table, label_name(&name, "(unknown)"));
        add_count(table, host->processes);
        add_count(table, host->requests);
        table_add(table, format_moment(&report->zone, host->first_utc_ns).s);
        table_add(table, format_moment(&report->zone, host->last_utc_ns).s);
    }
    add_rest(outline, input->host_count, shown, "hosts");
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void add_input(struct outline *outline, const struct report *report)
{
    const struct input_report *input = report->input;
    const struct input_recorder *recorder = &input->recorder;
    uint64_t dropped = 0;

    for (size_t i = 0; i < COUNT(recorder->dropped); i++)
        dropped += recorder->dropped[i];
    add(outline, BLOCK_HEADING, mem_text("What was read"));
    add(outline, BLOCK_LINE,
        printed("%s trace%s of %s process%s on %zu host%s in %s file%s: %s, %s block%s, "
                "%s request%s.",
                format_count(input->traces).s, plural(input->traces),
                format_count(input->processes).s, input->processes == 1 ? "" : "es",
                input->host_count, plural(input->host_count),
                format_count(input->files).s, plural(input->files),
                format_bytes(input->bytes).s, format_count(input->blocks).s,
                plural(input->blocks), format_count(input->requests).s,
                plural(input->requests)));
    add(outline, BLOCK_LINE,
        printed("Not read: %s damaged block%s, %s request%s in them. %s of %s process%s "
                "ended cleanly.",
                format_count(input->blocks_skipped).s, plural(input->blocks_skipped),
                format_count(input->requests_skipped).s, plural(input->requests_skipped),
                format_count(input->clean_ends).s, format_count(input->processes).s,
                input->processes == 1 ? "" : "es"));
    add(outline, BLOCK_LINE,
        printed("The recorder issued %s request%s: %s recorded, %s dropped.",
                format_count(recorder->issued).s, plural(recorder->issued),
                format_count(recorder->recorded).s, format_count(dropped).s));
    add_notes(outline, report, REPORT_NOTE_INPUT, false, BLOCK_LINE);
    add_hosts(outline, report);
}

static void add_charts(struct outline *outline, const struct report *report)
{
    bool first = true;

    for (size_t i = 0; i < report->chart_count; i++) {
        if (!report->charts[i].written)
            continue;
        if (first)
            add(outline, BLOCK_HEADING, mem_text("Charts"));
        first = false;
        add(outline, BLOCK_CHART, mem_text(report->charts[i].title))->name =
            report->charts[i].name;
    }
}

/* --- the whole --- */

void outline_build(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;

    *outline = (struct outline){0};
    add_title(outline, report);
    add_notes(outline, report, REPORT_NOTE_FINDING, false, BLOCK_FINDING);
    add_notes(outline, report, REPORT_NOTE_INPUT, true, BLOCK_WARNING);
    add_notes(outline, report, REPORT_NOTE_METHOD, true, BLOCK_WARNING);
    if (overview->endpoint_count > 0) {
        add_overview(outline, report);
        if (overview->version_count > 1) {
            add_cells(outline, report);
            add_versions(outline, report);
        }
        add_precisions(outline, report);
        add_parts(outline, report);
    }
    add_usage(outline, report);
    add_input(outline, report);
    add_charts(outline, report);
    add(outline, BLOCK_HEADING, mem_text("How to read it"));
    add_notes(outline, report, REPORT_NOTE_METHOD, false, BLOCK_LINE);
    add_notes(outline, report, REPORT_NOTE_NEXT, false, BLOCK_NEXT);
}

void outline_release(struct outline *outline)
{
    for (size_t i = 0; i < outline->count; i++) {
        struct passage *passage = &outline->passages[i];
        free(passage->text);
        free(passage->strip.amounts);
        free(passage->strip.after);
        table_release(&passage->table);
    }
    free(outline->passages);
    *outline = (struct outline){0};
}

char *strip_text(const struct strip *strip, bool ascii)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const shades[] = {" ", "░", "▒", "▓", "█"};
    static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    const char *const *signs = ascii ? plain : strip->shades ? shades : bars;
    size_t steps = !ascii && strip->shades ? COUNT(shades) - 1 : COUNT(bars) - 1;
    struct str text;

    str_init(&text);
    for (size_t i = 0; i < strip->count; i++) {
        double amount = strip->amounts[i];
        if (!isfinite(amount))
            str_add_text(&text, ascii ? " " : "\u00b7");
        else if (amount <= 0)
            str_add_text(&text, signs[0]);
        else
            str_add_text(&text,
                         signs[1 + (size_t)(fmin(amount, 1) * (double)(steps - 1) + .5)]);
    }
    return str_take(&text);
}
