/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The course of one endpoint, or of several together, over time: the blocks of their
 * series merged into as many bins as a picture, a sparkline or a table has room for.
 * Pure; a few hundred endpoints of at most SUMMARY_SERIES_BLOCKS blocks.
 *
 * Bins are of one length, a power of two of TIMEGRID_UNIT_NS, and follow each other
 * without a gap: they are of UTC, not of a calendar (that is activity.h).
 */
#ifndef FINDINGS_COURSE_H
#define FINDINGS_COURSE_H

#include "src/summary/summary.h"

enum {
    COURSE_BINS_MAX = 96,
    /* A bin's quantile of share p is known when so many requests lie beyond it. */
    COURSE_BEYOND_MIN = 2
};

struct course_bin {
    double from_s, to_s; /* UTC; of the outer bins cut to the requests */
    uint64_t requests, client_errors, server_errors; /* as in struct block */
    double p50_ns, p95_ns, p99_ns;                   /* NAN: not known */
};

struct course {
    struct course_bin bins[COURSE_BINS_MAX]; /* without requests some may be */
    size_t count;                            /* 0: no request at all */
    double length_s;                         /* of a whole bin */
};

/* At most so many bins (1..COURSE_BINS_MAX), and fewer, down to a dozen, until a bin
 * holds `good` requests on average. */
void course_build(struct course *course, const struct summary_endpoint *const *endpoints,
                  size_t endpoint_count, size_t most, uint64_t good);

#endif
