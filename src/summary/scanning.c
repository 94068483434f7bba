/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a batch adds to a scan: sorted by endpoint as in adding.c, so that the counts of a
 * cell are near. Hot: all requests are read a second time for this. Most requests only
 * add to counts of requests; the few that are outliers are picked and looked at again.
 */
#include "inside.h"
#include "scan_inside.h"
#include "source_map.h"

enum { UNKNOWN = 0, NOT_PLANNED = 1, PLANNED = 2 }; /* source_endpoint.scan */

/* What source_values.numbers hold in a summary that scans: number in the shortlist + 1
 * (0: not in it), stratum, and that it was looked up. 0: it was not. */
enum { CODE_NUMBER = 0xffff, CODE_STRATUM_SHIFT = 16 };
#define CODE_KNOWN (UINT32_C(1) << 31)

/* --- looking up, once a source's number -------------------------------------------- */

static bool same_name(struct name a, struct name b)
{
    return name_compare(a, b) == 0;
}

/* The cohort of a source's endpoint, + 1; 0: none. */
static uint32_t find_cohort(const struct scan_plan *plan,
                            const struct source_endpoint *endpoint)
{
    for (size_t i = 0; i < plan->cohort_count; i++) {
        const struct scan_cohort *cohort = &plan->cohorts[i];
        if (!same_name(cohort->name, endpoint->name) ||
            !same_name(cohort->application, endpoint->application))
            continue;
        for (size_t v = 0; v < cohort->version_count; v++)
            if (same_name(cohort->versions[v], endpoint->version_name))
                return (uint32_t)i + 1;
    }
    return 0;
}

/* Which of the plan's endpoints, fences and versions a source's endpoint is. */
static void look_up(const struct scan *scan, struct source_endpoint *endpoint)
{
    endpoint->scan = NOT_PLANNED;
    endpoint->scan_cohort = find_cohort(scan->plan, endpoint);
    for (size_t e = 0; e < scan->plan->endpoint_count; e++) {
        const struct scan_endpoint *planned = &scan->plan->endpoints[e];
        if (!same_name(planned->name, endpoint->name) ||
            !same_name(planned->application, endpoint->application))
            continue;
        for (size_t f = 0; f < planned->fence_count; f++)
            if (same_name(planned->fences[f].version, endpoint->version_name)) {
                endpoint->scan = (uint32_t)(PLANNED + e);
                endpoint->scan_fence = (uint32_t)f;
            }
        endpoint->scan_version = 0;
        for (size_t v = 0; v < planned->value_count; v++)
            if (planned->values[v].dimension == SCAN_VERSION &&
                same_name(planned->values[v].name, endpoint->version_name))
                endpoint->scan_version = (uint8_t)(v + 1);
    }
}

/* Code of a group or an address of the source that is not 0. */
static uint32_t look_up_value(const struct scan *scan, struct source_values *values,
                              enum summary_dimension dimension, uint32_t id)
{
    id = id < values->room && values->names[id].bytes ? id : 0;
    if (!values->numbers[id]) {
        const struct name *name = &values->names[id];
        uint32_t number =
            map_find(&scan->shortlist[dimension], name->bytes, name->length);
        uint32_t stratum = map_hash(name->bytes, name->length) % SCAN_STRATA;
        values->numbers[id] = CODE_KNOWN | stratum << CODE_STRATUM_SHIFT |
                              (number < SCAN_SHORTLIST ? number + 1 : 0);
    }
    return values->numbers[id];
}

/* --- columns ----------------------------------------------------------------------- */

static void sort_values(const struct scan *scan, struct source_map *map,
                        enum summary_dimension dimension, const uint32_t *ids,
                        uint32_t count)
{
    struct source_values *values = &map->values[dimension];
    const uint32_t *codes = values->numbers;
    uint32_t *sorted = map->work.values[dimension];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = ids[i], code = id < values->room ? codes[id] : 0;
        if (__builtin_expect(code == 0, 0) && id)
            code = look_up_value(scan, values, dimension, id);
        sorted[map->work.position[i]] = id ? code : 0;
    }
}

