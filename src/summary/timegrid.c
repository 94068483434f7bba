/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timegrid.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "src/base/vec.h"

void block_init(struct block *block)
{
    *block = (struct block){0};
    histogram_init(&block->histogram, HISTOGRAM_COARSE);
}

void block_release(struct block *block)
{
    histogram_release(&block->histogram);
}

void block_merge(struct block *to, const struct block *from)
{
    to->requests += from->requests;
    to->client_errors += from->client_errors;
    to->server_errors += from->server_errors;
    block_add_log2(to, from->sum_log2);
    histogram_merge(&to->histogram, &from->histogram);
}

void timegrid_init(struct timegrid *grid, unsigned limit)
{
    *grid = (struct timegrid){.limit = limit};
    grid->ids = mem_array(limit + 1, sizeof(*grid->ids));
}

void timegrid_release(struct timegrid *grid)
{
    for (size_t column = 0; column < grid->column_count; column++) {
        for (unsigned i = 0; i < grid->count; i++)
            block_release(&grid->columns[column][i]);
        free(grid->columns[column]);
    }
    free(grid->columns);
    free(grid->ids);
    *grid = (struct timegrid){0};
}

struct block *timegrid_column(struct timegrid *grid)
{
    grid->columns = vec_room(grid->columns, &grid->column_room, grid->column_count + 1,
                             sizeof(struct block *));
    struct block *column = mem_array(grid->limit + 1, sizeof(*column));
    for (unsigned i = 0; i <= grid->limit; i++)
        block_init(&column[i]);
    grid->columns[grid->column_count++] = column;
    return column;
}

static int64_t unit_of(int64_t utc_ns)
{
    return utc_ns / TIMEGRID_UNIT_NS - (utc_ns % TIMEGRID_UNIT_NS < 0);
}

/* First block that is not before id. */
static unsigned lower_bound(const struct timegrid *grid, int64_t id)
{
    unsigned low = 0, high = grid->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (grid->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct timegrid *grid, unsigned i, int64_t id)
{
    vec_hole(grid->ids, grid->count, i, sizeof(*grid->ids));
    grid->ids[i] = id;
    for (size_t column = 0; column < grid->column_count; column++) {
        vec_hole(grid->columns[column], grid->count, i, sizeof(struct block));
        block_init(&grid->columns[column][i]);
    }
    grid->count++;
    grid->changes++;
}

static void move_block(struct block *to, struct block *from, int pair)
{
    if (pair) {
        block_merge(to, from);
        block_release(from);
    } else {
        *to = *from;
    }
    block_init(from);
}

/* Blocks of twice the length: neighbours 2k and 2k + 1 become one. */
static void coarsen(struct timegrid *grid)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < grid->count; i++) {
        int64_t id = grid->ids[i] >> 1;
        int pair = kept && grid->ids[kept - 1] == id;
        unsigned to = kept - (unsigned)pair;
        grid->ids[to] = id;
        kept += !pair;
        for (size_t column = 0; to != i && column < grid->column_count; column++)
            move_block(&grid->columns[column][to], &grid->columns[column][i], pair);
    }
    grid->count = kept;
    grid->shift++;
    grid->changes++;
}

static unsigned place_unit(struct timegrid *grid, int64_t unit)
{
    int64_t id = unit >> grid->shift;
    if (grid->last < grid->count && grid->ids[grid->last] == id)
        return grid->last;
    unsigned i = lower_bound(grid, id);
    if (i == grid->count || grid->ids[i] != id)
        insert(grid, i, id);
    while (grid->count > grid->limit) {
        coarsen(grid);
        i = lower_bound(grid, unit >> grid->shift);
    }
    grid->last = i;
    return i;
}

unsigned timegrid_place(struct timegrid *grid, int64_t utc_ns)
{
    return place_unit(grid, unit_of(utc_ns));
}

void timegrid_merge(struct timegrid *to, struct block *to_column,
                    const struct timegrid *from, const struct block *from_column)
{
    while (to->shift < from->shift)
        coarsen(to);
    for (unsigned i = 0; i < from->count; i++) {
        unsigned at = place_unit(to, from->ids[i] * (INT64_C(1) << from->shift));
        block_merge(&to_column[at], &from_column[i]);
    }
}

struct block *blocks_gather(const struct timegrid *to, const struct timegrid *from,
                            const struct block *from_column)
{
    struct block *blocks = mem_array(to->count, sizeof(*blocks));
    for (unsigned i = 0; i < to->count; i++)
        block_init(&blocks[i]);
    for (unsigned i = 0; i < from->count; i++) {
        int64_t id =
            to->shift < from->shift ? 0 : from->ids[i] >> (to->shift - from->shift);
        unsigned at = lower_bound(to, id);
        if (to->shift < from->shift || at == to->count || to->ids[at] != id) {
            blocks_free(blocks, to->count);
            return NULL;
        }
        block_merge(&blocks[at], &from_column[i]);
    }
    return blocks;
}

void blocks_free(struct block *blocks, unsigned count)
{
    for (unsigned i = 0; blocks && i < count; i++)
        block_release(&blocks[i]);
    free(blocks);
}

bool block_is(const struct block *a, const struct block *b)
{
    bool same = a->requests == b->requests && a->client_errors == b->client_errors &&
                a->server_errors == b->server_errors && a->sum_log2 == b->sum_log2;
    for (unsigned i = 0; same && i < HISTOGRAM_COARSE_BUCKETS; i++)
        same = histogram_at(&a->histogram, i) == histogram_at(&b->histogram, i);
    return same;
}

double timegrid_length_s(const struct timegrid *grid)
{
    return (double)(UINT64_C(1) << grid->shift) / 64;
}

static int64_t cut(__int128 ns)
{
    return ns < INT64_MIN ? INT64_MIN : ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

int64_t timegrid_first_ns(const struct timegrid *grid, unsigned i)
{
    __int128 length_ns = (__int128)TIMEGRID_UNIT_NS << grid->shift;
    return cut(grid->ids[i] * length_ns);
}

int64_t timegrid_last_ns(const struct timegrid *grid, unsigned i)
{
    __int128 length_ns = (__int128)TIMEGRID_UNIT_NS << grid->shift;
    return cut((grid->ids[i] + (__int128)1) * length_ns - 1);
}
