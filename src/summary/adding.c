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

static struct events known_columns(const struct events *events, struct made_kinds **made)
{
    struct events known = kinds_of(events, made);
    known.first_byte_ns = known_parts(known.first_byte_ns, known.count);
    known.view_ns = known_parts(known.view_ns, known.count);
    known.group = known_values(known.group, known.count);
    known.address = known_values(known.address, known.count);
    return known;
}

/* --- the requests of an endpoint --------------------------------------------------- */

static int64_t start_at(const struct batch *batch, unsigned sorted)
{
    return event_utc_ns(batch->events, batch->map->work.order[sorted]);
}

static void extend(int64_t *first_ns, int64_t *last_ns, int64_t first, int64_t last)
{
    *first_ns = earlier(*first_ns, first);
    *last_ns = later(*last_ns, last);
}

/* Each run is in the batch's order. */
static void find_range(const struct batch *batch, const struct source_stretch *stretch,
                       int64_t *first_ns, int64_t *last_ns)
{
    *first_ns = INT64_MAX;
    *last_ns = INT64_MIN;
    for (unsigned r = stretch->first_run; batch->ordered && r < stretch->end_run; r++) {
        const struct source_run *run = &batch->map->work.runs[r];
        extend(first_ns, last_ns, start_at(batch, run->begin),
               start_at(batch, run->end - 1));
    }
    for (unsigned i = stretch->begin; !batch->ordered && i < stretch->end; i++)
        extend(first_ns, last_ns, start_at(batch, i), start_at(batch, i));
}

/* What is kept of them besides their cell. */
static void add_range(const struct batch *batch, const struct source_stretch *stretch)
{
    struct summary *summary = batch->map->summary;
    const struct source_endpoint *endpoint = &batch->map->endpoints[stretch->slot];
    struct summary_cell *cell = endpoint->cell;
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
    summary->undefined += stretch->slot == 0 ? count : 0;
    summary->other += endpoint->folded ? count : 0;
}

static bool is_within(const struct period *period, int64_t first_ns, int64_t last_ns)
{
    return period->first_ns <= first_ns && last_ns <= period->last_ns;
}

/* Where the part of a run ends that lies in a period and begins at a place. */
static unsigned part_end(const struct batch *batch, const struct source_run *run,
                         const struct period *period, unsigned begin)
{
    unsigned end = begin + 1;
    while (end < run->end &&
           is_within(period, start_at(batch, end), start_at(batch, end)))
        end++;
    return end;
}

/* Requests of the version of a piece, where the batch is not alike. */
static void add_values_of(const struct batch *batch, size_t version,
                          const struct piece *piece, unsigned failed)
{
    const struct source_work *work = &batch->map->work;
    const struct value_requests requests = {.events = batch->events,
                                            .places = work->order + piece->begin,
                                            .count = piece->count,
                                            .failed = work->picked + failed,
                                            .failed_count = work->picked_count - failed,
                                            .day = piece->period->day,
                                            .min_ns = piece->min_ns,
                                            .max_ns = piece->max_ns};
    adding_values(batch->map, version, &requests);
}

static void add_piece(const struct batch *batch, const struct source_endpoint *endpoint,
                      const struct source_run *runs, unsigned run_count)
{
    struct source_map *map = batch->map;
    unsigned failed = map->work.picked_count;
    struct piece piece = {.summary = map->summary,
                          .map = map,
                          .events = batch->events,
                          .cell = endpoint->cell,
                          .period = &endpoint->period,
                          .begin = runs[0].begin,
                          .count = runs[run_count - 1].end - runs[0].begin,
                          .runs = runs,
                          .run_count = run_count};
    piece_add(&piece);
    if (!batch->alike)
        add_values_of(batch, endpoint->version, &piece, failed);
}

