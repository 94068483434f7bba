/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Overview, versions, precision: the tables about how fast each endpoint is. */
#include "passages.h"

#include "label.h"

#include "src/base/mem.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- endpoints --- */

static const struct table_column overview_columns[] = {
    {"Endpoint", false, true, 0},   {"Requests", true, false, 0},
    {"Rate", true, false, 4},       {"Time", true, false, 3},
    {"4xx", true, false, 5},        {"5xx", true, false, 0},
    {"Aborted", true, false, 9},    {"Mean", true, false, 7},
    {"\u00b1 sd", true, false, 10}, {"p50", true, false, 0},
    {"p90", true, false, 6},        {"p95", true, false, 0},
    {"over time", false, false, 5}, {"\u00b1 p95", true, false, 8},
    {"p99", true, false, 0},        {"p99.9", true, false, 6},
    {"Max", true, false, 2},        {"Apdex", true, false, 7},
    {"Last", true, false, 11},
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

/* endpoint NULL: a row without a sparkline. */
static void add_overview_row(struct table *table, const struct outline *outline,
                             const struct report *report, const struct distribution *d,
                             const struct endpoint *endpoint)
{
    const struct quantile *q = d->quantiles;

    table_add_count(table, d->requests);
    table_add(table, format_rate(d->per_s).s);
    table_add(table, format_percent(d->time_share).s);
    table_add_share(table, d->errors.client, d->requests, TONE_PLAIN);
    table_add_share(table, d->errors.server, d->requests, TONE_BAD);
    table_add_share(table, d->errors.aborted, d->requests, TONE_PLAIN);
    table_add(table, format_duration(d->mean_ns).s);
    table_add_toned(table, format_duration(d->stddev_ns).s, TONE_DIM);
    table_add(table, text_of_quantile(&q[QUANTILE_50]).s);
    table_add(table, text_of_quantile(&q[QUANTILE_90]).s);
    table_add(table, text_of_quantile(&q[QUANTILE_95]).s);
    table_add_p95_course(table, outline, report, endpoint);
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
    size_t shown = outline_rows(report, overview->endpoint_count);
    char *heading = outline_text("Endpoints, by %s", sorted_by[report->options.sort]);
    outline_part(outline, mem_text(heading));
    struct table *table =
        outline_table(outline, heading, overview_columns, COUNT(overview_columns));
    outline_untitled(outline);
    outline_numbers_of(outline, REPORT_CHART_ENDPOINTS);
    outline_numbers_of(outline, REPORT_CHART_ENDPOINT_PERCENTILES);

    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        table_add_endpoint(table, outline, report, endpoint->application, endpoint->name);
        add_overview_row(table, outline, report, &endpoint->all, endpoint);
    }
    if (overview->endpoint_count > 1) {
        table_add(table, "(all)");
        add_overview_row(table, outline, report, &overview->all, NULL);
    }
    outline_rest(outline, overview->endpoint_count, shown, "endpoints");
}

/* --- versions --- */

static const struct table_column version_columns[] = {
    {"Version", false, true, 0},       {"Requests", true, false, 0},
    {"Share", true, false, 1},         {"Rate", true, false, 2},
    {"First request", true, false, 0}, {"Last request", true, false, 0},
};

static void add_versions(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t first =
        overview->version_count - outline_rows(report, overview->version_count);
    struct table *table = outline_table(outline, mem_text("Versions, newest last"),
                                        version_columns, COUNT(version_columns));

    for (size_t i = first; i < overview->version_count; i++) {
        const struct version *version = &overview->versions[i];
        double requests = (double)version->requests;
        table_add_take(table, label_of_version(report, i));
        table_add_count(table, version->requests);
        table_add(table, format_percent(requests / (double)overview->all.requests).s);
        table_add(
            table,
            format_rate(version->seconds > 0 ? requests / version->seconds : NAN).s);
        table_add(table, format_moment(&report->zone, version->source->first_utc_ns).s);
        table_add(table, format_moment(&report->zone, version->source->last_utc_ns).s);
    }
    outline_rest(outline, overview->version_count, overview->version_count - first,
                 "older versions");
}

static const struct table_column cell_columns[] = {
    {"Endpoint", false, true, 0}, {"Version", false, true, 0},
    {"Requests", true, false, 0}, {"Share", true, false, 5},
    {"4xx", true, false, 6},      {"5xx", true, false, 2},
    {"Mean", true, false, 7},     {"p50", true, false, 0},
    {"vs older", true, false, 1}, {"p90", true, false, 8},
    {"p95", true, false, 0},      {"vs older", true, false, 0},
    {"p99", true, false, 3},      {"vs older", true, false, 4},
    {"p99.9", true, false, 9},    {"Max", true, false, 8},
};

/* older NULL: there is none, which is no reason for a dash. */
static void add_against(struct table *table, const struct quantile *newer,
                        const struct quantile *older)
{
    if (!older) {
        table_add(table, "");
        return;
    }
    bool both = newer->known && older->known && older->value_ns > 0;
    double ratio = both ? newer->value_ns / older->value_ns : NAN;
    enum tone tone = TONE_DIM; /* only what is beyond both intervals stands out */
    if (both && newer->low_ns > older->high_ns)
        tone = TONE_BAD;
    else if (both && newer->high_ns < older->low_ns)
        tone = TONE_GOOD;
    table_add_toned(table, format_change(ratio).s, tone);
}

