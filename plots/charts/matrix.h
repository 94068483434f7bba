/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two kinds of names against each other, versions and endpoints or versions and
 * customers: amounts as colour and as numbers in the cells. No data differs from zero.
 *
 * Built for 1 to 30 rows and 1 to 12 columns; what is left out is said.
 */
#ifndef PLOTS_CHARTS_MATRIX_H
#define PLOTS_CHARTS_MATRIX_H

#include "plots/scene.h"
#include "plots/theme.h"

enum { MATRIX_MAX_ROWS = 30, MATRIX_MAX_COLUMNS = 12 };

enum matrix_unit { MATRIX_LATENCY, MATRIX_COUNT, MATRIX_SHARE };

struct matrix_data {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    enum matrix_unit unit;
    const char *what;           /* an amount: "p95", "requests an hour" */
    const char *row_what;       /* rows in the plural: "endpoints" */
    const char *column_what;    /* "versions" */
    const char *const *rows;    /* the most important first, drawn from the top */
    const char *const *columns; /* oldest first; of too many, the last are drawn */
    size_t row_count, column_count;
    const double *amounts;     /* [row_count][column_count]; NaN: no data */
    const uint64_t *requests;  /* n of each cell, for tips; NULL: not said */
    const uint64_t *row_total; /* n of each row, at the right; NULL: not said */
};

/* Fills *scene (uninitialized or released; the caller releases it, also after -1); its
 * height follows the number of rows. 0, or -1 with *why. */
int chart_matrix(const struct matrix_data *data, const struct theme *theme,
                 struct scene *scene, const char **why);

#endif
