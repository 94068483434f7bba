/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distributions of latency, a line a version: of one endpoint, and of many beside each
 * other. */
#include "chart_parts.h"

#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include "plots/charts/density.h"
#include "plots/charts/latency.h"
#include "plots/charts/multiples.h"

#include <math.h>
#include <stdlib.h>

enum { CURVE_POINTS = 400 };

/* The points of one line; the line borrows them. */
struct curve {
    double latency_ns[CURVE_POINTS], share[CURVE_POINTS];
};

double chart_known_or_nan(const struct quantile *quantile)
{
    return quantile->known ? quantile->value_ns : NAN;
}

static struct latency_line line_of(const struct endpoint_version *version,
                                   struct curve *curve, const char *name, size_t limit)
{
    struct curve_point points[CURVE_POINTS];
    const struct distribution *d = &version->distribution;
    size_t count = distribution_curve(&version->cell->histogram, d->min_ns, d->max_ns,
                                      points, limit);

    for (size_t i = 0; i < count; i++) {
        curve->latency_ns[i] = points[i].ns;
        curve->share[i] = points[i].share;
    }
    return (struct latency_line){
        .name = name,
        .latency_ns = curve->latency_ns,
        .share = curve->share,
        .points = count,
        .requests = d->requests,
        .p50_ns = chart_known_or_nan(&d->quantiles[QUANTILE_50]),
        .p95_ns = chart_known_or_nan(&d->quantiles[QUANTILE_95]),
        .p99_ns = chart_known_or_nan(&d->quantiles[QUANTILE_99]),
    };
}

/* Older versions are drawn thin and grey: where bytes count, a quarter of the points will
 * do. */
static size_t points_of_line(const struct report_chart *chart, bool newest_two)
{
    if (chart->points == 0 || chart->points >= CURVE_POINTS)
        return CURVE_POINTS;
    return newest_two ? chart->points : chart->points / 4;
}

/* One of the views of latency_data. */
typedef int latency_view(const struct latency_data *data, const struct theme *theme,
                         struct scene *scene, const char **why);

static int draw_lines(const struct report *report, const struct report_chart *chart,
                      latency_view *view, const struct theme *theme, struct scene *scene,
                      const char **why)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    size_t count = endpoint->version_count;
    struct curve *curves = mem_array(count, sizeof(*curves));
    struct latency_line *lines = mem_array(count, sizeof(*lines));
    char **names = mem_array(count, sizeof(*names));

    for (size_t i = 0; i < count; i++) {
        bool newest_two = i + 2 >= count;
        names[i] = label_of_version(report, endpoint->versions[i].version);
        lines[i] = line_of(&endpoint->versions[i], &curves[i], names[i],
                           points_of_line(chart, newest_two));
    }
    struct latency_data data = {.title = chart->title,
                                .subtitle = count > 1 ? "Latency by version"
                                                      : "Latency of all requests",
                                .lines = lines,
                                .line_count = count};
    int result = view(&data, theme, scene, why);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(lines);
    free(curves);
    return result;
}

int chart_draw_latency(const struct report *report, const struct report_chart *chart,
                       const struct theme *theme, struct scene *scene, const char **why)
{
    return draw_lines(report, chart, chart_latency_percentiles, theme, scene, why);
}

int chart_draw_ecdf(const struct report *report, const struct report_chart *chart,
                    const struct theme *theme, struct scene *scene, const char **why)
{
    return draw_lines(report, chart, chart_latency_ecdf, theme, scene, why);
}

int chart_draw_density(const struct report *report, const struct report_chart *chart,
                       const struct theme *theme, struct scene *scene, const char **why)
{
    return draw_lines(report, chart, chart_latency_density, theme, scene, why);
}

/* --- many endpoints --- */

size_t chart_most_time(const struct report *report, size_t *indices, size_t most,
                       uint64_t *others_requests)
{
    const struct overview *overview = &report->overview;
    size_t *order = mem_array(overview->endpoint_count, sizeof(*order));
    size_t count = overview->endpoint_count < most ? overview->endpoint_count : most;

    report_sort_endpoints(order, overview, REPORT_SORT_TIME);
    *others_requests = 0;
    for (size_t i = 0; i < overview->endpoint_count; i++)
        if (i < count)
            indices[i] = order[i];
        else
            *others_requests += overview->endpoints[order[i]].all.requests;
    free(order);
    return count;
}

/* The newest version of an endpoint, or the one before it (back 1). Of one application
 * that is the same version for all endpoints; one that lacks it has none. */
