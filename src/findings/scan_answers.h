/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the second scan said, kept with the summary that asked: whose the outliers are,
 * and how much of a change who asked explains. A saved summary has no requests to scan,
 * so its report takes these answers, as long as it asks the same: the same plan, and for
 * hours the same time zone.
 */
#ifndef FINDINGS_SCAN_ANSWERS_H
#define FINDINGS_SCAN_ANSWERS_H

#include <stdbool.h>

#include "outliers.h"
#include "regression.h"

struct summary;
struct zone;

/* Keeps what outliers_attribute() found with the summary that outliers were built of. */
void outliers_keep(const struct outliers *outliers, struct summary *summary,
                   const struct zone *zone);
/* False when the summary has no answer; else as outliers_attribute(). */
bool outliers_recall(struct outliers *outliers, const struct summary *summary,
                     const struct zone *zone);

/* The same of regression_explain(), of versions within one summary. */
void regression_keep(const struct regression *regression, struct summary *summary);
bool regression_recall(struct regression *regression, const struct summary *summary);

#endif
