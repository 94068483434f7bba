/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Charts over time: courses (src/findings) as arrays, with versions and changes marked.
 */
#include "chart_parts.h"

#include "courses.h"
#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include "plots/charts/multiples.h"
#include "plots/charts/timeline.h"
#include "plots/charts/traffic.h"

#include <math.h>
#include <stdlib.h>

static long long offset_in_zone(long long utc_s, const void *zone)
{
    return zone_offset_s(zone, utc_s);
}

struct wall_clock chart_clock(const struct report *report)
{
    return (struct wall_clock){report->zone.name, offset_in_zone, &report->zone};
}

/* --- marks --- */

struct marks {
    struct time_mark *marks;
    size_t count, room;
};

static void add_mark(struct marks *marks, int64_t utc_ns, enum time_mark_kind kind,
                     char *name, char *tip)
{
    marks->marks =
        vec_room(marks->marks, &marks->room, marks->count + 1, sizeof(*marks->marks));
    marks->marks[marks->count++] =
        (struct time_mark){(double)utc_ns / 1e9, kind, name, tip};
}

static int compare_marks(const void *left, const void *right)
{
    const struct time_mark *a = left, *b = right;

    return (a->at_s > b->at_s) - (a->at_s < b->at_s);
}

static void add_version(struct marks *marks, const struct report *report, size_t version,
                        int64_t first_utc_ns)
{
    struct str tip;
    char *name = label_of_version(report, version);

    str_init(&tip);
    str_addf(&tip, "%s: first request %s", name,
             format_moment(&report->zone, first_utc_ns).s);
    add_mark(marks, first_utc_ns, TIME_MARK_VERSION, name, str_take(&tip));
}

static void add_change(struct marks *marks, const struct report *report,
                       const struct change_point *point)
{
    struct str name, tip;
    bool latency = point->kind == CHANGE_LATENCY;
    bool worse = latency ? point->change > 1 : point->change > 0;

    str_init(&name);
    str_init(&tip);
    if (latency)
        str_add_text(&name, format_change(point->change).s);
    else
        str_addf(&name, "5xx %s", format_percent(point->after).s);
    str_addf(&tip, "%s instead of %s since %s, without a new version",
             latency ? format_duration(point->after).s : format_percent(point->after).s,
             latency ? format_duration(point->before).s : format_percent(point->before).s,
             format_moment(&report->zone, point->utc_ns).s);
    add_mark(marks, point->utc_ns, worse ? TIME_MARK_WORSE : TIME_MARK_BETTER,
             str_take(&name), str_take(&tip));
}

/* Versions of one endpoint, or all; changes of the endpoint. */
static void marks_init(struct marks *marks, const struct report *report,
                       const struct endpoint *endpoint, int change_kind)
{
    const struct overview *overview = &report->overview;
    size_t versions = endpoint ? endpoint->version_count : overview->version_count;

    *marks = (struct marks){0};
    for (size_t v = 0; versions > 1 && v < versions; v++)
        if (endpoint)
            add_version(marks, report, endpoint->versions[v].version,
                        endpoint->versions[v].distribution.first_utc_ns);
        else
            add_version(marks, report, v, overview->versions[v].source->first_utc_ns);
    for (size_t i = 0; endpoint && i < report->changes.count; i++) {
        const struct change_point *point = &report->changes.points[i];
        if (point->endpoint == endpoint->versions[0].cell->endpoint &&
            point->kind == change_kind)
            add_change(marks, report, point);
    }
    if (marks->count > 1)
        qsort(marks->marks, marks->count, sizeof(*marks->marks), compare_marks);
}

static void marks_release(struct marks *marks)
{
    for (size_t i = 0; i < marks->count; i++) {
        free((char *)marks->marks[i].name);
        free((char *)marks->marks[i].tip);
    }
    free(marks->marks);
}

/* --- the charts --- */

/* Of what has requests. Returns how many. */
static size_t timeline_blocks(const struct course *course, struct timeline_block *blocks)
{
    size_t count = 0;

    for (size_t i = 0; i < course->count; i++) {
        const struct course_bin *bin = &course->bins[i];
        if (bin->requests > 0)
            blocks[count++] = (struct timeline_block){.from_s = bin->from_s,
                                                      .to_s = bin->to_s,
                                                      .p50_ns = bin->p50_ns,
                                                      .p95_ns = bin->p95_ns,
                                                      .p99_ns = bin->p99_ns,
                                                      .requests = bin->requests};
    }
    return count;
}

