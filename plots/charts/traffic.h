/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Throughput over time, stacked by how requests ended, and below it the share that
 * failed, which a stack would hide.
 *
 * Built for 1 to some hundred blocks of time; where there is no block there was no
 * request.
 */
#ifndef PLOTS_CHARTS_TRAFFIC_H
#define PLOTS_CHARTS_TRAFFIC_H

#include "plots/scene.h"
#include "plots/theme.h"
#include "plots/time_axis.h"
#include "plots/time_marks.h"

/* Requests in [from_s, to_s), seconds since 1970 UTC. */
struct traffic_block {
    double from_s, to_s;
    uint64_t requests, client_errors, server_errors; /* the first holds the others */
};

struct traffic_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    struct wall_clock clock;
    const struct traffic_block *blocks; /* ascending, not overlapping */
    size_t block_count;
    const struct time_mark *marks; /* ascending */
    size_t mark_count;
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any request the picture says so. 0, or -1 with *why. */
int chart_traffic(const struct traffic_data *data, const struct theme *theme,
                  struct scene *scene, const char **why);

#endif
