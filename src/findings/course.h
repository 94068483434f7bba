/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The course of an endpoint, of one of its versions, or of several together, over time:
 * their blocks merged into as many bins as a picture, a sparkline or a table has room
 * for. Pure; a few hundred endpoints of at most SUMMARY_SERIES_BLOCKS blocks.
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

/* Blocks over time, borrowed from a summary. */
struct course_part {
    const struct timegrid *grid;
    const struct block *blocks;        /* grid->count */
    int64_t first_utc_ns, last_utc_ns; /* of its requests */
};
struct course_part course_part_of_endpoint(const struct summary_endpoint *endpoint);
struct course_part course_part_of_cell(const struct summary_cell *cell);

/* At most so many bins (1..COURSE_BINS_MAX), and fewer, down to a dozen, until a bin
 * holds `good` requests on average. */
void course_build(struct course *course, const struct course_part *parts,
                  size_t part_count, size_t most, uint64_t good);

#endif
