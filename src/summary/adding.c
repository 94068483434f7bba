/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adding batches: the hot path. A batch is sorted by endpoint (counting sort), so that
 * each cell's counts are worked on while they are in the first-level cache; a cell's
 * requests are cut into pieces that lie in one time block and one quarter of an hour,
 * nearly always one piece; a piece is one pass a column. No allocation in the steady
 * state.
 *
 * Workload: batches of 4096 requests of one process, within seconds of each other.
 */
#include <string.h>

#include "filter.h"
#include "lib/fmd-record.h"
#include "scan.h"
#include "source_map.h"

enum {
    SHIFT = HISTOGRAM_FINE - HISTOGRAM_COARSE, /* from a fine bucket to a coarse one */
    PAGE = 1 << HISTOGRAM_COARSE,              /* coarse buckets an octave */
    MANY = 32 /* requests of a piece, from which counting them together pays */
};
#define QUARTER_NS INT64_C(900000000000)

/* The stretch of time in which everything that is kept by time stays the same. */
struct period {
    int64_t first_ns, last_ns; /* inclusive */
    struct block *block, *series;
    struct histogram *hour;
    struct calendar_slot *slot;
    int32_t day;
};

/* Requests of one cell in one period: where its columns begin, and what they add up to.
 */
struct piece {
    struct summary *summary;
    struct source_map *map;
    const struct events *events;
    struct source_endpoint *endpoint;
    struct summary_cell *cell;
    unsigned begin, count; /* in the sorted columns */
    struct period period;
    unsigned bucket_low, bucket_high; /* fine */
    uint64_t client_errors, server_errors;
    int64_t sum_log2;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- time -------------------------------------------------------------------------- */

static void find_period(struct piece *piece, int64_t at_ns)
{
    struct period *period = &piece->period;
    struct summary_cell *cell = piece->cell;
    struct timegrid *grid = &cell->version->grid, *series = &cell->endpoint->grid;
    unsigned block = timegrid_place(grid, at_ns);
    unsigned series_block = timegrid_place(series, at_ns);
    int64_t quarter = at_ns / QUARTER_NS - (at_ns % QUARTER_NS < 0);
    int32_t day = (int32_t)(quarter / 96 - (quarter % 96 < 0));
    unsigned of_day = (unsigned)(quarter - day * INT64_C(96));
    period->day = summary_day_of(piece->summary, day);
    uint32_t slot_s = piece->summary->slot_s;
    period->slot =
        calendar_place(&cell->calendar, period->day, slot_s) + of_day * 900 / slot_s;
    period->block = &cell->blocks[block];
    period->series = &cell->endpoint->series[series_block];
    period->hour = &cell->hours[of_day / 4];
    int64_t first_ns, last_ns;
    if (__builtin_mul_overflow(quarter, QUARTER_NS, &first_ns))
        first_ns = INT64_MIN;
    if (__builtin_add_overflow(first_ns, QUARTER_NS - 1, &last_ns))
        last_ns = INT64_MAX;
    period->first_ns = later(first_ns, later(timegrid_first_ns(grid, block),
                                             timegrid_first_ns(series, series_block)));
    period->last_ns = earlier(last_ns, earlier(timegrid_last_ns(grid, block),
                                               timegrid_last_ns(series, series_block)));
}

/* --- the columns of a piece -------------------------------------------------------- */

/* Durations: clamped, their buckets, sums and range. */
static void add_durations(struct piece *piece)
{
    struct source_work *work = &piece->map->work;
    struct summary_cell *cell = piece->cell;
    const int32_t *log2 = piece->summary->log2;
    uint64_t sum = 0, clamped = 0, min = UINT64_MAX, max = 0;
    uint128_t squares = 0;
    int64_t sum_log2 = 0;
    for (unsigned i = piece->begin; i < piece->begin + piece->count; i++) {
        uint64_t ns = work->duration_ns[i];
        clamped += ns > HISTOGRAM_MAX_NS;
        ns = ns < HISTOGRAM_MAX_NS ? ns : HISTOGRAM_MAX_NS;
        unsigned bucket = histogram_fine_bucket(ns);
        work->duration_ns[i] = ns;
        work->bucket[i] = (uint16_t)bucket;
        sum_log2 += log2[bucket];
        sum += ns;
        squares += (uint128_t)ns * ns;
        min = ns < min ? ns : min;
        max = ns > max ? ns : max;
    }
    cell->requests += piece->count;
    cell->clamped += clamped;
    cell->sum_ns += sum;
    cell->sum_squares_ns += squares;
    cell->min_ns = min < cell->min_ns ? min : cell->min_ns;
    cell->max_ns = max > cell->max_ns ? max : cell->max_ns;
    piece->sum_log2 = sum_log2;
    piece->bucket_low = histogram_fine_bucket(min);
    piece->bucket_high = histogram_fine_bucket(max);
}

/* Where the coarse counts of a piece go, besides its own cell's. */
struct targets {
    struct histogram *histograms[4];
    unsigned count;
};

static struct targets targets_of(const struct piece *piece)
{
    const struct period *period = &piece->period;
    struct targets targets = {
        {&period->block->histogram, &period->series->histogram, period->hour}, 3};
    if (piece->cell->runs)
        targets.histograms[targets.count++] =
            &piece->cell->runs[piece->map->run->index].histogram;
    for (unsigned i = 0; i < targets.count; i++)
        histogram_reserve(targets.histograms[i], piece->bucket_low >> SHIFT,
                          piece->bucket_high >> SHIFT);
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
    const uint16_t *bucket = piece->map->work.bucket + piece->begin;
    uint32_t coarse[HISTOGRAM_COARSE_BUCKETS];
    unsigned first = piece->bucket_low >> HISTOGRAM_FINE;
    unsigned last = piece->bucket_high >> HISTOGRAM_FINE;
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
    const uint16_t *bucket = piece->map->work.bucket + piece->begin;
    for (unsigned k = 0; k < targets->count; k++) {
        uint32_t *counts = targets->histograms[k]->counts;
        unsigned begin = histogram_begin(targets->histograms[k]);
        for (unsigned i = 0; i < piece->count; i++)
            histogram_count(&counts[(bucket[i] >> SHIFT) - begin]);
    }
}

static void add_buckets(const struct piece *piece)
{
    const uint16_t *bucket = piece->map->work.bucket + piece->begin;
    struct histogram *fine = &piece->cell->histogram;
    histogram_reserve(fine, piece->bucket_low, piece->bucket_high);
    uint32_t *counts = fine->counts;
    unsigned begin = histogram_begin(fine);
    for (unsigned i = 0; i < piece->count; i++)
        histogram_count(&counts[bucket[i] - begin]);
    struct targets targets = targets_of(piece);
    if (piece->count < MANY)
        count_one_by_one(piece, &targets);
    else
        count_together(piece, &targets);
}

static void count_statuses(struct piece *piece, unsigned status, unsigned first,
                           unsigned count)
{
    summary_count_status(piece->cell, status, count);
    if (status >= 400 && status < 500)
        piece->client_errors += count;
    if (status < 500)
        return;
    piece->server_errors += count;
    memset(piece->map->work.error + piece->begin + first, 1, count);
}

/* Equal codes in a row are counted at once: nearly all are 200. */
static void add_statuses(struct piece *piece)
{
    const uint16_t *status = piece->map->work.status + piece->begin;
    memset(piece->map->work.error + piece->begin, 0, piece->count);
    if (!piece->events->status) {
        count_statuses(piece, 0, 0, piece->count);
        return;
    }
    unsigned since = 0, current = status[0];
    for (unsigned i = 1; i < piece->count; i++) {
        unsigned code = status[i];
        if (code == current)
            continue;
        count_statuses(piece, current, since, i - since);
        since = i;
        current = code;
    }
    count_statuses(piece, current, since, piece->count - since);
}

/* Whether any request was aborted or let an exception out; looks at 8 at a time. */
static bool any_flags(const uint8_t *flags, unsigned count)
{
    const uint64_t wanted = UINT64_C(0x0101010101010101) * (FMD_ABORTED | FMD_EXCEPTION);
    uint64_t any = 0;
    unsigned i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t eight;
        memcpy(&eight, flags + i, 8);
        any |= eight;
    }
    for (; i < count; i++)
        any |= flags[i];
    return any & wanted;
}

