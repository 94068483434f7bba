/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether an endpoint's outliers come at an hour of the day. For outlier*.c only. */
#ifndef FINDINGS_OUTLIER_HOURS_H
#define FINDINGS_OUTLIER_HOURS_H

#include "outliers.h"
#include "timezone.h"

enum { OUTLIER_HOURS = 24, OUTLIER_HOUR_DAYS_MIN = 3 };

/* An endpoint's requests and outliers by local day and hour. */
struct outlier_hours {
    struct scan_count (*days)[OUTLIER_HOURS];
    size_t day_count;
};

/* From the cells of an endpoint of the scan's plan; zone NULL: UTC. No days where cells
 * are longer than an hour, or the days too many. */
void outlier_hours_init(struct outlier_hours *hours, const struct scan *scan,
                        size_t endpoint, const struct zone *zone);
void outlier_hours_release(struct outlier_hours *hours);

/* Fills requests, outliers, expected, lift and p of *culprit for an hour. A slow night is
 * one event, however many outliers it has, so days are what is counted: on how many days
 * the hour had more than twice the rate of the day's other hours, against how often any
 * other hour has (a binomial tail). p is 1 below OUTLIER_COUNT_MIN outliers, a lift of 2
 * or OUTLIER_HOUR_DAYS_MIN such days. */
void outlier_hours_judge(const struct outlier_hours *hours, unsigned hour,
                         struct culprit *culprit);

#endif
