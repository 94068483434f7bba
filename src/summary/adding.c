/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adding batches: the hot path. A batch is sorted by endpoint (counting sort), so that
 * each cell's counts are worked on while they are in the first-level cache; a cell's
 * requests are cut into pieces that lie in one period, nearly always one piece (piece.h).
 * Groups and addresses do not care for endpoints and are counted in the batch's own
 * order (adding_values.h). No allocation in the steady state.
 *
 * Workload: batches of 4096 requests of one process, within minutes of each other.
 */
#include <string.h>

#include "adding_values.h"
#include "filter.h"
#include "lib/fmd-record.h"
#include "piece.h"
#include "scan.h"

struct batch {
    struct source_map *map;
    const struct events *events;
    int64_t first_ns, last_ns; /* earliest and latest start */
    uint64_t min_ns, max_ns;   /* shortest and longest duration, clamped */
    bool ordered;              /* by start */
    bool alike; /* of one version, on one day: groups are counted all at once */
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- columns ----------------------------------------------------------------------- */

static void find_times(struct batch *batch)
{
    const struct events *events = batch->events;
    int64_t before = event_utc_ns(events, 0);
    bool backwards = false;
    batch->first_ns = batch->last_ns = before;
    for (uint32_t i = 1; i < events->count; i++) {
        int64_t utc_ns = event_utc_ns(events, i);
        backwards |= utc_ns < before;
        before = utc_ns;
        batch->first_ns = earlier(batch->first_ns, utc_ns);
        batch->last_ns = later(batch->last_ns, utc_ns);
    }
    batch->ordered = !backwards;
}

/* Durations, clamped, and their buckets. Writing here and there does not wait, as reading
 * would. */
static void sort_durations(struct batch *batch)
{
    struct source_work *work = &batch->map->work;
    const uint64_t *duration_ns = batch->events->duration_ns;
    uint64_t min = UINT64_MAX, max = 0;
    for (uint32_t i = 0; i < batch->events->count; i++) {
        uint64_t ns =
            duration_ns[i] < HISTOGRAM_MAX_NS ? duration_ns[i] : HISTOGRAM_MAX_NS;
        uint16_t bucket = (uint16_t)histogram_fine_bucket(ns);
        unsigned position = work->position[i];
        work->bucket[i] = bucket;
        work->sorted_bucket[position] = bucket;
        work->duration_ns[position] = ns;
        min = ns < min ? ns : min;
        max = duration_ns[i] > max ? duration_ns[i] : max;
    }
    batch->min_ns = min;
    batch->max_ns = max;
}

_Static_assert(SUMMARY_STATUS_OTHER <= (int)OUTCOME_STATUS, "a status fits an outcome");

static uint32_t outcome_of(unsigned status, unsigned flags)
{
    return (status < SUMMARY_STATUS_OTHER ? status : SUMMARY_STATUS_OTHER) |
           (flags & FMD_ABORTED ? OUTCOME_ABORTED : 0) |
           (flags & FMD_EXCEPTION ? OUTCOME_EXCEPTION : 0);
}

static void sort_outcomes(const struct batch *batch)
{
    static const uint16_t no_status[SOURCE_BATCH];
    static const uint8_t no_flags[SOURCE_BATCH];
    struct source_work *work = &batch->map->work;
    const uint16_t *status = batch->events->status ? batch->events->status : no_status;
    const uint8_t *flags = batch->events->flags ? batch->events->flags : no_flags;
    for (uint32_t i = 0; i < batch->events->count; i++)
        work->outcome[work->position[i]] = outcome_of(status[i], flags[i]);
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

/* --- the requests of an endpoint --------------------------------------------------- */

/* In the sorted columns. */
struct stretch {
    struct source_endpoint *endpoint;
    unsigned begin, end;
};

static int64_t start_at(const struct batch *batch, unsigned sorted)
{
    return event_utc_ns(batch->events, batch->map->work.order[sorted]);
}

static void find_range(const struct batch *batch, const struct stretch *stretch,
                       int64_t *first_ns, int64_t *last_ns)
{
    *first_ns = start_at(batch, stretch->begin);
    *last_ns = start_at(batch, stretch->end - 1);
    for (unsigned i = stretch->begin; !batch->ordered && i < stretch->end; i++) {
        *first_ns = earlier(*first_ns, start_at(batch, i));
        *last_ns = later(*last_ns, start_at(batch, i));
    }
}

static void extend(int64_t *first_ns, int64_t *last_ns, int64_t first, int64_t last)
{
    *first_ns = earlier(*first_ns, first);
    *last_ns = later(*last_ns, last);
}

/* What is kept of them besides their cell. */
static void add_range(const struct batch *batch, const struct stretch *stretch)
{
    struct summary *summary = batch->map->summary;
    struct summary_cell *cell = stretch->endpoint->cell;
    struct summary_version *version = cell->version;
    struct summary_run *run = batch->map->run;
    uint64_t count = stretch->end - stretch->begin;
    int64_t first_ns, last_ns;
    find_range(batch, stretch, &first_ns, &last_ns);
    extend(&cell->first_utc_ns, &cell->last_utc_ns, first_ns, last_ns);
    extend(&version->first_utc_ns, &version->last_utc_ns, first_ns, last_ns);
    extend(&run->first_utc_ns, &run->last_utc_ns, first_ns, last_ns);
    extend(&summary->first_utc_ns, &summary->last_utc_ns, first_ns, last_ns);
    version->requests += count;
    run->requests += count;
    summary->requests += count;
    summary->undefined += stretch->endpoint == batch->map->endpoints ? count : 0;
    summary->other += stretch->endpoint->folded ? count : 0;
}

/* Where the piece ends that begins at a place. */
static unsigned piece_end(const struct batch *batch, const struct stretch *stretch,
                          const struct period *period, unsigned begin)
{
    unsigned end = begin + 1;
    if (period->first_ns <= batch->first_ns && batch->last_ns <= period->last_ns)
        return stretch->end;
    while (end < stretch->end && start_at(batch, end) >= period->first_ns &&
           start_at(batch, end) <= period->last_ns)
        end++;
    return end;
}

static void add_values_of(const struct batch *batch, const struct stretch *stretch,
                          const struct piece *piece, unsigned failed)
{
    const struct source_work *work = &batch->map->work;
    const struct value_requests requests = {.events = batch->events,
                                            .places = work->order + piece->begin,
                                            .count = piece->count,
                                            .failed = work->failed + failed,
                                            .failed_count = work->failed_count - failed,
                                            .day = piece->period->day,
                                            .min_ns = piece->min_ns,
                                            .max_ns = piece->max_ns};
    adding_values(batch->map, stretch->endpoint->version, &requests);
}

static void add_stretch(const struct batch *batch, const struct stretch *stretch)
{
    struct source_map *map = batch->map;
    struct source_endpoint *endpoint = stretch->endpoint;
    struct piece piece = {.summary = map->summary,
                          .map = map,
                          .events = batch->events,
                          .cell = endpoint->cell,
                          .period = &endpoint->period};
    add_range(batch, stretch);
    for (piece.begin = stretch->begin; piece.begin < stretch->end;
         piece.begin += piece.count) {
        unsigned failed = map->work.failed_count;
        period_find(&endpoint->period, map->summary, piece.cell,
                    start_at(batch, piece.begin));
        piece.count = piece_end(batch, stretch, piece.period, piece.begin) - piece.begin;
        piece_add(&piece);
        if (!batch->alike)
            add_values_of(batch, stretch, &piece, failed);
    }
}

/* --- a batch ----------------------------------------------------------------------- */

/* Finds the cells; true when all are of one version and all requests of one day. */
static bool find_cells(const struct batch *batch, unsigned touched)
{
    struct source_map *map = batch->map;
    bool alike = period_day(batch->first_ns) == period_day(batch->last_ns);
    for (unsigned i = 0; i < touched; i++) {
        struct source_endpoint *endpoint = &map->endpoints[map->work.touched[i]];
        if (!endpoint->cell)
            source_map_find_cell(map, endpoint);
        alike &= endpoint->version == map->endpoints[map->work.touched[0]].version;
    }
    return alike;
}

static void count_clamped(const struct batch *batch)
{
    struct source_map *map = batch->map;
    for (uint32_t i = 0; i < batch->events->count; i++)
        if (batch->events->duration_ns[i] > HISTOGRAM_MAX_NS)
            map->endpoints[map->work.slots[i]].cell->clamped++;
}

/* All requests of a batch that is alike. */
static void add_values(const struct batch *batch)
{
    struct source_map *map = batch->map;
    const struct source_endpoint *endpoint = &map->endpoints[map->work.touched[0]];
    uint16_t places[SOURCE_BATCH];
    for (uint32_t i = 0; i < batch->events->count; i++)
        places[i] = (uint16_t)i;
    const struct value_requests requests = {.events = batch->events,
                                            .places = places,
                                            .count = batch->events->count,
                                            .failed = map->work.failed,
                                            .failed_count = map->work.failed_count,
                                            .day = endpoint->period.day,
                                            .min_ns = batch->min_ns,
                                            .max_ns = batch->max_ns};
    adding_values(map, endpoint->version, &requests);
}

static void add_batch(struct source_map *map, const struct events *given)
{
    const struct events known = known_columns(given);
    struct batch batch = {.map = map, .events = &known};
    if (!map->run)
        map->run = summary_run_of(map->summary,
                                  (struct name){map->run_name, strlen(map->run_name)});
    source_map_refresh(map);
    unsigned touched = source_map_sort(map, &known);
    find_times(&batch);
    sort_durations(&batch);
    sort_outcomes(&batch);
    batch.alike = find_cells(&batch, touched);
    map->work.failed_count = 0;
    if (batch.max_ns > HISTOGRAM_MAX_NS) {
        count_clamped(&batch);
        batch.max_ns = HISTOGRAM_MAX_NS;
    }
    for (unsigned i = 0, begin = 0; i < touched; begin = map->work.ends[i++])
        add_stretch(&batch, &(struct stretch){&map->endpoints[map->work.touched[i]],
                                              begin, map->work.ends[i]});
    if (batch.alike)
        add_values(&batch);
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
