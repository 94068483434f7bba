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

chart_drawing chart_draw_timeline, chart_draw_traffic;

char *chart_timeline_title(const struct report *report, const struct endpoint *endpoint);
char *chart_traffic_title(const struct report *report);

#endif
