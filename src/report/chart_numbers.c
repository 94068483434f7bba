/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers of a chart as a table, for who reads a page without seeing it, or wants to
 * copy them: of those charts whose numbers no other table of the page has.
 */
#include "chart_parts.h"

#include "courses.h"
#include "format.h"
#include "label.h"
#include "passages.h"

#include "src/base/mem.h"

#include "plots/charts/multiples.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Rows: what a reader goes through, and what 200 endpoints have room for. */
enum {
    TIMELINE_ROWS = 24,
    TIMELINE_ROWS_OF_MANY = 8,
    TRAFFIC_ROWS = 48,
    DAYS_ROWS = 62,
    ENDPOINTS_ROWS = 30,
    VERSIONS_EACH = 4,
    PANEL_ROWS = 4 /* of each */
};

/* --- over time --- */

static const struct table_column timeline_columns[] = {
    {"From", false, false, 0}, {"Requests", true, false, 0}, {"p50", true, false, 0},
    {"p95", true, false, 0},   {"p99", true, false, 0},
};

/* When a block of time began. */
static void add_moment(struct table *table, const struct report *report,
                       const struct course_bin *bin, const struct course *course)
{
    table_add(table, format_moment_each(&report->zone, (int64_t)(bin->from_s * 1e9),
                                        course->length_s)
                         .s);
}

static char *add_timeline(struct table *table, const struct report *report,
                          const struct report_chart *chart)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    struct course course = report_course(
        report, endpoint, chart->points ? TIMELINE_ROWS_OF_MANY : TIMELINE_ROWS);

    table_init(table, timeline_columns, COUNT(timeline_columns));
    for (size_t i = 0; i < course.count; i++) {
        const struct course_bin *bin = &course.bins[i];
        if (bin->requests == 0)
            continue;
        add_moment(table, report, bin, &course);
        table_add_count(table, bin->requests);
        table_add(table, format_duration(bin->p50_ns).s);
        table_add(table, format_duration(bin->p95_ns).s);
        table_add(table, format_duration(bin->p99_ns).s);
    }
    return outline_text("Latency over time in numbers, a row for %s",
                        format_duration(course.length_s * 1e9).s);
}

static const struct table_column panel_columns[] = {
    {"Endpoint", false, true, 0}, {"From", false, false, 0}, {"Requests", true, false, 0},
    {"p50", true, false, 0},      {"p95", true, false, 0},
};

static char *add_panels(struct table *table, const struct report *report)
{
    size_t shown[MULTIPLES_PANELS];
    uint64_t others;
    size_t count = chart_most_time(report, shown, MULTIPLES_PANELS, &others);

    table_init(table, panel_columns, COUNT(panel_columns));
    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[shown[i]];
        struct course course = report_course(report, endpoint, PANEL_ROWS);
        for (size_t b = 0; b < course.count; b++) {
            const struct course_bin *bin = &course.bins[b];
            table_add_take(table, label_of_endpoint(report, endpoint));
            add_moment(table, report, bin, &course);
            table_add_count(table, bin->requests);
            table_add(table, format_duration(bin->p50_ns).s);
            table_add(table, format_duration(bin->p95_ns).s);
        }
    }
    return mem_text("Endpoints over time in numbers, more coarsely; each endpoint's own "
                    "table has more");
}

static const struct table_column traffic_columns[] = {
    {"From", false, false, 0}, {"Requests", true, false, 0}, {"Rate", true, false, 0},
    {"4xx", true, false, 0},   {"5xx", true, false, 0},
};

static char *add_traffic(struct table *table, const struct report *report)
{
    struct course course = report_course(report, NULL, TRAFFIC_ROWS);

    table_init(table, traffic_columns, COUNT(traffic_columns));
    for (size_t i = 0; i < course.count; i++) {
        const struct course_bin *bin = &course.bins[i];
        if (bin->requests == 0)
            continue;
        add_moment(table, report, bin, &course);
        table_add_count(table, bin->requests);
        table_add(table,
                  format_rate((double)bin->requests / (bin->to_s - bin->from_s)).s);
        table_add_share(table, bin->client_errors, bin->requests, TONE_PLAIN);
        table_add_share(table, bin->server_errors, bin->requests, TONE_BAD);
    }
    return outline_text("Requests over time in numbers, a row for %s",
                        format_duration(course.length_s * 1e9).s);
}

/* --- by the hour --- */

