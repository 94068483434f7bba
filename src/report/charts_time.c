/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Charts over time: the blocks of an endpoint's series, or of all of them together, are
 * merged into as many bins as a picture shows, wide enough that most have requests to
 * take a p99 from.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include "plots/charts/timeline.h"
#include "plots/charts/traffic.h"

#include <math.h>
#include <stdlib.h>

/* Bins of a picture at most; a quantile of share p of a bin is drawn from so many
 * requests beyond it on. */
enum { BINS_MAX = 96, BEYOND_MIN = 2, BINS_MIN = 12 };

/* Values of a sparkline; fewer than so many say nothing. */
enum { SERIES_MAX = 20, SERIES_MIN = 3 };

/* Requests that most bins should hold: for a p99, for a count. */
enum { GOOD_FOR_QUANTILES = 200, GOOD_FOR_COUNTS = 20 };

static long long offset_in_zone(long long utc_s, const void *zone)
{
    return zone_offset_s(zone, utc_s);
}

struct wall_clock chart_clock(const struct report *report)
{
    return (struct wall_clock){report->zone.name, offset_in_zone, &report->zone};
}

/* --- bins --- */

/* Bin i covers UTC [first + i, first + i + 1) * (TIMEGRID_UNIT_NS << shift). */
struct bins {
    unsigned shift;
    int64_t first;
    size_t count;
    struct block blocks[BINS_MAX];
    double from_s, to_s; /* first and last request */
};

/* The endpoints that a chart is about. */
struct about {
    const struct summary_endpoint *const *endpoints;
    size_t count;
};

static int64_t bin_of(const struct timegrid *grid, unsigned i, unsigned shift)
{
    unsigned further = shift - grid->shift;
    return further > 62 ? -(grid->ids[i] < 0) : grid->ids[i] >> further;
}

/* First and last bin at a shift that is not below any grid's. */
static void range_at(const struct about *about, unsigned shift, int64_t *first,
                     int64_t *last)
{
    *first = INT64_MAX;
    *last = INT64_MIN;
    for (size_t e = 0; e < about->count; e++) {
        const struct timegrid *grid = &about->endpoints[e]->grid;
        if (grid->count == 0)
            continue;
        int64_t low = bin_of(grid, 0, shift), high = bin_of(grid, grid->count - 1, shift);
        *first = low < *first ? low : *first;
        *last = high > *last ? high : *last;
    }
}

static unsigned least_shift(const struct about *about)
{
    unsigned shift = 0;

    for (size_t e = 0; e < about->count; e++)
        if (about->endpoints[e]->grid.shift > shift)
            shift = about->endpoints[e]->grid.shift;
    return shift;
}

static uint64_t requests_of(const struct about *about)
{
    uint64_t requests = 0;

    for (size_t e = 0; e < about->count; e++)
        for (unsigned i = 0; i < about->endpoints[e]->grid.count; i++)
            requests += about->endpoints[e]->series[i].requests;
    return requests;
}

/* Wide enough to be at most so many, and for most to hold so many requests, down to
 * BINS_MIN bins. */
static void bins_init(struct bins *bins, const struct about *about, size_t most,
                      uint64_t good)
{
    int64_t last;
    uint64_t requests = requests_of(about);

    *bins = (struct bins){.shift = least_shift(about)};
    if (requests == 0)
        return;
    range_at(about, bins->shift, &bins->first, &last);
    for (; bins->shift < TIMEGRID_SHIFT_MAX; bins->shift++) {
        range_at(about, bins->shift, &bins->first, &last);
        uint64_t wide = (uint64_t)(last - bins->first) + 1;
        if (wide <= most && (requests / wide >= good || wide < 2 * BINS_MIN))
            break;
    }
    range_at(about, bins->shift, &bins->first, &last);
    bins->count = (size_t)(last - bins->first) + 1;
    for (size_t i = 0; i < bins->count; i++)
        block_init(&bins->blocks[i]);
    for (size_t e = 0; e < about->count; e++) {
        const struct timegrid *grid = &about->endpoints[e]->grid;
        for (unsigned i = 0; i < grid->count; i++)
            block_merge(&bins->blocks[bin_of(grid, i, bins->shift) - bins->first],
                        &about->endpoints[e]->series[i]);
    }
}

static void bins_release(struct bins *bins)
{
    for (size_t i = 0; i < bins->count; i++)
        block_release(&bins->blocks[i]);
}

/* Begin and end of a bin, those at both ends cut to the requests. */
static void edges_of(const struct bins *bins, size_t i, double *from_s, double *to_s)
{
    double length_s = ldexp((double)TIMEGRID_UNIT_NS / 1e9, (int)bins->shift);
    double begin_s = (double)(bins->first + (int64_t)i) * length_s;

    *from_s = fmax(begin_s, bins->from_s);
    *to_s = fmin(begin_s + length_s, bins->to_s);
    if (!(*to_s - *from_s > length_s * .01)) {
        *from_s = begin_s;
        *to_s = begin_s + length_s;
    }
}

