/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Latency over time: p50, p95 and p99 as lines with the bands between them, on a log
 * axis, with rules where versions came and where latency changed.
 *
 * Built for 1 to some hundred blocks of time; where there was nothing, lines break.
 */
#ifndef PLOTS_CHARTS_TIMELINE_H
#define PLOTS_CHARTS_TIMELINE_H

#include "plots/scene.h"
#include "plots/theme.h"
#include "plots/time_axis.h"
#include "plots/time_marks.h"

/* What is known of [from_s, to_s), seconds since 1970 UTC. */
struct timeline_block {
    double from_s, to_s;
    double p50_ns, p95_ns, p99_ns; /* NaN: too few requests to know */
    uint64_t requests;
};

struct timeline_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    struct wall_clock clock;
    const struct timeline_block *blocks; /* ascending, not overlapping */
    size_t block_count;
    const struct time_mark *marks; /* ascending */
    size_t mark_count;
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any latency the picture says so. 0, or -1 with *why. */
int chart_timeline(const struct timeline_data *data, const struct theme *theme,
                   struct scene *scene, const char **why);

#endif