#define HOUR(name)                                                                       \
    {                                                                                    \
        name, true, false, 0                                                             \
    }
static const struct table_column hour_columns[] = {
    {"Day", false, false, 0},
    HOUR("0 h"),
    HOUR("1"),
    HOUR("2"),
    HOUR("3"),
    HOUR("4"),
    HOUR("5"),
    HOUR("6"),
    HOUR("7"),
    HOUR("8"),
    HOUR("9"),
    HOUR("10"),
    HOUR("11"),
    HOUR("12"),
    HOUR("13"),
    HOUR("14"),
    HOUR("15"),
    HOUR("16"),
    HOUR("17"),
    HOUR("18"),
    HOUR("19"),
    HOUR("20"),
    HOUR("21"),
    HOUR("22"),
    HOUR("23"),
};
#undef HOUR

static char *add_days(struct table *table, const struct usage *usage)
{
    size_t first = usage->day_count > DAYS_ROWS ? usage->day_count - DAYS_ROWS : 0;

    table_init(table, hour_columns, COUNT(hour_columns));
    for (size_t i = first; i < usage->day_count; i++) {
        table_add(table, format_day(usage->days[i].day).s);
        for (int hour = 0; hour < 24; hour++) {
            const struct usage_cell *cell = &usage->days[i].hours[hour];
            if (cell->seconds > 0)
                table_add_count(table, cell->requests);
            else
                table_add(table, "");
        }
    }
    return first
               ? outline_text("Requests of each hour in numbers, the newest %d days; the "
                              "JSON has all",
                              DAYS_ROWS)
               : mem_text("Requests of each hour in numbers");
}

static char *add_week(struct table *table, const struct usage *usage)
{
    table_init(table, hour_columns, COUNT(hour_columns));
    for (int day = 0; day < 7; day++) {
        table_add(table, format_weekday(day));
        for (int hour = 0; hour < 24; hour++) {
            const struct usage_cell *cell = &usage->week[day][hour];
            if (cell->seconds > 0)
                table_add(table,
                          format_number((double)cell->requests * 3600 / cell->seconds).s);
            else
                table_add(table, "");
        }
    }
    return mem_text("Requests an hour by the day of the week in numbers");
}

/* --- versions and endpoints --- */

static const struct table_column utilisation_columns[] = {
    {"Endpoint", false, true, 0},
    {"Version", false, true, 0},
    {"Requests", true, false, 0},
    {"Share of the version", true, false, 0},
};

static char *add_utilisation(struct table *table, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t count = overview->endpoint_count;
    size_t *order = mem_array(count, sizeof(*order));

    report_sort_endpoints(order, overview, REPORT_SORT_REQUESTS);
    table_init(table, utilisation_columns, COUNT(utilisation_columns));
    for (size_t i = 0; i < count && i < ENDPOINTS_ROWS; i++) {
        const struct endpoint *endpoint = &overview->endpoints[order[i]];
        size_t versions = endpoint->version_count;
        for (size_t v = versions > VERSIONS_EACH ? versions - VERSIONS_EACH : 0;
             v < versions; v++) {
            const struct distribution *d = &endpoint->versions[v].distribution;
            table_add_take(table, label_of_endpoint(report, endpoint));
            table_add_take(table,
                           label_of_version(report, endpoint->versions[v].version));
            table_add_count(table, d->requests);
            table_add(table, format_percent(d->share).s);
        }
    }
    free(order);
    return outline_text("Endpoints and versions in numbers%s",
                        count > ENDPOINTS_ROWS || overview->version_count > VERSIONS_EACH
                            ? ", the most used and the newest; each endpoint's own table "
                              "has all"
                            : "");
}

/* --- of any chart --- */

char *chart_numbers(const struct report *report, const struct report_chart *chart,
                    struct table *table)
{
    switch (chart->kind) {
    case REPORT_CHART_TIMELINE:
        return add_timeline(table, report, chart);
    case REPORT_CHART_ENDPOINT_COURSES:
        return add_panels(table, report);
    case REPORT_CHART_TRAFFIC:
        return add_traffic(table, report);
    case REPORT_CHART_DAYS:
        return add_days(table, &report->usage);
    case REPORT_CHART_WEEK:
        return add_week(table, &report->usage);
    case REPORT_CHART_UTILISATION:
        return add_utilisation(table, report);
    default: /* a table of the outline has them: its `charts` */
        return NULL;
    }
}
