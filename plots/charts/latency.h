/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How latencies are distributed, one line a version: as the share of requests that are at
 * least this fast (ECDF, log latency axis), or as latency over percentile on an axis that
 * gives each further nine the same room, where tails show.
 *
 * Built for 1 to some hundred lines of up to some 10,000 points: up to four lines are
 * coloured; of more, the newest two, the others are grey; what is not drawn is said.
 */
#ifndef PLOTS_CHARTS_LATENCY_H
#define PLOTS_CHARTS_LATENCY_H

#include "plots/scene.h"
#include "plots/theme.h"

struct latency_line {
    const char *name;         /* the version; any bytes, any length */
    const double *latency_ns; /* ascending; values <= 0 or not finite are left out */
    const double *share;      /* of requests with at most that latency: 0..1, ascending */
    size_t points;
    uint64_t requests; /* n, printed beside the name */
    /* Marked on the line; NaN where not known. */
    double p50_ns, p95_ns, p99_ns;
};

struct latency_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* what is shown, of what, since when; NULL for none */
    const struct latency_line *lines; /* oldest first, the newest last */
    size_t line_count;
};

/* Both fill *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any point the picture says that there is no data. 0, or -1 with *why. */
int chart_latency_ecdf(const struct latency_data *data, const struct theme *theme,
                       struct scene *scene, const char **why);
int chart_latency_percentiles(const struct latency_data *data, const struct theme *theme,
                              struct scene *scene, const char **why);

#endif
