/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line as small as a word, for a cell of a table (E. Tufte, "Beautiful Evidence",
 * 2006): no axes, no words, from the least value to the most. What it says in words is
 * its title.
 *
 * Built for 2 to 100 values and hundreds of pictures a page: three shapes at most.
 */
#ifndef PLOTS_CHARTS_SPARKLINE_H
#define PLOTS_CHARTS_SPARKLINE_H

#include "plots/scene.h"
#include "plots/theme.h"

struct sparkline_data {
    const char *title; /* for who does not see it: "p95 from 12 to 30 ms"; NULL: none */
    const double *values; /* in the order of time; NaN: a gap */
    size_t count;
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1), 6
 * × 1.3 of the base size, without paper. Without any value it is empty. 0, or -1 with
 * *why. */
int chart_sparkline(const struct sparkline_data *data, const struct theme *theme,
                    struct scene *scene, const char **why);

#endif
