/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From findings to pictures that are not drawn yet: for printers that hold charts
 * themselves.
 */
#ifndef REPORT_CHARTS_H
#define REPORT_CHARTS_H

#include "report.h"

#include "plots/scene.h"
#include "plots/theme.h"

/* Fills *scene, to be released either way. 0; -1 with *why. */
int report_scene(const struct report *report, const struct report_chart *chart,
                 const struct theme *theme, struct scene *scene, const char **why);

/* What the newest version of an endpoint does against the one before it, or how fast the
 * endpoint is. The caller frees. */
char *report_endpoint_title(const struct report *report, const struct endpoint *endpoint);

#endif
