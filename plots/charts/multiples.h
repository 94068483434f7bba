/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small multiples: the same small chart for each of many endpoints, on the same axes, so
 * that panels compare: latency over time, or latency over percentiles of one or two
 * versions.
 *
 * Built for 2 to some hundred endpoints: the first MULTIPLES_PANELS are drawn, and the
 * picture says how many more there are and how much of the requests they have.
 */
#ifndef PLOTS_CHARTS_MULTIPLES_H
#define PLOTS_CHARTS_MULTIPLES_H

#include "plots/charts/latency.h"
#include "plots/charts/timeline.h"

enum { MULTIPLES_PANELS = 20, MULTIPLES_LINES = 2 };

struct multiples_panel {
    const char *name; /* the endpoint; any bytes, any length */
    uint64_t requests;
    double p95_ns; /* NaN: not known */
    /* over time; p50 and p95 are drawn */
    const struct timeline_block *blocks; /* ascending, not overlapping */
    size_t block_count;
    const struct time_mark *marks; /* ascending; rules without names */
    size_t mark_count;
    /* over percentiles: the older version, then the newest; no points: not drawn */
    struct latency_line lines[MULTIPLES_LINES];
};

struct multiples_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    const char *what;     /* what a panel is, in the plural: "endpoints" */
    const struct multiples_panel *panels; /* the most important first */
    size_t panel_count;
    size_t others;                           /* that are not in panels */
    uint64_t others_requests;                /* what these have together */
    struct wall_clock clock;                 /* over time */
    const char *line_names[MULTIPLES_LINES]; /* over percentiles: versions */
};

/* Both fill *scene (uninitialized or released; the caller releases it, also after -1);
 * its height follows the number of panels. Where nothing is known the picture says so. 0,
 * or -1 with *why. */
int chart_multiples_time(const struct multiples_data *data, const struct theme *theme,
                         struct scene *scene, const char **why);
int chart_multiples_percentiles(const struct multiples_data *data,
                                const struct theme *theme, struct scene *scene,
                                const char **why);

#endif
