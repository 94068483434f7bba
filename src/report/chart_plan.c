/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which charts a report has, in which order, and what each says.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"
#include "notes.h"
#include "verdicts.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include <stdlib.h>

/* A chart of one endpoint, or of all: index SIZE_MAX. title is taken. */
static struct report_chart new_chart(const struct report *report,
                                     enum report_chart_kind kind, size_t endpoint,
                                     char *title)
{
    struct str name;

    str_init(&name);
    str_add_text(&name, chart_kinds[kind].prefix);
    if (chart_kinds[kind].of_endpoint) {
        char *slug = slug_of_endpoint(report, &report->overview.endpoints[endpoint]);
        str_addf(&name, "-%s", slug);
        free(slug);
    }
    return (struct report_chart){
        .kind = kind, .endpoint = endpoint, .name = str_take(&name), .title = title};
}

void report_chart_release(struct report_chart *chart)
{
    free(chart->name);
    free(chart->title);
}

static void add_chart(struct report *report, struct report_chart chart)
{
    report->charts = vec_room(report->charts, &report->chart_room,
                              report->chart_count + 1, sizeof(*report->charts));
    report->charts[report->chart_count++] = chart;
}

static void add_general(struct report *report, enum report_chart_kind kind, char *title)
{
    add_chart(report, new_chart(report, kind, SIZE_MAX, title));
}

char *report_endpoint_title(const struct report *report, const struct endpoint *endpoint)
{
    char *sentence = verdict_title(report, endpoint);
    const struct quantile *q = endpoint->all.quantiles;
    struct str title;

    if (sentence)
        return sentence;
    char *label = label_of_endpoint(report, endpoint);
    str_init(&title);
    str_add_text(&title, label);
    for (size_t i = 0, said = 0; i < QUANTILES; i++)
        if (q[i].known && (i == QUANTILE_50 || i == QUANTILE_95))
            str_addf(&title, "%s %s %s", said++ ? "," : ":", quantile_names[i],
                     format_duration(q[i].value_ns).s);
    free(label);
    return str_take(&title);
}

/* "GET /export has the slowest median: 2.10 s". */
static char *endpoints_title(const struct report *report)
{
    const struct overview *overview = &report->overview;
    const struct endpoint *slowest = NULL;
    struct str title;

    for (size_t i = 0; i < overview->endpoint_count; i++) {
        const struct endpoint *endpoint = &overview->endpoints[i];
        if (endpoint->all.box.known &&
            (!slowest || endpoint->all.box.median_ns > slowest->all.box.median_ns))
            slowest = endpoint;
    }
    str_init(&title);
    if (slowest) {
        char *label = label_of_endpoint(report, slowest);
        str_addf(&title, "%s has the slowest median: %s", label,
                 format_duration(slowest->all.box.median_ns).s);
        free(label);
    } else {
        str_add_text(&title, "Too few requests at every endpoint");
    }
    return str_take(&title);
}

/* "GET /cart: half of the requests within 12 ms, 95 % within 40 ms": of the newest. */
static char *ecdf_title(const struct report *report, const struct endpoint *endpoint)
{
    const struct endpoint_version *newest =
        &endpoint->versions[endpoint->version_count - 1];
    const struct quantile *q = newest->distribution.quantiles;
    char *label = label_of_endpoint(report, endpoint);
    char *version = label_of_version(report, newest->version);
    struct str title;

    str_init(&title);
    str_addf(&title, "%s%s%s", label, endpoint->version_count > 1 ? " in " : "",
             endpoint->version_count > 1 ? version : "");
    if (q[QUANTILE_50].known)
        str_addf(&title, ": half of the requests within %s",
                 format_duration(q[QUANTILE_50].value_ns).s);
    if (q[QUANTILE_95].known)
        str_addf(&title, ", 95 %% within %s", format_duration(q[QUANTILE_95].value_ns).s);
    free(version);
    free(label);
    return str_take(&title);
}

/* "GET /cart: the middle half of the requests takes 8 ms to 20 ms". */
static char *density_title(const struct report *report, const struct endpoint *endpoint)
{
    const struct endpoint_version *newest =
        &endpoint->versions[endpoint->version_count - 1];
    const struct box *box = &newest->distribution.box;
    char *label = label_of_endpoint(report, endpoint);
    struct str title;

    str_init(&title);
    str_add_text(&title, label);
    if (box->known)
        str_addf(&title, ": the middle half of the requests takes %s to %s",
                 format_duration(box->quartile_1_ns).s,
                 format_duration(box->quartile_3_ns).s);
    free(label);
    return str_take(&title);
}

