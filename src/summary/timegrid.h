/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Contiguous time blocks of one length: the smallest power of two, from 2^-6 s, that
 * leaves at most so many non-empty blocks. Which grid comes out depends only on the set
 * of times, never on their order, so grids merge exactly. Finding a time's block is
 * nearly always the last block again; a new block or a coarser grid is rare.
 */
#ifndef SUMMARY_TIMEGRID_H
#define SUMMARY_TIMEGRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

#define TIMEGRID_UNIT_NS INT64_C(15625000) /* 2^-6 s */
#define TIMEGRID_SHIFT_MAX 40u /* a block of 2^34 s holds every int64_t of ns */

/* sum_log2 / SUM_LOG2_UNIT is a sum of log2(duration in ns), each request at the middle
 * of its fine bucket (0 and 1 ns count as 0). int64_t is good for 10^11 requests. */
#define SUM_LOG2_UNIT (INT64_C(1) << 20)

/* What is kept of one time block or one recording run. */
struct block {
    uint64_t requests;
    uint64_t client_errors; /* status 400..499 */
    uint64_t server_errors; /* status >= 500, or an exception */
    int64_t sum_log2;
    struct histogram histogram; /* HISTOGRAM_COARSE */
};

/* ids ascend; block i covers UTC [ids[i], ids[i] + 1) * (TIMEGRID_UNIT_NS << shift). Each
 * column is an array of count blocks that moves with the grid: one a cell. */
struct timegrid {
    unsigned shift, limit, count;
    unsigned last;    /* found last: a hint */
    uint32_t changes; /* raised when blocks move: new ones, longer ones */
    int64_t *ids;     /* room for limit + 1, as in each column */
    struct block **columns;
    size_t column_count, column_room;
};

void timegrid_init(struct timegrid *grid, unsigned limit);
/* Columns too. */
void timegrid_release(struct timegrid *grid);
/* A new column of blocks, all empty, at an address that stays. The grid's. */
struct block *timegrid_column(struct timegrid *grid);
/* Index of the block that holds a time; makes it, and coarsens the grid, when needed. */
unsigned timegrid_place(struct timegrid *grid, int64_t utc_ns);
/* Adds one of from's columns to one of `to`. */
void timegrid_merge(struct timegrid *to, struct block *to_column,
                    const struct timegrid *from, const struct block *from_column);

/* Blocks of `to` from one of from's columns, of blocks at most as long; a new array, or
 * NULL when a block of from lies in none of to's. */
struct block *blocks_gather(const struct timegrid *to, const struct timegrid *from,
                            const struct block *from_column);
void blocks_free(struct block *blocks, unsigned count);
bool block_is(const struct block *a, const struct block *b);

/* Length of a block in seconds. */
double timegrid_length_s(const struct timegrid *grid);
/* First and last ns of block i in UTC; cut at the ends of int64_t. */
int64_t timegrid_first_ns(const struct timegrid *grid, unsigned i);
int64_t timegrid_last_ns(const struct timegrid *grid, unsigned i);

void block_init(struct block *block);
void block_release(struct block *block);
void block_merge(struct block *to, const struct block *from);
/* Wraps instead of overflowing, beyond 10^11 requests. */
static inline void block_add_log2(struct block *block, int64_t sum_log2)
{
    block->sum_log2 = (int64_t)((uint64_t)block->sum_log2 + (uint64_t)sum_log2);
}

#endif