static void add_flags(struct piece *piece)
{
    const uint8_t *flags = piece->map->work.flags + piece->begin;
    uint8_t *error = piece->map->work.error + piece->begin;
    unsigned aborted = 0, exceptions = 0, more_errors = 0;
    if (!any_flags(flags, piece->count))
        return;
    for (unsigned i = 0; i < piece->count; i++) {
        unsigned exception = (flags[i] & FMD_EXCEPTION) != 0;
        aborted += (flags[i] & FMD_ABORTED) != 0;
        exceptions += exception;
        more_errors += exception & !error[i];
        error[i] |= (uint8_t)exception;
    }
    piece->cell->aborted += aborted;
    piece->cell->exceptions += exceptions;
    piece->server_errors += more_errors;
}

static void add_block(struct block *block, const struct piece *piece)
{
    block->requests += piece->count;
    block->client_errors += piece->client_errors;
    block->server_errors += piece->server_errors;
    block_add_log2(block, piece->sum_log2);
}

static void add_strata(struct piece *piece)
{
    struct histogram *strata = piece->cell->strata;
    if (!strata)
        return;
    struct source_values *values = &piece->map->values[SUMMARY_GROUP];
    const uint32_t *ids = piece->map->work.values[SUMMARY_GROUP] + piece->begin;
    for (unsigned i = 0; i < piece->count; i++) {
        uint32_t id = piece->events->group ? ids[i] : 0;
        unsigned stratum = 0; /* of those without a group */
        if (id) {
            id = id < values->room && values->names[id].bytes ? id : 0;
            source_map_number(piece->map, SUMMARY_GROUP, id);
            stratum = values->strata[id];
        }
        histogram_add(&strata[stratum], piece->map->work.duration_ns[piece->begin + i]);
    }
}

