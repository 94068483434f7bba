/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include "charts.h"
#include "display.h"
#include "notes.h"

#include "src/base/mem.h"
#include "src/findings/scan_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const report_sort_names[] = {"time",   "requests", "p95",
                                         "errors", "name",     NULL};

const struct report_format report_formats[] = {
    {"json", "json", report_json},
    {"markdown", "md", report_markdown},
    {"html", "html", report_html},
    {"junit", "junit.xml", report_junit},
    {"folded", NULL, report_folded},
    {"speedscope", NULL, report_speedscope},
    {NULL, NULL, NULL},
};

/* Groups and addresses that are kept for the JSON; tables show options.top of them. */
enum { ACTORS_KEPT = 256 };

void report_options_init(struct report_options *options)
{
    *options = (struct report_options){
        .apdex_target_ns = 500000000,
        .sort = REPORT_SORT_TIME,
        .top = 20,
        .charts = true,
        .chart_endpoints = 6,
        .markdown_bytes = 1000 * 1000,
    };
    outlier_options_init(&options->outliers);
    regression_options_init(&options->regression);
}

/* --- order of rows --- */

struct sorted {
    size_t index;
    double key;
};

static double sort_key(const struct endpoint *endpoint, enum report_sort sort)
{
    const struct distribution *all = &endpoint->all;

    switch (sort) {
    case REPORT_SORT_REQUESTS:
        return (double)all->requests;
    case REPORT_SORT_P95:
        return all->quantiles[QUANTILE_95].known ? all->quantiles[QUANTILE_95].value_ns
                                                 : -1;
    case REPORT_SORT_ERRORS:
        return (double)all->errors.server + (double)all->errors.client * 1e-10;
    case REPORT_SORT_NAME:
        return 0;
    case REPORT_SORT_TIME:
        break;
    }
    return all->total_ns;
}

/* Largest first; equal ones by name, which is what the index is. */
static int compare_sorted(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;

    if (a->key != b->key)
        return a->key > b->key ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

void report_sort_endpoints(size_t *order, const struct overview *overview,
                           enum report_sort sort)
{
    size_t count = overview->endpoint_count;
    struct sorted *rows = mem_array(count, sizeof(*rows));

    for (size_t i = 0; i < count; i++)
        rows[i] = (struct sorted){i, sort_key(&overview->endpoints[i], sort)};
    if (count > 1)
        qsort(rows, count, sizeof(*rows), compare_sorted);
    for (size_t i = 0; i < count; i++)
        order[i] = rows[i].index;
    free(rows);
}

/* A POSIX rule may quote anything. */
static void clean_zone_name(struct zone *zone)
{
    char *clean = display_clean(zone->name, strlen(zone->name));

    snprintf(zone->name, sizeof(zone->name), "%s", clean);
    free(clean);
}

/* --- the whole --- */

/* By the second scan, where both sides had one, or by what it said when the summary was
 * saved. */
static void explain_changes(struct report *report)
{
    const struct report_options *options = &report->options;
    const struct scan *older =
        options->regression.baseline ? options->baseline_scan : options->scan;

    if (options->scan && older)
        regression_explain(&report->regression, options->scan, older);
    else if (!options->regression.baseline)
        regression_recall(&report->regression, report->summary);
}

int report_build(struct report *report, const struct summary *summary,
                 const struct input_report *input, const struct report_options *options,
                 struct err *err)
{
    *report = (struct report){.options = *options, .summary = summary, .input = input};
    if (zone_load(&report->zone, options->time_zone, err))
        return -1;
    clean_zone_name(&report->zone);
    if (regression_build(&report->regression, summary, &options->regression, err))
        return -1;
    explain_changes(report);
    overview_build(&report->overview, summary, options->apdex_target_ns);
    usage_build(&report->usage, summary, &report->zone,
                options->top > ACTORS_KEPT ? options->top : ACTORS_KEPT);
    activity_build(&report->activity, &report->overview, &report->usage, &report->zone);
    actor_latency_build(&report->group_latency, summary, SUMMARY_GROUP,
                        &report->usage.groups, &report->overview);
    actor_latency_build(&report->address_latency, summary, SUMMARY_ADDRESS,
                        &report->usage.addresses, &report->overview);
    targets_judge(&report->results, options->targets, &report->overview);
    change_points_build(&report->changes, summary);
    profile_build(&report->profile, summary, options->regression.baseline,
                  &report->regression);
    incidents_build(&report->incidents, summary);
    outliers_build(&report->outliers, summary, &options->outliers);
    if (options->scan)
        outliers_attribute(&report->outliers, summary, options->scan, &report->zone);
    else if (!outliers_recall(&report->outliers, summary, &report->zone))
        outliers_attribute_roughly(&report->outliers, summary);
    report->order = mem_array(report->overview.endpoint_count, sizeof(*report->order));
    report_sort_endpoints(report->order, &report->overview, options->sort);
    notes_build(report);
    if (options->charts && report->overview.endpoint_count > 0)
        report_plan_charts(report);
    return 0;
}

void report_keep_answers(const struct report *report, struct summary *summary)
{
    const struct report_options *options = &report->options;
    if (!options->scan)
        return;
    outliers_keep(&report->outliers, summary, &report->zone);
    if (!options->regression.baseline)
        regression_keep(&report->regression, summary);
}

void report_release(struct report *report)
{
    for (size_t i = 0; i < report->chart_count; i++)
        report_chart_release(&report->charts[i]);
    free(report->charts);
    notes_release(report);
    free(report->order);
    target_results_release(&report->results);
    change_points_release(&report->changes);
    incidents_release(&report->incidents);
    profile_release(&report->profile);
    outliers_release(&report->outliers);
    activity_release(&report->activity);
    actor_latency_release(&report->group_latency);
    actor_latency_release(&report->address_latency);
    usage_release(&report->usage);
    regression_release(&report->regression);
    overview_release(&report->overview);
    zone_release(&report->zone);
    *report = (struct report){0};
}
