/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Charts of a report: findings become arrays, plots/ makes pictures of them.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include "plots/charts/boxplot.h"
#include "plots/charts/heatmap.h"
#include "plots/render.h"
#include "plots/svg.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- boxes --- */

static struct boxplot_row row_of(const struct distribution *d, const char *name)
{
    const struct box *box = &d->box;

    return (struct boxplot_row){
        .name = name,
        .whisker_low_ns = box->known ? box->low_ns : NAN,
        .q1_ns = box->known ? box->quartile_1_ns : NAN,
        .median_ns = box->known ? box->median_ns : NAN,
        .q3_ns = box->known ? box->quartile_3_ns : NAN,
        .whisker_high_ns = box->known ? box->high_ns : NAN,
        .p99_ns = chart_known_or_nan(&d->quantiles[QUANTILE_99]),
        .max_ns = box->known ? (double)d->max_ns : NAN,
        .requests = d->requests,
    };
}

static int draw_boxes(const struct report_chart *chart, const char *what,
                      const char *subtitle, struct boxplot_row *rows, char **names,
                      size_t count, const struct theme *theme, struct scene *scene,
                      const char **why)
{
    struct boxplot_data data = {.title = chart->title,
                                .subtitle = subtitle,
                                .what = what,
                                .rows = rows,
                                .row_count = count};
    int result = chart_boxplot(&data, theme, scene, why);

    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(rows);
    return result;
}

/* Newest on top. */
static int draw_versions(const struct report *report, const struct report_chart *chart,
                         const struct theme *theme, struct scene *scene, const char **why)
{
    const struct endpoint *endpoint = &report->overview.endpoints[chart->endpoint];
    size_t count = endpoint->version_count;
    struct boxplot_row *rows = mem_array(count, sizeof(*rows));
    char **names = mem_array(count, sizeof(*names));

    for (size_t i = 0; i < count; i++) {
        const struct endpoint_version *version = &endpoint->versions[count - 1 - i];
        names[i] = label_of_version(report, version->version);
        rows[i] = row_of(&version->distribution, names[i]);
    }
    return draw_boxes(chart, "versions", "Latency by version, the newest on top", rows,
                      names, count, theme, scene, why);
}

static int draw_endpoints(const struct report *report, const struct report_chart *chart,
                          const struct theme *theme, struct scene *scene,
                          const char **why)
{
    size_t count = report->overview.endpoint_count;
    struct boxplot_row *rows = mem_array(count, sizeof(*rows));
    char **names = mem_array(count, sizeof(*names));

    for (size_t i = 0; i < count; i++) {
        const struct endpoint *endpoint = &report->overview.endpoints[report->order[i]];
        names[i] = label_of_endpoint(report, endpoint);
        rows[i] = row_of(&endpoint->all, names[i]);
    }
    return draw_boxes(chart, "endpoints", "Latency by endpoint, all versions together",
                      rows, names, count, theme, scene, why);
}

/* --- heat maps --- */

static int draw_days(const struct report *report, const struct report_chart *chart,
                     const struct theme *theme, struct scene *scene, const char **why)
{
    const struct usage *usage = &report->usage;
    double *amounts = mem_array(usage->day_count * 24, sizeof(*amounts));

    for (size_t i = 0; i < usage->day_count * 24; i++) {
        const struct usage_cell *cell = &usage->days[i / 24].hours[i % 24];
        amounts[i] = cell->seconds > 0 ? (double)cell->requests : NAN;
    }
    struct heatmap_days data = {.title = chart->title,
                                .subtitle = "All endpoints",
                                .unit = "requests an hour",
                                .zone = report->zone.name,
                                .first_day = usage->day_count ? usage->days[0].day : 0,
                                .days = usage->day_count,
                                .amounts = amounts};
    int result = chart_heatmap_days(&data, theme, scene, why);
    free(amounts);
    return result;
}

static int draw_week(const struct report *report, const struct report_chart *chart,
                     const struct theme *theme, struct scene *scene, const char **why)
{
    const struct usage *usage = &report->usage;
    double amounts[7 * 24];

    for (size_t i = 0; i < 7 * 24; i++) {
        const struct usage_cell *cell = &usage->week[i / 24][i % 24];
        amounts[i] =
            cell->seconds > 0 ? (double)cell->requests * 3600 / cell->seconds : NAN;
    }
    struct heatmap_week data = {.title = chart->title,
                                .subtitle = "All endpoints, mean over the recorded weeks",
                                .unit = "requests an hour",
                                .zone = report->zone.name,
                                .amounts = amounts};
    return chart_heatmap_week(&data, theme, scene, why);
}

/* --- files --- */