/* A stretch that does not lie in one period: each run is cut where the period ends. */
static void add_parts(const struct batch *batch, const struct source_stretch *stretch)
{
    struct source_map *map = batch->map;
    struct source_endpoint *endpoint = &map->endpoints[stretch->slot];
    for (unsigned r = stretch->first_run; r < stretch->end_run; r++) {
        struct source_run part = map->work.runs[r];
        for (; part.begin < map->work.runs[r].end; part.begin = part.end) {
            period_find(&endpoint->period, map->summary, endpoint->cell,
                        start_at(batch, part.begin));
            part.end = part_end(batch, &map->work.runs[r], &endpoint->period, part.begin);
            add_piece(batch, endpoint, &part, 1);
        }
    }
}

static void add_stretch(const struct batch *batch, const struct source_stretch *stretch)
{
    struct source_map *map = batch->map;
    struct source_endpoint *endpoint = &map->endpoints[stretch->slot];
    add_range(batch, stretch);
    period_find(&endpoint->period, map->summary, endpoint->cell,
                start_at(batch, stretch->begin));
    if (is_within(&endpoint->period, batch->first_ns, batch->last_ns))
        add_piece(batch, endpoint, &map->work.runs[stretch->first_run],
                  stretch->end_run - stretch->first_run);
    else
        add_parts(batch, stretch);
}

/* --- a batch ----------------------------------------------------------------------- */

/* Finds the cells; true when all are of one version and all requests of one day. */
static bool find_cells(const struct batch *batch, unsigned stretches)
{
    struct source_map *map = batch->map;
    const struct source_stretch *stretch = map->work.stretches;
    bool alike = period_day(batch->first_ns) == period_day(batch->last_ns);
    for (unsigned i = 0; i < stretches; i++) {
        struct source_endpoint *endpoint = &map->endpoints[stretch[i].slot];
        if (!endpoint->cell)
            source_map_find_cell(map, endpoint);
        alike &= endpoint->version == map->endpoints[stretch[0].slot].version;
    }
    return alike;
}

static void count_clamped(const struct batch *batch)
{
    struct source_map *map = batch->map;
    for (uint32_t i = 0; i < batch->events->count; i++)
        if (batch->events->duration_ns[i] > HISTOGRAM_MAX_NS)
            map->endpoints[map->work.kind_slot[batch->events->kind[i]]].cell->clamped++;
}

/* All requests of a batch that is alike. */
static void add_values(const struct batch *batch)
{
    struct source_map *map = batch->map;
    const struct source_endpoint *endpoint = &map->endpoints[map->work.stretches[0].slot];
    uint16_t places[SOURCE_BATCH];
    for (uint32_t i = 0; i < batch->events->count; i++)
        places[i] = (uint16_t)i;
    const struct value_requests requests = {.events = batch->events,
                                            .places = places,
                                            .count = batch->events->count,
                                            .failed = map->work.picked,
                                            .failed_count = map->work.picked_count,
                                            .day = endpoint->period.day,
                                            .min_ns = batch->min_ns,
                                            .max_ns = batch->max_ns};
    adding_values(map, endpoint->version, &requests);
}

static void add_batch(struct source_map *map, const struct events *given)
{
    const struct events known = known_columns(given, &map->made_kinds);
    struct batch batch = {.map = map, .events = &known};
    if (!map->run)
        map->run = summary_run_of(map->summary,
                                  (struct name){map->run_name, strlen(map->run_name)});
    source_map_refresh(map);
    unsigned stretches = source_map_sort(map, &known);
    find_times(&batch);
    sort_durations(&batch);
    batch.alike = find_cells(&batch, stretches);
    map->work.picked_count = 0;
    if (batch.max_ns > HISTOGRAM_MAX_NS) {
        count_clamped(&batch);
        batch.max_ns = HISTOGRAM_MAX_NS;
    }
    for (unsigned i = 0; i < stretches; i++)
        add_stretch(&batch, &map->work.stretches[i]);
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
                              .kind = SHIFTED(kind),
                              .kinds = events->kinds,
                              .kind_count = events->kind_count,
                              .endpoint = SHIFTED(endpoint),
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
