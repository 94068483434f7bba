/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single slow requests, when and how long, on a log axis, coloured by whose they are,
 * over the fence from which on a request is an outlier. What is not drawn is said.
 *
 * Built for 1 to some thousand points and up to 6 names.
 */
#ifndef PLOTS_CHARTS_SCATTER_H
#define PLOTS_CHARTS_SCATTER_H

#include "plots/scene.h"
#include "plots/theme.h"
#include "plots/time_axis.h"
#include "plots/time_marks.h"

enum { SCATTER_MAX_NAMES = 6 };
#define SCATTER_NOBODY SIZE_MAX

struct scatter_point {
    double at_s; /* since 1970, UTC */
    double latency_ns;
    size_t name;     /* index into names; SCATTER_NOBODY: of nobody who is named */
    const char *tip; /* NULL: none */
};

/* From when to when requests beyond ns were outliers. */
struct scatter_fence {
    double from_s, to_s, ns;
};

struct scatter_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    struct wall_clock clock;
    double from_s, to_s;                /* what was recorded; the axis reaches over it */
    const struct scatter_point *points; /* in any order */
    size_t point_count;
    const char *const *names; /* the first SCATTER_MAX_NAMES have colours */
    size_t name_count;
    const struct scatter_fence *fences;
    size_t fence_count;
    const struct time_mark *marks; /* ascending */
    size_t mark_count;
    uint64_t requests, beyond; /* n of all, and of those beyond their fence */
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any point the picture says so. 0, or -1 with *why. */
int chart_scatter(const struct scatter_data *data, const struct theme *theme,
                  struct scene *scene, const char **why);

#endif