/* Part of a request's time, where it is known. */
static void add_part(const struct piece *piece, const uint16_t *part,
                     struct histogram *histogram)
{
    unsigned low = HISTOGRAM_COARSE_BUCKETS, high = 0;
    part += piece->begin;
    for (unsigned i = 0; i < piece->count; i++) {
        unsigned known = part[i] == SOURCE_NO_PART ? 0 : part[i];
        low = part[i] < low ? part[i] : low;
        high = known > high ? known : high;
    }
    if (low > high)
        return; /* none is known */
    histogram_reserve(histogram, low, high);
    unsigned begin = histogram_begin(histogram);
    for (unsigned i = 0; i < piece->count; i++)
        if (part[i] != SOURCE_NO_PART)
            histogram_count(&histogram->counts[part[i] - begin]);
}

/* First request of a value in a version on a day that is not the value's last. */
static void see_visitor(struct piece *piece, enum summary_dimension dimension,
                        struct tally_entry *entry)
{
    struct summary *summary = piece->summary;
    int32_t day = piece->period.day;
    uint64_t hash = summary->names[dimension].keys[entry->value].hash;
    entry->last_day = day;
    distinct_add(&visitors_place(&summary->visitors, day)->values[dimension], hash);
    distinct_add(&visitors_place(piece->cell->version->visitors, day)->values[dimension],
                 hash);
}

/* Entries of the requests that have a value, and which requests those are; asks for their
 * memory, which is far away. Returns how many. */