static void add_cell_row(struct table *table, const struct report *report,
                         const struct endpoint *endpoint, size_t i, bool first)
{
    const struct distribution *d = &endpoint->versions[i].distribution;
    const struct quantile *older =
        first ? NULL : endpoint->versions[i - 1].distribution.quantiles;

    table_add_take(table, label_of_version(report, endpoint->versions[i].version));
    table_add_count(table, d->requests);
    table_add(table, format_percent(d->share).s);
    table_add_share(table, d->errors.client, d->requests, TONE_PLAIN);
    table_add_share(table, d->errors.server, d->requests, TONE_BAD);
    table_add(table, format_duration(d->mean_ns).s);
    for (size_t q = 0; q < QUANTILES; q++) {
        table_add(table, text_of_quantile(&d->quantiles[q]).s);
        if (q == QUANTILE_50 || q == QUANTILE_95 || q == QUANTILE_99)
            add_against(table, &d->quantiles[q], older ? &older[q] : NULL);
    }
    table_add(table, format_duration((double)d->max_ns).s);
}

/* The newest versions of an endpoint that a table for people holds. It is long as it is,
 * so it takes half as many endpoints as the others. */
enum { VERSIONS_AN_ENDPOINT = 3 };

static void add_cells(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t half = (report->options.top + 1u) / 2;
    size_t shown =
        half && half < overview->endpoint_count ? half : overview->endpoint_count;
    bool older = false;
    struct table *table =
        outline_table(outline, mem_text("Each endpoint, version by version"),
                      cell_columns, COUNT(cell_columns));

    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        size_t count = endpoint->version_count;
        size_t first = count > VERSIONS_AN_ENDPOINT ? count - VERSIONS_AN_ENDPOINT : 0;
        older |= first > 0;
        for (size_t v = first; v < count; v++) {
            table_add_take(table, v == first ? label_of_endpoint(report, endpoint)
                                             : mem_text(""));
            add_cell_row(table, report, endpoint, v, v == first);
        }
    }
    outline_rest(outline, overview->endpoint_count, shown, "endpoints");
    if (older)
        outline_add(
            outline, BLOCK_LINE,
            outline_text("Of each endpoint the newest %d versions; the JSON has all.",
                         VERSIONS_AN_ENDPOINT));
}

/* Without shares, means and quantiles between the others. */
enum { RANK_OF_MANY = 4 };

void outline_endpoint_versions(struct outline *outline, const struct report *report,
                               const struct endpoint *endpoint)
{
    /* without the column that names the endpoint */
    struct table *table = outline_table(outline, mem_text("Versions, newest last"),
                                        cell_columns + 1, COUNT(cell_columns) - 1);
    outline_untitled(outline);
    outline_numbers_of(outline, REPORT_CHART_LATENCY);
    outline_numbers_of(outline, REPORT_CHART_VERSIONS);
    outline_numbers_of(outline, REPORT_CHART_DENSITY);
    outline_numbers_of(outline, REPORT_CHART_ECDF);

    if (outline_has_many(report))
        table->rank_max = RANK_OF_MANY;
    for (size_t i = 0; i < endpoint->version_count; i++)
        add_cell_row(table, report, endpoint, i, i == 0);
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
    return outline_text("%s (%s \u2013 %s)", format_duration(quantile->value_ns).s,
                        format_duration(quantile->low_ns).s,
                        format_duration(quantile->high_ns).s);
}

static void add_precisions(struct outline *outline, const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t shown = outline_rows(report, overview->endpoint_count);
    struct table *table =
        outline_detail(outline, mem_text("Quantiles with their 95 % intervals"),
                       precision_columns, COUNT(precision_columns));

    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        table_add_take(table, label_of_endpoint(report, endpoint));
        table_add_count(table, endpoint->all.requests);
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
    size_t shown = outline_rows(report, overview->endpoint_count);

    if (overview->all.first_byte.requests == 0 && overview->all.view.requests == 0)
        return;
    struct table *table =
        outline_detail(outline, mem_text("Until the first byte, and in the view"),
                       part_columns, COUNT(part_columns));
    for (size_t i = 0; i < shown; i++) {
        const struct endpoint *endpoint = &overview->endpoints[report->order[i]];
        const struct quantile *parts[] = {endpoint->all.quantiles,
                                          endpoint->all.first_byte.quantiles,
                                          endpoint->all.view.quantiles};
        table_add_take(table, label_of_endpoint(report, endpoint));
        for (size_t p = 0; p < COUNT(parts); p++) {
            table_add(table, text_of_quantile(&parts[p][QUANTILE_50]).s);
            table_add(table, text_of_quantile(&parts[p][QUANTILE_95]).s);
        }
    }
}

/* --- the part --- */

void outline_endpoints(struct outline *outline, const struct report *report)
{
    if (report->overview.endpoint_count == 0)
        return;
    add_overview(outline, report);
    outline_charts(outline, report, REPORT_CHART_ENDPOINTS);
    outline_charts(outline, report, REPORT_CHART_ENDPOINT_COURSES);
    outline_charts(outline, report, REPORT_CHART_ENDPOINT_PERCENTILES);
    outline_charts(outline, report, REPORT_CHART_TRAFFIC);
    outline_charts(outline, report, REPORT_CHART_UTILISATION);
    if (report->overview.version_count > 1) {
        if (!outline->page)
            add_cells(outline, report);
        add_versions(outline, report);
    }
    if (!outline->page) /* each endpoint's section has them */
        add_precisions(outline, report);
    add_parts(outline, report);
}
