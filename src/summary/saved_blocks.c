/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in a saved summary: blocks and calendars. */
#include <stdlib.h>

#include "saved_form.h"
#include "src/base/mem.h"

/* --- blocks ------------------------------------------------------------------------ */

void save_grid(struct str *out, const struct timegrid *grid)
{
    pack_number(out, grid->shift);
    pack_number(out, grid->count);
    pack_ascending(out, grid->ids, grid->count);
}

void load_grid(struct loading *loading, struct timegrid *grid)
{
    const int64_t most = INT64_MAX / TIMEGRID_UNIT_NS;
    grid->shift = (unsigned)unpack_limited(&loading->in, TIMEGRID_SHIFT_MAX);
    grid->count = (unsigned)unpack_count(&loading->in, grid->limit);
    unpack_ascending(&loading->in, grid->ids, grid->count);
    if (grid->count)
        require(loading, grid->ids[0] >= (-most - 1) >> grid->shift &&
                             grid->ids[grid->count - 1] <= most >> grid->shift);
}

/* The sum of logarithms by a coarse histogram: each in the middle of its bucket. */
static int64_t sum_by_histogram(const struct summary *summary,
                                const struct histogram *histogram)
{
    const unsigned width = 1u << (HISTOGRAM_FINE - HISTOGRAM_COARSE);
    uint64_t sum = 0;
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    for (unsigned i = begin; i < end; i++)
        sum +=
            (uint64_t)summary->log2[i * width + width / 2] * histogram->counts[i - begin];
    return (int64_t)sum;
}

static int64_t difference(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void save_blocks(const struct saving *saving, struct block *blocks, size_t count)
{
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        struct block *block = &blocks[i];
        unsigned about = counts_context(block->requests);
        save_number(saving, KIND_BLOCK_REQUESTS, counts_context(before), block->requests);
        before = block->requests;
        if (block->requests == 0)
            continue;
        save_number(saving, KIND_BLOCK_CLIENT_ERRORS, about, block->client_errors);
        save_number(saving, KIND_BLOCK_SERVER_ERRORS, about, block->server_errors);
        save_histogram(saving, &block->histogram, block->requests);
        save_difference(saving, KIND_BLOCK_LOG2, about,
                        difference(block->sum_log2,
                                   sum_by_histogram(saving->summary, &block->histogram)));
    }
}

void load_blocks(struct loading *loading, struct block *blocks, size_t count)
{
    uint64_t before = 0;
    for (size_t i = 0; i < count && !loading->in.bad; i++) {
        struct block *block = &blocks[i];
        block->requests =
            load_number(loading, KIND_BLOCK_REQUESTS, counts_context(before), UINT64_MAX);
        before = block->requests;
        if (block->requests == 0)
            continue;
        unsigned about = counts_context(block->requests);
        block->client_errors =
            load_number(loading, KIND_BLOCK_CLIENT_ERRORS, about, UINT64_MAX);
        block->server_errors =
            load_number(loading, KIND_BLOCK_SERVER_ERRORS, about, UINT64_MAX);
        if (loading->old)
            block->sum_log2 = unpack_signed(&loading->in);
        load_histogram(loading, &block->histogram, block->requests);
        if (!loading->old)
            block->sum_log2 = sum(sum_by_histogram(loading->summary, &block->histogram),
                                  load_difference(loading, KIND_BLOCK_LOG2, about));
        require(loading, block_agrees(block));
    }
}

/* --- calendars --------------------------------------------------------------------- */

int64_t *load_days(struct loading *loading, size_t *count)
{
    *count = unpack_count(&loading->in, INT32_MAX);
    int64_t *days = mem_array(*count, sizeof(*days));
    unpack_ascending(&loading->in, days, *count);
    if (*count &&
        !require(loading, days[0] >= INT32_MIN && days[*count - 1] <= INT32_MAX))
        *count = 0;
    return days;
}

/* Errors are only where there are requests. */
static void save_slots(const struct saving *saving, const struct calendar_slot *slots,
                       uint32_t count, uint32_t *before)
{
    for (uint32_t k = 0; k < count; k++) {
        save_number(saving, KIND_SLOT_REQUESTS, counts_context(*before),
                    slots[k].requests);
        *before = slots[k].requests;
        if (slots[k].requests)
            save_number(saving, KIND_SLOT_ERRORS, counts_context(slots[k].requests),
                        slots[k].errors);
    }
}

static void load_slots(struct loading *loading, struct calendar_slot *slots,
                       uint32_t count, uint32_t *before)
{
    for (uint32_t k = 0; k < count; k++) {
        slots[k].requests = (uint32_t)load_number(loading, KIND_SLOT_REQUESTS,
                                                  counts_context(*before), UINT32_MAX);
        *before = slots[k].requests;
        if (slots[k].requests)
            slots[k].errors = (uint32_t)load_number(
                loading, KIND_SLOT_ERRORS, counts_context(slots[k].requests), UINT32_MAX);
    }
}

static void load_old_slots(struct loading *loading, struct calendar_slot *slots,
                           uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        slots[k].requests = (uint32_t)unpack_limited(&loading->in, UINT32_MAX);
    for (uint32_t k = 0; k < count; k++)
        slots[k].errors = (uint32_t)unpack_limited(&loading->in, UINT32_MAX);
}

void save_calendar(const struct saving *saving, const struct calendar *calendar)
{
    uint32_t before = 0, count = CALENDAR_DAY_S / saving->summary->slot_s;
    int64_t *days = mem_array(calendar->count, sizeof(*days));
    for (size_t i = 0; i < calendar->count; i++)
        days[i] = calendar->days[i].day;
    pack_number(saving->out, calendar->count);
    pack_ascending(saving->out, days, calendar->count);
    for (size_t i = 0; i < calendar->count; i++)
        save_slots(saving, calendar->days[i].slots, count, &before);
    free(days);
}

void load_calendar(struct loading *loading, struct calendar *calendar)
{
    size_t count;
    uint32_t before = 0, slot_s = loading->summary->slot_s;
    int64_t *days = load_days(loading, &count);
    for (size_t i = 0; i < count && !loading->in.bad; i++) {
        struct calendar_slot *slots = calendar_place(calendar, (int32_t)days[i], slot_s);
        if (loading->old)
            load_old_slots(loading, slots, CALENDAR_DAY_S / slot_s);
        else
            load_slots(loading, slots, CALENDAR_DAY_S / slot_s, &before);
    }
    free(days);
}