size_t report_plan_endpoint(const struct report *report, size_t index,
                            struct report_chart charts[REPORT_ENDPOINT_CHARTS])
{
    const struct endpoint *endpoint = &report->overview.endpoints[index];
    size_t count = 0;

    charts[count++] = new_chart(report, REPORT_CHART_LATENCY, index,
                                report_endpoint_title(report, endpoint));
    charts[count++] = new_chart(report, REPORT_CHART_TIMELINE, index,
                                chart_timeline_title(report, endpoint));
    if (chart_has_outliers(report, endpoint))
        charts[count++] = new_chart(report, REPORT_CHART_OUTLIERS, index,
                                    chart_outliers_title(report, endpoint));
    if (chart_has_profile(report, endpoint))
        charts[count++] = new_chart(report, REPORT_CHART_PROFILE, index,
                                    chart_profile_title(report, endpoint));
    if (chart_has_profile_change(report, endpoint))
        charts[count++] = new_chart(report, REPORT_CHART_PROFILE_CHANGE, index,
                                    chart_profile_change_title(report, endpoint));
    if (endpoint->version_count > 1)
        charts[count++] = new_chart(report, REPORT_CHART_VERSIONS, index,
                                    report_endpoint_title(report, endpoint));
    charts[count++] =
        new_chart(report, REPORT_CHART_DENSITY, index, density_title(report, endpoint));
    charts[count++] =
        new_chart(report, REPORT_CHART_ECDF, index, ecdf_title(report, endpoint));
    return count;
}

static void plan_endpoints(struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t *by_time = mem_array(overview->endpoint_count, sizeof(*by_time));

    report_sort_endpoints(by_time, overview, REPORT_SORT_TIME);
    for (size_t i = 0;
         i < overview->endpoint_count && i < report->options.chart_endpoints; i++) {
        struct report_chart charts[REPORT_ENDPOINT_CHARTS];
        size_t count = report_plan_endpoint(report, by_time[i], charts);
        for (size_t c = 0; c < count; c++)
            add_chart(report, charts[c]);
    }
    free(by_time);
}

/* One a comparison; the file of the first of several has no number. */
static void plan_forests(struct report *report)
{
    for (size_t i = 0; i < report->regression.comparison_count; i++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[i];
        struct str name;
        if (comparison->endpoint_count == 0)
            continue;
        struct report_chart chart = new_chart(report, REPORT_CHART_FOREST, SIZE_MAX,
                                              verdict_headline(report, comparison));
        chart.comparison = i;
        if (i > 0) {
            str_init(&name);
            str_addf(&name, "%s-%zu", chart.name, i + 1);
            free(chart.name);
            chart.name = str_take(&name);
        }
        add_chart(report, chart);
    }
}

/* A map of hours needs some. */
enum { MAP_HOURS_MIN = 4 };

static double recorded_s(const struct usage *usage)
{
    double seconds = 0;

    for (size_t i = 0; i < usage->day_count; i++)
        seconds += usage->days[i].total.seconds;
    return seconds;
}

static void plan_usage(struct report *report)
{
    const struct usage *usage = &report->usage;

    if (usage->slot_s <= 3600 && recorded_s(usage) >= MAP_HOURS_MIN * 3600) {
        add_general(report, REPORT_CHART_DAYS, notes_busiest_sentence(report));
        if (usage->day_count > 1)
            add_general(report, REPORT_CHART_WEEK,
                        notes_busiest_weekday_sentence(report));
    }
    if (report->overview.version_count < 2)
        return;
    if (usage->groups.count > 0)
        add_general(report, REPORT_CHART_GROUPS,
                    chart_actors_title(report, &usage->groups));
    if (usage->addresses.count > 0)
        add_general(report, REPORT_CHART_ADDRESSES,
                    chart_actors_title(report, &usage->addresses));
}

void report_plan_charts(struct report *report)
{
    plan_forests(report);
    add_general(report, REPORT_CHART_ENDPOINTS, endpoints_title(report));
    if (report->overview.endpoint_count > 1) {
        add_general(report, REPORT_CHART_ENDPOINT_COURSES,
                    chart_endpoint_courses_title(report));
        add_general(report, REPORT_CHART_ENDPOINT_PERCENTILES,
                    chart_endpoint_percentiles_title(report));
    }
    add_general(report, REPORT_CHART_TRAFFIC, chart_traffic_title(report));
    if (report->overview.version_count > 1)
        add_general(report, REPORT_CHART_UTILISATION, chart_utilisation_title(report));
    plan_endpoints(report);
    plan_usage(report);
}