static unsigned find_entries(struct piece *piece, struct source_version *version,
                             enum summary_dimension dimension)
{
    struct source_work *work = &piece->map->work;
    const struct tally_entry *entries = version->version->tallies[dimension]->entries;
    const uint32_t *ids = work->values[dimension], *known = version->entries[dimension];
    size_t room = piece->map->values[dimension].room;
    unsigned count = 0;
    for (unsigned i = piece->begin; i < piece->begin + piece->count; i++) {
        uint32_t id = ids[i];
        if (id == 0)
            continue;
        uint32_t at = id < room ? known[id] : 0;
        if (at == 0) {
            at = source_map_entry(piece->map, version, dimension, id);
            entries = version->version->tallies[dimension]->entries;
        }
        __builtin_prefetch(&entries[at - 1], 1);
        work->entry[count] = at - 1;
        work->of[count++] = (uint16_t)i;
    }
    return count;
}

static void count_rows(struct piece *piece, const struct tally *tally, unsigned count)
{
    const struct source_work *work = &piece->map->work;
    const size_t width = (size_t)tally->page_count << tally->bits;
    const unsigned shift = HISTOGRAM_FINE - tally->bits;
    const unsigned first = (unsigned)tally->first_page << tally->bits;
    uint32_t *rows = tally->rows;
    for (unsigned i = 0; i < count; i++) {
        unsigned bucket = (work->bucket[work->of[i]] >> shift) - first;
        histogram_count(&rows[work->entry[i] * width + bucket]);
    }
}

static void add_values(struct piece *piece, enum summary_dimension dimension)
{
    const struct source_work *work = &piece->map->work;
    struct source_version *version = &piece->map->versions[piece->endpoint->version];
    struct tally *tally = version->version->tallies[dimension];
    tally_reserve(tally, piece->bucket_low, piece->bucket_high);
    unsigned count = find_entries(piece, version, dimension);
    int32_t day = piece->period.day;
    for (unsigned i = 0; i < count; i++) {
        struct tally_entry *entry = &tally->entries[work->entry[i]];
        __builtin_prefetch(/* for count_rows */
                           tally_count(tally, work->entry[i], work->bucket[work->of[i]]),
                           1);
        entry->requests++;
        if (__builtin_add_overflow(entry->sum_ns, work->duration_ns[work->of[i]],
                                   &entry->sum_ns))
            entry->sum_ns = UINT64_MAX;
        if (entry->last_day != day)
            see_visitor(piece, dimension, entry);
    }
    count_rows(piece, tally, count);
    for (unsigned i = 0; piece->server_errors && i < count; i++)
        if (work->error[work->of[i]])
            histogram_count(&tally->entries[work->entry[i]].errors);
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
    unsigned event = work->order[piece->begin + i];
    struct slow_entry entry = {
        .duration_ns = work->duration_ns[piece->begin + i],
        .start_utc_ns = work->utc_ns[piece->begin + i],
        .process = piece->map->process,
        .sequence = events->sequence + (events->places ? events->places[event] : event),
        .first_byte_ns =
            events->first_byte_ns ? events->first_byte_ns[event] : UINT64_MAX,
        .view_ns = events->view_ns ? events->view_ns[event] : UINT64_MAX,
        .values = {number_at(piece, SUMMARY_GROUP, events->group, event),
                   number_at(piece, SUMMARY_ADDRESS, events->address, event)},
        .status = events->status ? events->status[event] : 0,
        .method = events->method ? events->method[event] : FMD_METHOD_OTHER,
        .flags = events->flags ? events->flags[event] : 0};
    slow_add(piece->cell->slow, &entry, work->bucket[piece->begin + i]);
}

static void add_slow(const struct piece *piece)
{
    const uint64_t *duration_ns = piece->map->work.duration_ns + piece->begin;
    for (unsigned i = 0; i < piece->count; i++)
        if (duration_ns[i] >= piece->cell->slow->floor_ns)
            add_slow_one(piece, i);
}