static size_t traffic_blocks(const struct course *course, struct traffic_block *blocks)
{
    size_t count = 0;

    for (size_t i = 0; i < course->count; i++) {
        const struct course_bin *bin = &course->bins[i];
        if (bin->requests > 0)
            blocks[count++] = (struct traffic_block){.from_s = bin->from_s,
                                                     .to_s = bin->to_s,
                                                     .requests = bin->requests,
                                                     .client_errors = bin->client_errors,
                                                     .server_errors = bin->server_errors};
    }
    return count;
}

int chart_draw_timeline(const struct report *report, const struct report_chart *chart,
                        const struct theme *theme, struct scene *scene, const char **why)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    size_t most = chart->points && chart->points < COURSE_BINS_MAX ? chart->points
                                                                   : COURSE_BINS_MAX;
    struct course course = report_course(report, endpoint, most);
    struct timeline_block blocks[COURSE_BINS_MAX];
    struct marks marks;

    marks_init(&marks, report, endpoint, CHANGE_LATENCY);
    struct timeline_data data = {.title = chart->title,
                                 .subtitle = "Latency over time, all versions",
                                 .clock = chart_clock(report),
                                 .blocks = blocks,
                                 .block_count = timeline_blocks(&course, blocks),
                                 .marks = marks.marks,
                                 .mark_count = marks.count};
    int result = chart_timeline(&data, theme, scene, why);
    marks_release(&marks);
    return result;
}

int chart_draw_traffic(const struct report *report, const struct report_chart *chart,
                       const struct theme *theme, struct scene *scene, const char **why)
{
    struct course course = report_course(report, NULL, COURSE_BINS_MAX);
    struct traffic_block blocks[COURSE_BINS_MAX];
    struct marks marks;

    marks_init(&marks, report, NULL, CHANGE_ERRORS);
    struct traffic_data data = {.title = chart->title,
                                .subtitle = "All endpoints, requests over time",
                                .clock = chart_clock(report),
                                .blocks = blocks,
                                .block_count = traffic_blocks(&course, blocks),
                                .marks = marks.marks,
                                .mark_count = marks.count};
    int result = chart_traffic(&data, theme, scene, why);
    marks_release(&marks);
    return result;
}

/* --- many endpoints --- */

/* What one panel borrows. */
struct panel_parts {
    char *label;
    struct timeline_block blocks[CHART_PANEL_BINS];
    struct marks marks;
};

static struct multiples_panel panel_of(const struct report *report,
                                       const struct endpoint *endpoint,
                                       struct panel_parts *parts)
{
    struct course course = report_course(report, endpoint, CHART_PANEL_BINS);

    parts->label = label_of_endpoint(report, endpoint);
    marks_init(&parts->marks, report, endpoint, CHANGE_LATENCY);
    return (struct multiples_panel){
        .name = parts->label,
        .requests = endpoint->all.requests,
        .p95_ns = chart_known_or_nan(&endpoint->all.quantiles[QUANTILE_95]),
        .blocks = parts->blocks,
        .block_count = timeline_blocks(&course, parts->blocks),
        .marks = parts->marks.marks,
        .mark_count = parts->marks.count};
}

int chart_draw_endpoint_courses(const struct report *report,
                                const struct report_chart *chart,
                                const struct theme *theme, struct scene *scene,
                                const char **why)
{
    size_t shown[MULTIPLES_PANELS];
    struct multiples_panel panels[MULTIPLES_PANELS];
    struct panel_parts *parts = mem_array(MULTIPLES_PANELS, sizeof(*parts));
    struct multiples_data data = {.title = chart->title,
                                  .what = "endpoints",
                                  .panels = panels,
                                  .clock = chart_clock(report)};

    data.panel_count =
        chart_most_time(report, shown, MULTIPLES_PANELS, &data.others_requests);
    data.others = report->overview.endpoint_count - data.panel_count;
    data.subtitle = data.others ? "The endpoints that take most of the time"
                                : "Every endpoint, those that take most time first";
    for (size_t i = 0; i < data.panel_count; i++)
        panels[i] = panel_of(report, &report->overview.endpoints[shown[i]], &parts[i]);
    int result = chart_multiples_time(&data, theme, scene, why);
    for (size_t i = 0; i < data.panel_count; i++) {
        free(parts[i].label);
        marks_release(&parts[i].marks);
    }
    free(parts);
    return result;
}

