/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What changed between two versions: for each endpoint and quantile the ratio of newer to
 * older with its interval, on a log axis around "the same", with the band of changes that
 * do not count, and the verdict as colour and as word.
 *
 * Built for 1 to 60 rows, the most important first; what is left out is said.
 */
#ifndef PLOTS_CHARTS_FOREST_H
#define PLOTS_CHARTS_FOREST_H

#include "plots/scene.h"
#include "plots/theme.h"

enum { FOREST_MAX_ROWS = 60 };

enum forest_verdict { FOREST_UNCLEAR, FOREST_SAME, FOREST_BETTER, FOREST_WORSE };

struct forest_row {
    const char *name;        /* the endpoint; that of the row before: not repeated */
    const char *metric;      /* "p95" */
    double ratio, low, high; /* newer / older and its interval; NaN: not known */
    enum forest_verdict verdict;
    uint64_t older, newer; /* n of both sides */
};

struct forest_data {
    const char *title;             /* the finding, a sentence; NULL or "" for none */
    const char *subtitle;          /* NULL for none */
    const struct forest_row *rows; /* rows of one name follow each other */
    size_t row_count;
    double least;     /* smallest change that counts, 0.05 for 5 % */
    double least_ns;  /* and that one of fewer ns does not; 0: none */
    const char *rest; /* what is not shown, a sentence; NULL for nothing */
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1); its
 * height follows the number of rows. 0, or -1 with *why. */
int chart_forest(const struct forest_data *data, const struct theme *theme,
                 struct scene *scene, const char **why);

#endif