static void bins_of_report(struct bins *bins, const struct report *report,
                           const struct endpoint *endpoint)
{
    struct summary_endpoint *const *all;
    size_t count = summary_endpoints(report->summary, &all);
    const struct distribution *d = endpoint ? &endpoint->all : &report->overview.all;
    const struct summary_endpoint *one =
        endpoint ? endpoint->versions[0].cell->endpoint : NULL;
    struct about about = {endpoint ? &one : (const struct summary_endpoint *const *)all,
                          endpoint ? 1 : count};

    bins_init(bins, &about, BINS_MAX, endpoint ? GOOD_FOR_QUANTILES : GOOD_FOR_COUNTS);
    bins->from_s = (double)d->first_utc_ns / 1e9;
    bins->to_s = (double)d->last_utc_ns / 1e9;
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

static double quantile_or_nan(const struct block *block, double p)
{
    bool enough = (double)block->requests * (1 - p) >= BEYOND_MIN;

    return enough ? histogram_quantile_ns(&block->histogram, p) : NAN;
}

static size_t timeline_blocks(const struct bins *bins, struct timeline_block *blocks)
{
    size_t count = 0;

    for (size_t i = 0; i < bins->count; i++) {
        const struct block *block = &bins->blocks[i];
        if (block->requests == 0)
            continue;
        struct timeline_block *out = &blocks[count++];
        *out = (struct timeline_block){.p50_ns = quantile_or_nan(block, .50),
                                       .p95_ns = quantile_or_nan(block, .95),
                                       .p99_ns = quantile_or_nan(block, .99),
                                       .requests = block->requests};
        edges_of(bins, i, &out->from_s, &out->to_s);
    }
    return count;
}

int chart_draw_timeline(const struct report *report, const struct report_chart *chart,
                        const struct theme *theme, struct scene *scene, const char **why)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    struct timeline_block blocks[BINS_MAX];
    struct bins *bins = mem_new(sizeof(*bins));
    struct marks marks;

    bins_of_report(bins, report, endpoint);
    marks_init(&marks, report, endpoint, CHANGE_LATENCY);
    struct timeline_data data = {.title = chart->title,
                                 .subtitle = "Latency over time, all versions",
                                 .clock = chart_clock(report),
                                 .blocks = blocks,
                                 .block_count = timeline_blocks(bins, blocks),
                                 .marks = marks.marks,
                                 .mark_count = marks.count};
    int result = chart_timeline(&data, theme, scene, why);
    marks_release(&marks);
    bins_release(bins);
    free(bins);
    return result;
}

int chart_draw_traffic(const struct report *report, const struct report_chart *chart,
                       const struct theme *theme, struct scene *scene, const char **why)
{
    struct traffic_block blocks[BINS_MAX];
    struct bins *bins = mem_new(sizeof(*bins));
    struct marks marks;
    size_t count = 0;

    bins_of_report(bins, report, NULL);
    marks_init(&marks, report, NULL, CHANGE_ERRORS);
    for (size_t i = 0; i < bins->count; i++) {
        const struct block *block = &bins->blocks[i];
        if (block->requests == 0)
            continue;
        struct traffic_block *out = &blocks[count++];
        *out = (struct traffic_block){.requests = block->requests,
                                      .client_errors = block->client_errors,
                                      .server_errors = block->server_errors};
        edges_of(bins, i, &out->from_s, &out->to_s);
    }
    struct traffic_data data = {.title = chart->title,
                                .subtitle = "All endpoints, requests over time",
                                .clock = chart_clock(report),
                                .blocks = blocks,
                                .block_count = count,
                                .marks = marks.marks,
                                .mark_count = marks.count};
    int result = chart_traffic(&data, theme, scene, why);
    marks_release(&marks);
    bins_release(bins);
    free(bins);
    return result;
}

double *report_p95_series(const struct endpoint *endpoint, size_t *count)
{
    struct bins *bins = mem_new(sizeof(*bins));
    const struct summary_endpoint *one = endpoint->versions[0].cell->endpoint;
    double *series = mem_array(SERIES_MAX, sizeof(*series));
    size_t known = 0;

    bins_init(bins, &(struct about){&one, 1}, SERIES_MAX, GOOD_FOR_QUANTILES / 2);
    for (size_t i = 0; i < bins->count; i++) {
        series[i] = quantile_or_nan(&bins->blocks[i], .95);
        known += isnan(series[i]) ? 0 : 1;
    }
    *count = bins->count;
    bins_release(bins);
    free(bins);
    if (known >= SERIES_MIN)
        return series;
    free(series);
    return NULL;
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
    struct timeline_block blocks[BINS_MAX];
    struct bins *bins = mem_new(sizeof(*bins));
    double least[2] = {INFINITY, INFINITY}, most[2] = {0, 0};

    bins_of_report(bins, report, endpoint);
    size_t count = timeline_blocks(bins, blocks);
    for (size_t i = 0; i < count; i++) { /* fmin and fmax pass over NaN */
        least[0] = fmin(least[0], blocks[i].p50_ns);
        most[0] = fmax(most[0], blocks[i].p50_ns);
        least[1] = fmin(least[1], blocks[i].p95_ns);
        most[1] = fmax(most[1], blocks[i].p95_ns);
    }
    bins_release(bins);
    free(bins);
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

char *chart_traffic_title(const struct report *report)
{
    const struct distribution *all = &report->overview.all;
    struct str title;

    str_init(&title);
    str_addf(&title, "%s requests, %s on average; %s ended in 5xx, %s in 4xx",
             format_count(all->requests).s, format_rate(all->per_s).s,
             format_percent((double)all->errors.server / (double)all->requests).s,
             format_percent((double)all->errors.client / (double)all->requests).s);
    return str_take(&title);
}
