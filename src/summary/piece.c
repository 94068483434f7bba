/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "piece.h"

#include <string.h>

enum {
    SHIFT = HISTOGRAM_FINE - HISTOGRAM_COARSE, /* from a fine bucket to a coarse one */
    PAGE = 1 << HISTOGRAM_COARSE,              /* coarse buckets an octave */
    MANY = 32 /* requests of a piece, from which counting them together pays */
};

/* --- durations --- */

/* Sums and range. */
static void add_durations(struct piece *piece)
{
    const uint64_t *duration_ns = piece->map->work.duration_ns + piece->begin;
    const uint16_t *bucket = piece->map->work.sorted_bucket + piece->begin;
    const int32_t *log2 = piece->summary->log2;
    struct summary_cell *cell = piece->cell;
    uint64_t sum = 0, min = UINT64_MAX, max = 0;
    uint128_t squares = 0;
    int64_t sum_log2 = 0;
    for (unsigned i = 0; i < piece->count; i++) {
        uint64_t ns = duration_ns[i];
        sum_log2 += log2[bucket[i]];
        sum += ns;
        squares += (uint128_t)ns * ns;
        min = ns < min ? ns : min;
        max = ns > max ? ns : max;
    }
    cell->requests += piece->count;
    cell->sum_ns += sum;
    cell->sum_squares_ns += squares;
    cell->min_ns = min < cell->min_ns ? min : cell->min_ns;
    cell->max_ns = max > cell->max_ns ? max : cell->max_ns;
    piece->sum_log2 = sum_log2;
    piece->min_ns = min;
    piece->max_ns = max;
}

/* Where the coarse counts of a piece go. */
struct targets {
    struct histogram *histograms[4];
    unsigned count;
    unsigned first, last; /* octaves of the piece */
};

static struct targets targets_of(const struct piece *piece, unsigned low, unsigned high)
{
    const struct period *period = piece->period;
    struct targets targets = {
        {&period->block->histogram, &period->series->histogram, period->hour},
        3,
        low >> HISTOGRAM_FINE,
        high >> HISTOGRAM_FINE};
    if (piece->cell->runs)
        targets.histograms[targets.count++] =
            &piece->cell->runs[piece->map->run->index].histogram;
    for (unsigned i = 0; i < targets.count; i++)
        histogram_reserve(targets.histograms[i], low >> SHIFT, high >> SHIFT);
    return targets;
}

/* Of a constant length, so that it becomes a few vector instructions. */
static void add_page(uint32_t *restrict to, const uint32_t *restrict from)
{
    for (unsigned i = 0; i < PAGE; i++)
        to[i] += from[i];
}

static void add_page_slowly(uint32_t *to, const uint32_t *from)
{
    for (unsigned i = 0; i < PAGE; i++)
        if (__builtin_add_overflow(to[i], from[i], &to[i]))
            to[i] = UINT32_MAX;
}

/* Many requests: counted by themselves, then added an octave at a time. No count can
 * overflow while all requests together are few enough. */
static void count_together(const struct piece *piece, const struct targets *targets)
{
    const uint16_t *bucket = piece->map->work.sorted_bucket + piece->begin;
    uint32_t coarse[HISTOGRAM_COARSE_BUCKETS];
    unsigned first = targets->first, last = targets->last;
    bool small = piece->summary->requests <= UINT32_MAX;
    memset(&coarse[first * PAGE], 0, (last - first + 1) * PAGE * sizeof(*coarse));
    for (unsigned i = 0; i < piece->count; i++)
        coarse[bucket[i] >> SHIFT]++;
    for (unsigned k = 0; k < targets->count; k++) {
        struct histogram *histogram = targets->histograms[k];
        for (unsigned page = first; page <= last; page++) {
            uint32_t *to = histogram->counts + (page - histogram->first_page) * PAGE;
            (small ? add_page : add_page_slowly)(to, &coarse[page * PAGE]);
        }
    }
}

/* Few requests. */
static void count_one_by_one(const struct piece *piece, const struct targets *targets)
{
    const uint16_t *bucket = piece->map->work.sorted_bucket + piece->begin;
    for (unsigned k = 0; k < targets->count; k++) {
        uint32_t *counts = targets->histograms[k]->counts;
        unsigned begin = histogram_begin(targets->histograms[k]);
        for (unsigned i = 0; i < piece->count; i++)
            histogram_count(&counts[(bucket[i] >> SHIFT) - begin]);
    }
}

static void add_buckets(const struct piece *piece)
{
    const uint16_t *bucket = piece->map->work.sorted_bucket + piece->begin;
    unsigned low = histogram_fine_bucket(piece->min_ns);
    unsigned high = histogram_fine_bucket(piece->max_ns);
    struct histogram *fine = &piece->cell->histogram;
    histogram_reserve(fine, low, high);
    uint32_t *counts = fine->counts;
    unsigned begin = histogram_begin(fine);
    for (unsigned i = 0; i < piece->count; i++)
        histogram_count(&counts[bucket[i] - begin]);
    struct targets targets = targets_of(piece, low, high);
    if (piece->count < MANY)
        count_one_by_one(piece, &targets);
    else
        count_together(piece, &targets);
}

/* --- how they ended --- */

static void add_failed(struct source_work *work, const struct source_run *run)
{
    for (unsigned i = run->begin; i < run->end; i++)
        work->picked[work->picked_count++] = work->order[i];
}