static void add_piece(struct piece *piece)
{
    piece->client_errors = piece->server_errors = 0;
    add_durations(piece);
    add_statuses(piece);
    if (piece->events->flags)
        add_flags(piece);
    add_buckets(piece);
    add_strata(piece);
    if (piece->events->first_byte_ns)
        add_part(piece, piece->map->work.first_byte, &piece->cell->first_byte);
    if (piece->events->view_ns)
        add_part(piece, piece->map->work.view, &piece->cell->view);
    add_block(piece->period.block, piece);
    add_block(piece->period.series, piece);
    if (piece->cell->runs)
        add_block(&piece->cell->runs[piece->map->run->index], piece);
    calendar_count(piece->period.slot, piece->count, piece->server_errors);
    piece->cell->client_errors += piece->client_errors;
    piece->cell->server_errors += piece->server_errors;
    if (piece->events->group)
        add_values(piece, SUMMARY_GROUP);
    if (piece->events->address)
        add_values(piece, SUMMARY_ADDRESS);
    add_slow(piece);
}

/* --- a batch ----------------------------------------------------------------------- */

/* What is kept of the requests of one endpoint besides its cell. */
static void add_range(struct piece *piece, int64_t first_ns, int64_t last_ns)
{
    struct summary_version *version = piece->cell->version;
    struct summary_run *run = piece->map->run;
    uint64_t count = piece->count;
    piece->cell->first_utc_ns = earlier(piece->cell->first_utc_ns, first_ns);
    piece->cell->last_utc_ns = later(piece->cell->last_utc_ns, last_ns);
    version->first_utc_ns = earlier(version->first_utc_ns, first_ns);
    version->last_utc_ns = later(version->last_utc_ns, last_ns);
    version->requests += count;
    run->first_utc_ns = earlier(run->first_utc_ns, first_ns);
    run->last_utc_ns = later(run->last_utc_ns, last_ns);
    run->requests += count;
    piece->summary->first_utc_ns = earlier(piece->summary->first_utc_ns, first_ns);
    piece->summary->last_utc_ns = later(piece->summary->last_utc_ns, last_ns);
    piece->summary->requests += count;
    piece->summary->undefined += piece->endpoint == piece->map->endpoints ? count : 0;
    piece->summary->other += piece->endpoint->folded ? count : 0;
}

/* All requests of one endpoint: in order[begin .. begin + count). */
static void add_endpoint(struct source_map *map, const struct events *events,
                         struct source_endpoint *endpoint, unsigned begin, unsigned count)
{
    struct source_work *work = &map->work;
    struct piece piece = {.summary = map->summary,
                          .map = map,
                          .events = events,
                          .endpoint = endpoint,
                          .begin = begin,
                          .count = count};
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    if (!endpoint->cell)
        source_map_find_cell(map, endpoint);
    piece.cell = endpoint->cell;
    for (unsigned i = begin; i < begin + count; i++) {
        first_ns = earlier(first_ns, work->utc_ns[i]);
        last_ns = later(last_ns, work->utc_ns[i]);
    }
    add_range(&piece, first_ns, last_ns);
    for (unsigned at = begin, end; at < begin + count; at = end) {
        find_period(&piece, work->utc_ns[at]);
        const struct period *period = &piece.period;
        end = at + 1;
        if (period->first_ns <= first_ns && last_ns <= period->last_ns)
            end = begin + count;
        while (end < begin + count && work->utc_ns[end] >= period->first_ns &&
               work->utc_ns[end] <= period->last_ns)
            end++;
        piece.begin = at;
        piece.count = end - at;
        add_piece(&piece);
    }
}

#define SORT_COLUMN(to, from)                                                            \
    for (uint32_t i = 0; (from) && i < events->count; i++)                               \
    (to)[position[i]] = (from)[i]

