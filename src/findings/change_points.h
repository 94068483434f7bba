/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When an endpoint became slower, faster, or began to fail without a new version: the one
 * most likely change in each endpoint's series of at most 256 time blocks, between
 * versions' begins and ends, if it is more than slow minutes and days explain. Pure: a
 * summary in, plain structs out. 200 endpoints.
 */
#ifndef FINDINGS_CHANGE_POINTS_H
#define FINDINGS_CHANGE_POINTS_H

#include "src/summary/summary.h"

#include <stdbool.h>

enum { CHANGE_LATENCY, CHANGE_ERRORS, CHANGE_KINDS };

struct change_point {
    const struct summary_endpoint *endpoint;
    int kind;       /* CHANGE_LATENCY: geometric means of ns; CHANGE_ERRORS: shares of
                       server errors */
    int64_t utc_ns; /* begin of the first block after it */
    double block_s; /* how exact that is */
    double before, after;
    /* after / before of latency, after - before of errors; and its 95 % interval, which
     * allows for blocks that resemble their neighbours */
    double change, change_low, change_high;
    double p; /* of chance, before multiplicity */
};

struct change_points {
    struct change_point *points; /* by endpoint */
    size_t count, room;
};

/* A series of count blocks: sums[k] is the sum over the requests[k] of block k. */
struct change_series {
    const double *sums, *requests;
    unsigned count;
};

/* The most likely change of the mean: CUSUM against the supremum of a Brownian bridge
 * (Kolmogorov's distribution), scaled by the long-run variance of what is left when both
 * sides have their own mean. Index of the first block after it, 0: too few blocks. */
unsigned change_find(const struct change_series *series, double *p, double *variance);

/* P(sup |Brownian bridge| > x) (Kolmogorov 1933), x in units of a deviation that is known
 * with so many degrees of freedom; INFINITY: known. Each term of the series, exp(-2 i²
 * x²), is averaged over a chi square / df, as Student's t averages a normal's tail. */
double change_bridge_tail(double x, double df);

/* The p up to which a report of so many series tells of a change. */
double change_points_level(double tests);

/* 5 % of reports on stable endpoints name one, at most. */
void change_points_build(struct change_points *changes, const struct summary *summary);
void change_points_release(struct change_points *changes);

#endif