/* --- titles --- */

static void add_change_title(struct str *title, const struct report *report,
                             const struct endpoint *endpoint, const char *label)
{
    const struct change_points *changes = &report->changes;

    for (size_t i = 0; i < changes->count && title->length == 0; i++) {
        const struct change_point *point = &changes->points[i];
        if (point->kind == CHANGE_LATENCY &&
            point->endpoint == endpoint->versions[0].cell->endpoint)
            str_addf(title, "%s: %s since %s, without a new version", label,
                     format_change(point->change).s,
                     format_moment(&report->zone, point->utc_ns).s);
    }
}

/* "GET /cart: p95 between 20 ms and 31 ms over time", p50 where p95 is not known. */
static void add_range_title(struct str *title, const struct report *report,
                            const struct endpoint *endpoint, const char *label)
{
    struct course course = report_course(report, endpoint, COURSE_BINS_MAX);
    double least[2] = {INFINITY, INFINITY}, most[2] = {0, 0};

    for (size_t i = 0; i < course.count; i++) { /* fmin and fmax pass over NaN */
        least[0] = fmin(least[0], course.bins[i].p50_ns);
        most[0] = fmax(most[0], course.bins[i].p50_ns);
        least[1] = fmin(least[1], course.bins[i].p95_ns);
        most[1] = fmax(most[1], course.bins[i].p95_ns);
    }
    int known = most[1] > 0;
    if (most[known] > 0)
        str_addf(title, "%s: %s between %s and %s over time", label,
                 known ? "p95" : "p50", format_duration(least[known]).s,
                 format_duration(most[known]).s);
    else
        str_addf(title, "%s over time", label);
}

/* Of its change, else how far its p95 moved. */
char *chart_timeline_title(const struct report *report, const struct endpoint *endpoint)
{
    char *label = label_of_endpoint(report, endpoint);
    struct str title;

    str_init(&title);
    add_change_title(&title, report, endpoint, label);
    if (title.length == 0)
        add_range_title(&title, report, endpoint, label);
    free(label);
    return str_take(&title);
}

/* Of the first change of an endpoint that is drawn, else of how far the one moves that
 * moves most. */
char *chart_endpoint_courses_title(const struct report *report)
{
    size_t shown[MULTIPLES_PANELS], most = SIZE_MAX;
    uint64_t others;
    size_t count = chart_most_time(report, shown, MULTIPLES_PANELS, &others);
    double most_ratio = 0;
    struct str title;

    str_init(&title);
    for (size_t i = 0; i < count && title.length == 0; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[shown[i]];
        struct course course = report_course(report, endpoint, CHART_PANEL_BINS);
        char *label = label_of_endpoint(report, endpoint);
        double least = INFINITY, high = 0;
        add_change_title(&title, report, endpoint, label);
        free(label);
        for (size_t b = 0; b < course.count; b++) { /* they pass over NaN */
            least = fmin(least, course.bins[b].p95_ns);
            high = fmax(high, course.bins[b].p95_ns);
        }
        if (high > 0 && high / least > most_ratio) {
            most = shown[i];
            most_ratio = high / least;
        }
    }
    if (title.length == 0 && most != SIZE_MAX) {
        char *label = label_of_endpoint(report, &report->overview.endpoints[most]);
        str_addf(&title, "%s moves most over time: its p95 up to %s times its least",
                 label, format_number(most_ratio).s);
        free(label);
    } else if (title.length == 0) {
        str_add_text(&title, "Latency of each endpoint over time");
    }
    return str_take(&title);
}

char *chart_traffic_title(const struct report *report)
{
    const struct distribution *all = &report->overview.all;
    struct str title;

    str_init(&title);
    str_addf(&title, "%s request%s", format_count(all->requests).s,
             all->requests == 1 ? "" : "s");
    if (isfinite(all->per_s))
        str_addf(&title, ", %s on average", format_rate(all->per_s).s);
    str_addf(&title, "; %s ended in 5xx, %s in 4xx",
             format_percent((double)all->errors.server / (double)all->requests).s,
             format_percent((double)all->errors.client / (double)all->requests).s);
    return str_take(&title);
}
