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
    double trust;    /* 0..1: how much it counts: 0 if it is known to have changed */
};

struct common_mode {
    double difference; /* what all share */
    /* How much the shifts of endpoints differ beyond their own variances, as a variance:
     * what starting a process anew does to each of them, which the time blocks of one run
     * cannot show. Moment estimate of a random effect (Paule and Mandel 1982) with
     * medians instead of means, so that endpoints that really changed hardly count: the
     * variance at which the median squared standardised deviation from the median is that
     * of a normal's. 0: none. */
    double dispersion;
    /* How much less is known of `difference` than the variances of those that count say,
     * as a variance: from how far they lie from it. 0: no less. */
    double excess;
    double excess_df; /* as many as count, by their weights */
};

/* What count shifts share, `without` left out (SIZE_MAX: none): a mean with weights[i],
 * which has count places, inverse to the variances with the dispersion, and Tukey's
 * bisquare of the distance from the centre, which begins at the median: endpoints that
 * really changed count for nothing, were they a third of all or the busiest. The weights
 * sum to 1, none is above 1/3 where there are 5 or more, so that one busy endpoint is not
 * the common mode. */
struct common_mode common_mode(const struct shift *shifts, size_t count, size_t without,
                               double *weights);

/* Lowers `trust` of each where the bisquare of its distance from the others is less. */
void common_mode_distrust(struct shift *shifts, size_t count);

#endif
