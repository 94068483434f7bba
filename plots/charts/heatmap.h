/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When an application is used: hours from top to bottom, days (or days of the week) from
 * left to right, amounts as colour with a key. An hour without data looks different from
 * an hour with zero requests.
 *
 * Built for 1 to 732 days; of more, the newest 732, and the picture says so. Days with 23
 * or 25 hours are the data's business: the hour that does not exist is NaN, the two that
 * share a name are added by the caller.
 */
#ifndef PLOTS_CHARTS_HEATMAP_H
#define PLOTS_CHARTS_HEATMAP_H

#include "plots/scene.h"
#include "plots/theme.h"

enum { HEATMAP_MAX_DAYS = 732 };

struct heatmap_days {
    const char *title;    /* the finding, a sentence; NULL or "" for none */
    const char *subtitle; /* NULL for none */
    const char *unit;     /* of the amounts: "requests an hour" */
    const char *zone;     /* whose hours these are: "Europe/Amsterdam" */
    int64_t first_day;    /* civil days since 1970-01-01 */
    size_t days;
    const double *amounts; /* [days][24], >= 0; NaN: no data */
};

struct heatmap_week {
    const char *title, *subtitle;
    const char *unit; /* "requests an hour, mean of 9 weeks" */
    const char *zone;
    const double *amounts; /* [7][24], Monday first, >= 0; NaN: no data */
};

/* Both fill *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any amount the picture says that there is no data. 0, or -1 with *why. */
int chart_heatmap_days(const struct heatmap_days *data, const struct theme *theme,
                       struct scene *scene, const char **why);
int chart_heatmap_week(const struct heatmap_week *data, const struct theme *theme,
                       struct scene *scene, const char **why);

#endif
