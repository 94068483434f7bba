/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Latency as box plots, one row a version or an endpoint, on a log axis: the box holds
 * the middle half, the bar in it is the median, whiskers are Tukey's and come with the
 * data, the dots further out are p99 (open) and the slowest (filled).
 *
 * Built for 1 to 40 rows, names at the left; of more, the first 40, and the picture says
 * how many are left out.
 */
#ifndef PLOTS_CHARTS_BOXPLOT_H
#define PLOTS_CHARTS_BOXPLOT_H

#include "plots/scene.h"
#include "plots/theme.h"

enum { BOXPLOT_MAX_ROWS = 40 };

struct boxplot_row {
    const char *name; /* any bytes, any length */
    /* All in ns, ascending where known; NaN where not known (a row without a median is
     * drawn as "no data"). */
    double whisker_low_ns, q1_ns, median_ns, q3_ns, whisker_high_ns;
    double p99_ns, max_ns;
    uint64_t requests; /* n, printed at the right */
};

struct boxplot_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    const char *what;     /* what a row is, in the plural: "versions", "endpoints" */
    const struct boxplot_row *rows; /* the most important first; drawn from the top */
    size_t row_count;
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1); its
 * height follows the number of rows. 0, or -1 with *why. */
int chart_boxplot(const struct boxplot_data *data, const struct theme *theme,
                  struct scene *scene, const char **why);

#endif
