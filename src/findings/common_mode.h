/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What moves all endpoints together (the database's slow hour, another machine):
 * estimated from the other endpoints, so that it can be taken off one. A few hundred
 * endpoints.
 */
#ifndef FINDINGS_COMMON_MODE_H
#define FINDINGS_COMMON_MODE_H

#include <stddef.h>

enum { COMMON_MODE_LEAST = 5 }; /* endpoints, below which there is nothing to take off */

/* One endpoint's shift between the two sides and the variance of that. */
struct shift {
    double difference;
    double variance; /* > 0 */
};

/* weights[i] of the combination of shifts that leaves out `without` (SIZE_MAX: none);
 * they sum to 1, inverse to the variance, and none is above 1/3 where there are 5 or
 * more, so that one busy endpoint is not the common mode. clipped[i]: the differences,
 * winsorised to 2 robust deviations (1.4826 × median absolute deviation, at least the
 * median standard error) around their median, so that one endpoint that really changed
 * does not move the others. Both have count places. */
void common_mode(const struct shift *shifts, size_t count, size_t without,
                 double *weights, double *clipped);

/* How much the shifts of endpoints differ beyond their own variances, as a variance: what
 * starting a process anew does to each of them, which the time blocks of one run cannot
 * show. Moment estimate of a random effect (Paule and Mandel 1982) with medians instead
 * of means, so that endpoints that really changed hardly count: the variance at which the
 * median squared standardised deviation from the median is that of a normal's. 0: none.
 */
double common_mode_dispersion(const struct shift *shifts, size_t count, size_t without);

#endif