const struct chart_kind chart_kinds[REPORT_CHART_KINDS] = {
    [REPORT_CHART_LATENCY] = {"latency", "latency", "percentile curve", true},
    [REPORT_CHART_TIMELINE] = {"timeline", "timeline", "latency over time", true},
    [REPORT_CHART_OUTLIERS] = {"outliers", "outliers", "outliers over time", true},
    [REPORT_CHART_PROFILE] = {"profile", "profile", "flame graph", true},
    [REPORT_CHART_PROFILE_CHANGE] = {"profile_change", "profile-change",
                                     "difference flame graph", true},
    [REPORT_CHART_VERSIONS] = {"versions", "versions", "boxes by version", true},
    [REPORT_CHART_DENSITY] = {"density", "density", "density of latency", true},
    [REPORT_CHART_ECDF] = {"ecdf", "ecdf", "share of requests by latency", true},
    [REPORT_CHART_FOREST] = {"changes", "changes", "changes with intervals", false},
    [REPORT_CHART_ENDPOINTS] = {"endpoints", "endpoints", "boxes by endpoint", false},
    [REPORT_CHART_ENDPOINT_COURSES] = {"endpoint_courses", "endpoints-time",
                                       "latency of each endpoint over time", false},
    [REPORT_CHART_ENDPOINT_PERCENTILES] = {"endpoint_percentiles",
                                           "endpoints-percentiles",
                                           "percentile curve of each endpoint", false},
    [REPORT_CHART_TRAFFIC] = {"traffic", "traffic", "requests over time", false},
    [REPORT_CHART_UTILISATION] = {"utilisation", "utilisation", "versions and endpoints",
                                  false},
    [REPORT_CHART_DAYS] = {"days", "usage-days", "hours of each day", false},
    [REPORT_CHART_WEEK] = {"week", "usage-week", "hours of the week", false},
    [REPORT_CHART_GROUPS] = {"groups", "groups", "versions and groups", false},
    [REPORT_CHART_ADDRESSES] = {"addresses", "addresses", "versions and addresses",
                                false},
};

static chart_drawing *const draw[REPORT_CHART_KINDS] = {
    [REPORT_CHART_LATENCY] = chart_draw_latency,
    [REPORT_CHART_TIMELINE] = chart_draw_timeline,
    [REPORT_CHART_OUTLIERS] = chart_draw_outliers,
    [REPORT_CHART_PROFILE] = chart_draw_profile,
    [REPORT_CHART_PROFILE_CHANGE] = chart_draw_profile_change,
    [REPORT_CHART_VERSIONS] = draw_versions,
    [REPORT_CHART_DENSITY] = chart_draw_density,
    [REPORT_CHART_ECDF] = chart_draw_ecdf,
    [REPORT_CHART_FOREST] = chart_draw_forest,
    [REPORT_CHART_ENDPOINTS] = draw_endpoints,
    [REPORT_CHART_ENDPOINT_COURSES] = chart_draw_endpoint_courses,
    [REPORT_CHART_ENDPOINT_PERCENTILES] = chart_draw_endpoint_percentiles,
    [REPORT_CHART_TRAFFIC] = chart_draw_traffic,
    [REPORT_CHART_UTILISATION] = chart_draw_utilisation,
    [REPORT_CHART_DAYS] = draw_days,
    [REPORT_CHART_WEEK] = draw_week,
    [REPORT_CHART_GROUPS] = chart_draw_groups,
    [REPORT_CHART_ADDRESSES] = chart_draw_addresses,
};

/* The files of a chart; SVG holds light and dark, PNG is light. */
static const struct picture {
    const char *end;
    double png_scale; /* 0: SVG */
} pictures[] = {{".svg", 0}, {".png", 1}, {"@2x.png", 2}};

/* Draws into NAME.part, which becomes NAME when it is whole. */
static int write_picture(const struct picture *picture, const struct scene scenes[2],
                         const char *directory, const char *name, const char **why)
{
    struct str path, part;

    str_init(&path);
    str_init(&part);
    str_addf(&path, "%s/%s%s", directory, name, picture->end);
    str_addf(&part, "%s.part", path.bytes);
    int failed = picture->png_scale > 0
                     ? render_png(&scenes[0], picture->png_scale, part.bytes, why)
                     : svg_file(&scenes[0], &scenes[1], part.bytes, why);
    if (!failed && rename(part.bytes, path.bytes)) {
        *why = strerror(errno);
        failed = -1;
    }
    if (failed)
        unlink(part.bytes);
    str_release(&path);
    str_release(&part);
    return failed;
}

int report_scenes(const struct report *report, const struct report_chart *chart,
                  struct scene scenes[2], const char **why)
{
    struct theme light = theme_light(), dark = theme_dark();

    scenes[0] = scenes[1] = (struct scene){0};
    if (draw[chart->kind](report, chart, &light, &scenes[0], why))
        return -1;
    return draw[chart->kind](report, chart, &dark, &scenes[1], why);
}

static int write_chart(const struct report *report, const struct report_chart *chart,
                       const char *directory, const char **why)
{
    struct scene scenes[2];
    int failed = report_scenes(report, chart, scenes, why);

    for (size_t i = 0; !failed && i < sizeof(pictures) / sizeof(pictures[0]); i++)
        failed = write_picture(&pictures[i], scenes, directory, chart->name, why);
    scene_release(&scenes[0]);
    scene_release(&scenes[1]);
    return failed ? -1 : 0;
}

int report_charts(struct report *report, const char *directory, struct err *err)
{
    const char *why = "";

    for (size_t i = 0; i < report->chart_count; i++) {
        struct report_chart *chart = &report->charts[i];
        if (write_chart(report, chart, directory, &why))
            return err_set(err, ERR_OUTPUT, "the chart %s/%s could not be drawn: %s",
                           directory, chart->name, why);
        chart->written = true;
    }
    return 0;
}
