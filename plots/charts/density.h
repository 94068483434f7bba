/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where latencies are dense, one line a version, on a log axis: two humps are two kinds
 * of requests. Smoothed by as much as n allows; the data are those of latency.h.
 */
#ifndef PLOTS_CHARTS_DENSITY_H
#define PLOTS_CHARTS_DENSITY_H

#include "plots/charts/latency.h"

/* Fills *scene (uninitialized or released; the caller releases it, also after -1).
 * Without any point the picture says that there is no data. 0, or -1 with *why. */
int chart_latency_density(const struct latency_data *data, const struct theme *theme,
                          struct scene *scene, const char **why);

#endif