static const struct endpoint_version *
version_back(const struct report *report, const struct endpoint *endpoint, size_t back)
{
    const struct overview *overview = &report->overview;
    size_t count = endpoint->version_count;

    if (back >= overview->version_count)
        return NULL;
    if (report->overview.application_count > 1)
        return back < count ? &endpoint->versions[count - 1 - back] : NULL;
    for (size_t i = 0; i < count; i++)
        if (endpoint->versions[i].version == overview->version_count - 1 - back)
            return &endpoint->versions[i];
    return NULL;
}

static void name_versions(const struct report *report, char *names[MULTIPLES_LINES])
{
    static const char *const of_any[MULTIPLES_LINES] = {"before", "newest"};
    size_t versions = report->overview.version_count;

    for (size_t k = 0; k < MULTIPLES_LINES; k++) {
        size_t back = MULTIPLES_LINES - 1 - k;
        names[k] = report->overview.application_count > 1 || back >= versions
                       ? mem_text(of_any[k])
                       : label_of_version(report, versions - 1 - back);
    }
}

int chart_draw_endpoint_percentiles(const struct report *report,
                                    const struct report_chart *chart,
                                    const struct theme *theme, struct scene *scene,
                                    const char **why)
{
    size_t shown[MULTIPLES_PANELS];
    struct multiples_panel panels[MULTIPLES_PANELS];
    struct curve *curves =
        mem_array((size_t)MULTIPLES_PANELS * MULTIPLES_LINES, sizeof(*curves));
    char *labels[MULTIPLES_PANELS], *versions[MULTIPLES_LINES];
    struct multiples_data data = {.title = chart->title, .what = "endpoints"};

    data.panel_count =
        chart_most_time(report, shown, MULTIPLES_PANELS, &data.others_requests);
    data.others = report->overview.endpoint_count - data.panel_count;
    data.panels = panels;
    data.subtitle = data.others ? "The endpoints that take most of the time"
                                : "Every endpoint, those that take most time first";
    for (size_t i = 0; i < data.panel_count; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[shown[i]];
        labels[i] = label_of_endpoint(report, endpoint);
        panels[i] = (struct multiples_panel){
            .name = labels[i],
            .requests = endpoint->all.requests,
            .p95_ns = chart_known_or_nan(&endpoint->all.quantiles[QUANTILE_95])};
        for (size_t k = 0; k < MULTIPLES_LINES; k++) {
            const struct endpoint_version *version =
                version_back(report, endpoint, MULTIPLES_LINES - 1 - k);
            if (version)
                panels[i].lines[k] = line_of(version, &curves[i * MULTIPLES_LINES + k],
                                             NULL, CURVE_POINTS);
        }
    }
    name_versions(report, versions);
    for (size_t k = 0; k < MULTIPLES_LINES; k++)
        data.line_names[k] = versions[k];
    int result = chart_multiples_percentiles(&data, theme, scene, why);
    for (size_t i = 0; i < data.panel_count; i++)
        free(labels[i]);
    for (size_t k = 0; k < MULTIPLES_LINES; k++)
        free(versions[k]);
    free(curves);
    return result;
}

/* "p95 from 2.1 ms at GET /health to 310 ms at GET /export": of those drawn. */
char *chart_endpoint_percentiles_title(const struct report *report)
{
    size_t shown[MULTIPLES_PANELS];
    uint64_t others;
    size_t count = chart_most_time(report, shown, MULTIPLES_PANELS, &others);
    const struct endpoint *least = NULL, *most = NULL;
    struct str title;

    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[shown[i]];
        const struct quantile *p95 = &endpoint->all.quantiles[QUANTILE_95];
        if (!p95->known)
            continue;
        if (!least || p95->value_ns < least->all.quantiles[QUANTILE_95].value_ns)
            least = endpoint;
        if (!most || p95->value_ns > most->all.quantiles[QUANTILE_95].value_ns)
            most = endpoint;
    }
    if (!least || least == most)
        return mem_text("Latency over percentiles by endpoint");
    char *from = label_of_endpoint(report, least), *to = label_of_endpoint(report, most);
    str_init(&title);
    str_addf(&title, "p95 from %s at %s to %s at %s",
             format_duration(least->all.quantiles[QUANTILE_95].value_ns).s, from,
             format_duration(most->all.quantiles[QUANTILE_95].value_ns).s, to);
    free(from);
    free(to);
    return str_take(&title);
}
