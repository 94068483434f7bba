/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of charts, for charts*.c and chart_plan.c only: each turns findings into the
 * arrays that plots/ draws, and says what it shows in a title. The caller frees titles.
 */
#ifndef REPORT_CHART_PARTS_H
#define REPORT_CHART_PARTS_H

#include "charts.h"

#include "plots/time_axis.h"

typedef int chart_drawing(const struct report *report, const struct report_chart *chart,
                          const struct theme *theme, struct scene *scene,
                          const char **why);

/* Borrows the report's zone. */
struct wall_clock chart_clock(const struct report *report);

/* The value, or NaN. */
double chart_known_or_nan(const struct quantile *quantile);

/* Bins of a panel of one endpoint among many. */
enum { CHART_PANEL_BINS = 24 };
/* At most so many endpoints, those that take most time first. Returns how many; what the
 * others have together is *others_requests. */
size_t chart_most_time(const struct report *report, size_t *indices, size_t most,
                       uint64_t *others_requests);

chart_drawing chart_draw_latency, chart_draw_ecdf, chart_draw_density,
    chart_draw_endpoint_courses, chart_draw_endpoint_percentiles;
chart_drawing chart_draw_timeline, chart_draw_traffic, chart_draw_outliers,
    chart_draw_forest, chart_draw_utilisation, chart_draw_groups, chart_draw_addresses,
    chart_draw_profile, chart_draw_profile_change;

/* Whether there is an outlier to draw. */
bool chart_has_outliers(const struct report *report, const struct endpoint *endpoint);

/* Whether there are samples of it, and of two versions. */
bool chart_has_profile(const struct report *report, const struct endpoint *endpoint);
bool chart_has_profile_change(const struct report *report,
                              const struct endpoint *endpoint);

char *chart_timeline_title(const struct report *report, const struct endpoint *endpoint);
/* Of an endpoint that has outliers. */
char *chart_outliers_title(const struct report *report, const struct endpoint *endpoint);
/* Of an endpoint that has a profile, or a change of it. */
char *chart_profile_title(const struct report *report, const struct endpoint *endpoint);
char *chart_profile_change_title(const struct report *report,
                                 const struct endpoint *endpoint);
char *chart_endpoint_courses_title(const struct report *report);
char *chart_endpoint_percentiles_title(const struct report *report);
char *chart_traffic_title(const struct report *report);
char *chart_utilisation_title(const struct report *report);
/* Of the report's groups or addresses, where there is one. */
char *chart_actors_title(const struct report *report, const struct usage_actors *actors);

#endif
