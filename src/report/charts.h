/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From findings to pictures that are not drawn yet: for printers that hold charts
 * themselves.
 */
#ifndef REPORT_CHARTS_H
#define REPORT_CHARTS_H

#include "report.h"
#include "table.h"

#include "plots/scene.h"
#include "plots/theme.h"

/* Fills scenes with the chart in light and in dark, to be released either way. 0; -1 with
 * *why. */
int report_scenes(const struct report *report, const struct report_chart *chart,
                  struct scene scenes[2], const char **why);

/* What is known of each kind of chart. */
struct chart_kind {
    const char *name;   /* in the JSON */
    const char *prefix; /* of its files' names */
    const char *words;  /* of a list of charts */
    bool of_endpoint;   /* else there is one */
};
extern const struct chart_kind chart_kinds[REPORT_CHART_KINDS];

/* Fills report->charts. */
void report_plan_charts(struct report *report);

/* The charts of one endpoint, the most telling first; the caller frees their names and
 * titles (report_chart_release). Returns how many. */
enum { REPORT_ENDPOINT_CHARTS = 8 };
size_t report_plan_endpoint(const struct report *report, size_t endpoint,
                            struct report_chart charts[REPORT_ENDPOINT_CHARTS]);
void report_chart_release(struct report_chart *chart);

/* The numbers of a chart that no other table of a page has: fills table, to be released,
 * and returns its heading, which the caller frees. NULL: some other table has them. */
char *chart_numbers(const struct report *report, const struct report_chart *chart,
                    struct table *table);

/* The outliers of an endpoint; NULL when no version has a fence. */
const struct outlier_endpoint *report_outliers_of(const struct report *report,
                                                  const struct endpoint *endpoint);

/* What the newest version of an endpoint does against the one before it, or how fast the
 * endpoint is. The caller frees. */
char *report_endpoint_title(const struct report *report, const struct endpoint *endpoint);

#endif