static void sort_columns(const struct scan *scan, struct source_map *map,
                         const struct events *events)
{
    struct source_work *work = &map->work;
    for (uint32_t i = 0; i < events->count; i++)
        work->duration_ns[work->position[i]] = events->duration_ns[i];
    if (events->group)
        sort_values(scan, map, SUMMARY_GROUP, events->group, events->count);
    if (events->address)
        sort_values(scan, map, SUMMARY_ADDRESS, events->address, events->count);
}

/* --- requests of one kind in a cell ------------------------------------------------ */

/* In the sorted columns. status, method, version: their places. first_id, last_id: cells
 * of the batch, in units of SCAN_CELL_NS. */
struct scan_piece {
    struct source_work *work;
    const struct events *events;
    const struct scan_places *places;
    const struct scan_fence *fence;
    struct scan_count *counts; /* of the cell */
    unsigned begin, end;
    unsigned status, method, version;
    int64_t first_id, last_id;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static unsigned name_place(const struct scan_piece *piece,
                           enum summary_dimension dimension, unsigned i)
{
    return piece->places
        ->names[dimension][piece->work->values[dimension][i] & CODE_NUMBER];
}

static void count_requests(const struct scan_piece *piece, unsigned place)
{
    if (place)
        piece->counts[SCAN_VALUES + place - 1].requests += piece->end - piece->begin;
}

/* Those with a place are picked first: then the counting does not wait for guesses. */
static void count_names(const struct scan_piece *piece, enum summary_dimension dimension)
{
    uint8_t places[SOURCE_BATCH];
    unsigned count = 0;
    for (unsigned i = piece->begin; i < piece->end; i++) {
        places[count] = (uint8_t)name_place(piece, dimension, i);
        count += places[count] != 0;
    }
    for (unsigned k = 0; k < count; k++)
        piece->counts[SCAN_VALUES + places[k] - 1].requests++;
}

static void count_outlier(struct scan_count *count, bool outlier, bool slow)
{
    count->outliers += outlier;
    count->slow += slow;
}

/* A request beyond a fence, where each of its values is counted. */
static void count_picked(const struct scan_piece *piece, unsigned i)
{
    uint64_t ns = piece->work->duration_ns[i];
    bool outlier = ns >= piece->fence->fence_ns, slow = ns >= piece->fence->slow_ns;
    bool common = ns >= piece->fence->common_ns;
    const unsigned places[] = {
        piece->events->group ? name_place(piece, SUMMARY_GROUP, i) : 0,
        piece->events->address ? name_place(piece, SUMMARY_ADDRESS, i) : 0, piece->status,
        piece->method};
    count_outlier(&piece->counts[SCAN_ALL], outlier, slow);
    count_outlier(&piece->counts[SCAN_ALL_COMMON], common, false);
    if (piece->version)
        count_outlier(&piece->counts[SCAN_VALUES + piece->version - 1], common, false);
    for (unsigned p = 0; p < sizeof(places) / sizeof(*places); p++)
        if (places[p])
            count_outlier(&piece->counts[SCAN_VALUES + places[p] - 1], outlier, slow);
}

/* Those beyond any fence are picked first, as there are few. */
static void count_outliers(const struct scan_piece *piece)
{
    const struct scan_fence *fence = piece->fence;
    const uint64_t *duration_ns = piece->work->duration_ns;
    uint64_t from_ns = least(fence->fence_ns, least(fence->slow_ns, fence->common_ns));
    uint16_t *picked = piece->work->picked;
    unsigned count = 0;
    for (unsigned i = piece->begin; i < piece->end; i++) {
        picked[count] = (uint16_t)i;
        count += duration_ns[i] >= from_ns;
    }
    for (unsigned k = 0; k < count; k++)
        count_picked(piece, picked[k]);
}

static void scan_piece(const struct scan_piece *piece)
{
    unsigned requests = piece->end - piece->begin;
    piece->counts[SCAN_ALL].requests += requests;
    piece->counts[SCAN_ALL_COMMON].requests += requests;
    count_requests(piece, piece->version);
    count_requests(piece, piece->status);
    count_requests(piece, piece->method);
    if (piece->events->group)
        count_names(piece, SUMMARY_GROUP);
    if (piece->events->address)
        count_names(piece, SUMMARY_ADDRESS);
    count_outliers(piece);
}

/* --- a batch ----------------------------------------------------------------------- */

static int64_t id_of(int64_t utc_ns)
{
    return utc_ns / SCAN_CELL_NS - (utc_ns % SCAN_CELL_NS < 0);
}

static void find_ids(struct scan_piece *piece)
{
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    for (uint32_t i = 0; i < piece->events->count; i++) {
        int64_t utc_ns = event_utc_ns(piece->events, i);
        first_ns = utc_ns < first_ns ? utc_ns : first_ns;
        last_ns = utc_ns > last_ns ? utc_ns : last_ns;
    }
    piece->first_id = id_of(first_ns);
    piece->last_id = id_of(last_ns);
}

/* Where the part of a run ends that begins at a place and lies in cell id. */
static unsigned part_end(const struct scan_piece *piece, const struct source_run *run,
                         unsigned shift, int64_t id)
{
    const uint16_t *order = piece->work->order;
    unsigned end = piece->begin + 1;
    if (piece->first_id >> shift == piece->last_id >> shift)
        return run->end;
    while (end < run->end &&
           id_of(event_utc_ns(piece->events, order[end])) >> shift == id >> shift)
        end++;
    return end;
}

/* Requests of one kind: cut where a cell ends. */
static void scan_run(struct scan *scan, size_t endpoint, struct scan_piece *piece,
                     const struct source_run *run)
{
    unsigned status = run->kind.status;
    piece->status =
        piece->places
            ->status[status < SUMMARY_STATUS_OTHER ? status : SUMMARY_STATUS_OTHER];
    piece->method = piece->places->method[run->kind.method];
    for (piece->begin = run->begin; piece->begin < run->end; piece->begin = piece->end) {
        unsigned event = piece->work->order[piece->begin];
        int64_t id = id_of(event_utc_ns(piece->events, event));
        piece->counts = scan_counts_at(scan, endpoint, id);
        piece->end = part_end(piece, run, scan->shift, id);
        scan_piece(piece);
    }
}

/* Requests of an endpoint of the plan. */
static void scan_stretch(struct scan *scan, struct scan_piece *piece,
                         const struct source_endpoint *endpoint,
                         const struct source_stretch *stretch)
{
    size_t e = endpoint->scan - PLANNED;
    piece->places = &scan->places[e];
    piece->fence = &scan->plan->endpoints[e].fences[endpoint->scan_fence];
    piece->version = endpoint->scan_version;
    for (unsigned r = stretch->first_run; r < stretch->end_run; r++)
        scan_run(scan, e, piece, &piece->work->runs[r]);
}

/* Requests of an endpoint in a cohort. */
static void scan_side(struct scan *scan, const struct source_work *work, uint32_t place,
                      bool has_groups, const struct source_stretch *stretch)
{
    const struct scan_cohort *cohort = &scan->plan->cohorts[place];
    struct scan_stratum *strata = &scan->strata[(size_t)place * SCAN_STRATA];
    for (unsigned i = stretch->begin; i < stretch->end; i++) {
        uint32_t code = has_groups ? work->values[SUMMARY_GROUP][i] : 0;
        struct scan_stratum *to = &strata[code >> CODE_STRATUM_SHIFT & (SCAN_STRATA - 1)];
        to->requests++;
        for (int t = 0; t < SCAN_THRESHOLDS; t++)
            to->beyond[t] += work->duration_ns[i] >= cohort->thresholds_ns[t];
    }
}

void scan_add(struct scan *scan, struct source_map *map, const struct events *given)
{
    const struct events events = kinds_of(given, &map->made_kinds);
    unsigned stretches = source_map_sort(map, &events);
    struct scan_piece piece = {.work = &map->work, .events = &events};
    sort_columns(scan, map, &events);
    find_ids(&piece);
    for (unsigned i = 0; i < stretches; i++) {
        const struct source_stretch *stretch = &map->work.stretches[i];
        struct source_endpoint *endpoint = &map->endpoints[stretch->slot];
        if (endpoint->scan == UNKNOWN)
            look_up(scan, endpoint);
        if (endpoint->scan >= PLANNED)
            scan_stretch(scan, &piece, endpoint, stretch);
        if (endpoint->scan_cohort)
            scan_side(scan, &map->work, endpoint->scan_cohort - 1, events.group != NULL,
                      stretch);
    }
}
