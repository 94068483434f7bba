/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Contiguous time blocks of one length: the smallest power of two, from 2^-6 s, that
 * leaves at most so many non-empty blocks. Which grid comes out depends only on the set
 * of times, so grids merge exactly. Finding a time's block is hot and nearly always the
 * last block again; a new block is rare.
 */
#ifndef SUMMARY_TIMEGRID_H
#define SUMMARY_TIMEGRID_H

#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

#define TIMEGRID_UNIT_NS INT64_C(15625000) /* 2^-6 s */

/* ids ascend; block ids[i] covers UTC [id, id + 1) * (TIMEGRID_UNIT_NS << shift). */
struct timegrid {
    unsigned shift;
    unsigned limit; /* most blocks */
    unsigned count;
    int64_t *ids; /* room for limit + 1 */
};

/* What is kept of one time block or one recording run of a cell. */
struct block {
    uint64_t requests;
    uint64_t client_errors;     /* status 400..499 */
    uint64_t server_errors;     /* status >= 500, or an exception */
    int64_t sum_log2;           /* of log2(duration in ns) in units of SUM_LOG2_UNIT */
    struct histogram histogram; /* HISTOGRAM_COARSE */
};

/* sum_log2 / SUM_LOG2_UNIT is the sum of log2(ns), each request at its fine bucket's
 * middle (0 and 1 ns count as 0). Fits 10^11 requests. */
#define SUM_LOG2_UNIT (INT64_C(1) << 20)

/* Length of a block in seconds. */
double timegrid_length_s(const struct timegrid *grid);
/* UTC ns where block i begins, and ends; saturates at the ends of int64_t. */
int64_t timegrid_begin_ns(const struct timegrid *grid, unsigned i);
int64_t timegrid_end_ns(const struct timegrid *grid, unsigned i);

#endif