static void add_run(struct piece *piece, const struct source_run *run)
{
    struct summary_cell *cell = piece->cell;
    unsigned count = run->end - run->begin, status = run->kind.status;
    bool exception = run->kind.flags & FMD_EXCEPTION;
    summary_count_status(cell, status, count);
    cell->aborted += run->kind.flags & FMD_ABORTED ? count : 0;
    cell->exceptions += exception ? count : 0;
    piece->client_errors += status >= 400 && status < 500 ? count : 0;
    if (status < 500 && !exception)
        return;
    piece->server_errors += count;
    add_failed(&piece->map->work, run);
}

/* --- the rest --- */

static void add_block(struct block *block, const struct piece *piece)
{
    block->requests += piece->count;
    block->client_errors += piece->client_errors;
    block->server_errors += piece->server_errors;
    block_add_log2(block, piece->sum_log2);
}

static void add_blocks(const struct piece *piece)
{
    struct summary_cell *cell = piece->cell;
    add_block(piece->period->block, piece);
    add_block(piece->period->series, piece);
    if (cell->runs)
        add_block(&cell->runs[piece->map->run->index], piece);
    calendar_count(piece->period->slot, piece->count, piece->server_errors);
    cell->client_errors += piece->client_errors;
    cell->server_errors += piece->server_errors;
}

static unsigned stratum_of(const struct piece *piece, uint32_t id)
{
    struct source_values *values = &piece->map->values[SUMMARY_GROUP];
    if (id == 0)
        return 0;
    id = id < values->room && values->names[id].bytes ? id : 0;
    source_map_number(piece->map, SUMMARY_GROUP, id);
    return values->strata[id];
}

static void add_strata(const struct piece *piece)
{
    const struct source_work *work = &piece->map->work;
    struct histogram *strata = piece->cell->strata;
    const uint32_t *ids = piece->events->group;
    for (unsigned i = piece->begin; strata && i < piece->begin + piece->count; i++)
        histogram_add(&strata[stratum_of(piece, ids ? ids[work->order[i]] : 0)],
                      work->duration_ns[i]);
}

/* Part of a request's time, where it is known. */
static void add_part(const struct piece *piece, const uint64_t *part_ns,
                     struct histogram *histogram)
{
    const uint16_t *order = piece->map->work.order + piece->begin;
    uint16_t bucket[SOURCE_BATCH];
    unsigned low = HISTOGRAM_COARSE_BUCKETS, high = 0, known = 0;
    for (unsigned i = 0; i < piece->count; i++) {
        uint64_t ns = part_ns[order[i]];
        if (ns == UINT64_MAX)
            continue;
        ns = ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS;
        unsigned of = histogram_fine_bucket(ns) >> SHIFT;
        low = of < low ? of : low;
        high = of > high ? of : high;
        bucket[known++] = (uint16_t)of;
    }
    if (known == 0)
        return;
    histogram_reserve(histogram, low, high);
    unsigned begin = histogram_begin(histogram);
    for (unsigned i = 0; i < known; i++)
        histogram_count(&histogram->counts[bucket[i] - begin]);
}

static uint32_t number_at(const struct piece *piece, enum summary_dimension dimension,
                          const uint32_t *ids, unsigned event)
{
    return ids && ids[event] ? source_map_number(piece->map, dimension, ids[event]) : 0;
}

static void add_slow_one(const struct piece *piece, unsigned i)
{
    const struct events *events = piece->events;
    const struct source_work *work = &piece->map->work;
    unsigned event = work->order[i];
    const struct event_kind kind = kind_of(events, event);
    struct slow_entry entry = {
        .duration_ns = work->duration_ns[i],
        .start_utc_ns = event_utc_ns(events, event),
        .process = piece->map->process,
        .sequence = events->sequence + (events->places ? events->places[event] : event),
        .first_byte_ns =
            events->first_byte_ns ? events->first_byte_ns[event] : UINT64_MAX,
        .view_ns = events->view_ns ? events->view_ns[event] : UINT64_MAX,
        .values = {number_at(piece, SUMMARY_GROUP, events->group, event),
                   number_at(piece, SUMMARY_ADDRESS, events->address, event)},
        .status = kind.status,
        .method = kind.method,
        .flags = kind.flags};
    slow_add(piece->cell->slow, &entry, work->sorted_bucket[i]);
}

static void add_slow(const struct piece *piece)
{
    const uint64_t *duration_ns = piece->map->work.duration_ns;
    const struct slow *slow = piece->cell->slow;
    if (piece->max_ns < slow->floor_ns)
        return;
    for (unsigned i = piece->begin; i < piece->begin + piece->count; i++)
        if (duration_ns[i] >= slow->floor_ns)
            add_slow_one(piece, i);
}

void piece_add(struct piece *piece)
{
    piece->client_errors = piece->server_errors = 0;
    add_durations(piece);
    add_buckets(piece);
    for (unsigned i = 0; i < piece->run_count; i++)
        add_run(piece, &piece->runs[i]);
    add_blocks(piece);
    add_strata(piece);
    if (piece->events->first_byte_ns)
        add_part(piece, piece->events->first_byte_ns, &piece->cell->first_byte);
    if (piece->events->view_ns)
        add_part(piece, piece->events->view_ns, &piece->cell->view);
    add_slow(piece);
}