static void sort_part(uint16_t *to, const uint64_t *part_ns, uint32_t count,
                      const uint16_t *position)
{
    for (uint32_t i = 0; part_ns && i < count; i++) {
        uint64_t ns = part_ns[i] < HISTOGRAM_MAX_NS ? part_ns[i] : HISTOGRAM_MAX_NS;
        to[position[i]] = part_ns[i] == UINT64_MAX
                              ? SOURCE_NO_PART
                              : (uint16_t)(histogram_fine_bucket(ns) >> SHIFT);
    }
}

/* Writing here and there does not wait, as reading would. */
static void sort_columns(struct source_work *work, const struct events *events)
{
    const uint16_t *position = work->position;
    uint64_t offset_ns = (uint64_t)events->utc_offset_ns;
    for (uint32_t i = 0; i < events->count; i++)
        work->utc_ns[position[i]] = (int64_t)(events->start_ns[i] + offset_ns);
    SORT_COLUMN(work->duration_ns, events->duration_ns);
    SORT_COLUMN(work->values[SUMMARY_GROUP], events->group);
    SORT_COLUMN(work->values[SUMMARY_ADDRESS], events->address);
    SORT_COLUMN(work->status, events->status);
    SORT_COLUMN(work->flags, events->flags);
    sort_part(work->first_byte, events->first_byte_ns, events->count, position);
    sort_part(work->view, events->view_ns, events->count, position);
}

/* A column in which nothing is known is none. */
static const uint64_t *known_parts(const uint64_t *part_ns, uint32_t count)
{
    for (uint32_t i = 0; part_ns && i < count; i++)
        if (part_ns[i] != UINT64_MAX)
            return part_ns;
    return NULL;
}

static const uint32_t *known_values(const uint32_t *ids, uint32_t count)
{
    for (uint32_t i = 0; ids && i < count; i++)
        if (ids[i] != 0)
            return ids;
    return NULL;
}

static struct events known_columns(const struct events *events)
{
    struct events known = *events;
    known.first_byte_ns = known_parts(known.first_byte_ns, known.count);
    known.view_ns = known_parts(known.view_ns, known.count);
    known.group = known_values(known.group, known.count);
    known.address = known_values(known.address, known.count);
    return known;
}

static void add_batch(struct source_map *map, const struct events *given)
{
    const struct events known = known_columns(given), *events = &known;
    if (!map->run)
        map->run = summary_run_of(map->summary,
                                  (struct name){map->run_name, strlen(map->run_name)});
    source_map_refresh(map);
    unsigned touched = source_map_sort(map, events), begin = 0;
    sort_columns(&map->work, events);
    for (unsigned i = 0; i < touched; i++) {
        struct source_endpoint *endpoint = &map->endpoints[map->work.touched[i]];
        unsigned end = endpoint->pending;
        endpoint->pending = 0;
        add_endpoint(map, events, endpoint, begin, end - begin);
        begin = end;
    }
}

#define SHIFTED(column) (events->column ? events->column + from : NULL)

void summary_add(struct summary *summary, struct source_map *map,
                 const struct events *events)
{
    for (uint32_t from = 0; from < events->count; from += SOURCE_BATCH) {
        struct events part = {.count = events->count - from < SOURCE_BATCH
                                           ? events->count - from
                                           : SOURCE_BATCH,
                              .utc_offset_ns = events->utc_offset_ns,
                              .sequence = events->sequence + from,
                              .endpoint = events->endpoint + from,
                              .start_ns = events->start_ns + from,
                              .duration_ns = events->duration_ns + from,
                              .first_byte_ns = SHIFTED(first_byte_ns),
                              .view_ns = SHIFTED(view_ns),
                              .group = SHIFTED(group),
                              .address = SHIFTED(address),
                              .status = SHIFTED(status),
                              .method = SHIFTED(method),
                              .flags = SHIFTED(flags)};
        const struct events *left = summary->filter ? filter_events(map, &part) : &part;
        if (summary->scan)
            scan_add(summary->scan, map, left);
        else if (left->count)
            add_batch(map, left);
    }
}
