/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fmd-record.h"
#include "source_map.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

#define CELL_NS (INT64_C(1000000000) * SCAN_CELL_S)
enum { METHODS = 256, UNKNOWN = 0, UNLISTED = 1, LISTED = 2 };

/* Cells of one endpoint: ids[i] is the time in units of the scan's cell length, the
 * counts of cell i are counts[i * width ...]. slots: cell + 1 by hash of its id, at most
 * half full. */
struct cells {
    int64_t *ids;
    struct scan_count *counts;
    size_t count, room, width, last;
    uint32_t *slots;
    size_t slot_count;
};

/* Where an endpoint counts a value: place among its values + 1, 0: not. */
struct places {
    uint8_t names[SUMMARY_DIMENSIONS][SCAN_SHORTLIST];
    uint8_t status[SUMMARY_STATUS_OTHER + 1];
    uint8_t method[METHODS];
};

struct scan {
    const struct scan_plan *plan;
    struct map shortlist[SUMMARY_DIMENSIONS];
    struct places *places; /* of each endpoint */
    struct cells *cells;   /* of each endpoint */
    size_t cell_count;
    struct scan_stratum *strata; /* SCAN_STRATA of each cohort */
    unsigned shift;              /* a cell is CELL_NS << shift long */
};

/* --- plan and life ----------------------------------------------------------------- */

void scan_plan_release(struct scan_plan *plan)
{
    for (size_t i = 0; i < plan->endpoint_count; i++) {
        free(plan->endpoints[i].fences);
        free(plan->endpoints[i].values);
    }
    for (size_t i = 0; i < plan->cohort_count; i++)
        free(plan->cohorts[i].versions);
    free(plan->endpoints);
    free(plan->cohorts);
    *plan = (struct scan_plan){0};
}

static void place_value(struct scan *scan, struct places *places,
                        const struct scan_value *value, size_t index)
{
    uint8_t place = (uint8_t)(index + 1);
    if (value->dimension == SCAN_STATUS) {
        places->status[value->code < SUMMARY_STATUS_OTHER ? value->code
                                                          : SUMMARY_STATUS_OTHER] = place;
    } else if (value->dimension == SCAN_METHOD) {
        places->method[value->code % METHODS] = place;
    } else if (value->dimension != SCAN_VERSION) {
        int d = value->dimension == SCAN_GROUP ? SUMMARY_GROUP : SUMMARY_ADDRESS;
        uint32_t number =
            map_add(&scan->shortlist[d], value->name.bytes, value->name.length);
        if (number < SCAN_SHORTLIST)
            places->names[d][number] = place;
    }
}

struct scan *scan_new(const struct scan_plan *plan)
{
    struct scan *scan = mem_new(sizeof(*scan));
    scan->plan = plan;
    scan->places = mem_array(plan->endpoint_count, sizeof(*scan->places));
    scan->cells = mem_array(plan->endpoint_count, sizeof(*scan->cells));
    scan->strata = mem_array(plan->cohort_count * SCAN_STRATA, sizeof(*scan->strata));
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        map_init(&scan->shortlist[d]);
    for (size_t e = 0; e < plan->endpoint_count; e++) {
        const struct scan_endpoint *endpoint = &plan->endpoints[e];
        scan->cells[e].width = SCAN_VALUES + endpoint->value_count;
        for (size_t v = 0; v < endpoint->value_count && v < SCAN_ENDPOINT_VALUES; v++)
            place_value(scan, &scan->places[e], &endpoint->values[v], v);
    }
    return scan;
}

static void cells_release(struct cells *cells)
{
    free(cells->ids);
    free(cells->counts);
    free(cells->slots);
}

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    for (size_t e = 0; e < scan->plan->endpoint_count; e++)
        cells_release(&scan->cells[e]);
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        map_release(&scan->shortlist[d]);
    free(scan->cells);
    free(scan->places);
    free(scan->strata);
    free(scan);
}

const struct scan_plan *scan_plan_of(const struct scan *scan)
{
    return scan->plan;
}

/* --- cells --- */

static size_t slot_of(const struct cells *cells, int64_t id)
{
    size_t slot = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    for (slot &= cells->slot_count - 1;
         cells->slots[slot] && cells->ids[cells->slots[slot] - 1] != id;)
        slot = (slot + 1) & (cells->slot_count - 1);
    return slot;
}

static void grow_slots(struct cells *cells)
{
    if (2 * (cells->count + 1) <= cells->slot_count)
        return;
    free(cells->slots);
    cells->slot_count = cells->slot_count ? 2 * cells->slot_count : 16;
    cells->slots = mem_array(cells->slot_count, sizeof(*cells->slots));
    for (size_t i = 0; i < cells->count; i++)
        cells->slots[slot_of(cells, cells->ids[i])] = (uint32_t)(i + 1);
}

/* Index of a cell, made when there is none. */
static size_t cell_of(struct cells *cells, int64_t id)
{
    if (cells->last < cells->count && cells->ids[cells->last] == id)
        return cells->last;
    grow_slots(cells);
    size_t slot = slot_of(cells, id);
    if (!cells->slots[slot]) {
        size_t room = cells->room;
        cells->ids =
            vec_room(cells->ids, &cells->room, cells->count + 1, sizeof(*cells->ids));
        if (cells->room != room)
            cells->counts = mem_resize_array(cells->counts, cells->room * cells->width,
                                             sizeof(*cells->counts));
        memset(&cells->counts[cells->count * cells->width], 0,
               cells->width * sizeof(*cells->counts));
        cells->ids[cells->count++] = id;
        cells->slots[slot] = (uint32_t)cells->count;
    }
    return cells->last = cells->slots[slot] - 1;
}

static void add_cell(struct cells *cells, int64_t id, const struct scan_count *counts)
{
    size_t cell = cell_of(cells, id); /* may move the counts */
    struct scan_count *to = &cells->counts[cell * cells->width];
    for (size_t i = 0; i < cells->width; i++) {
        to[i].requests += counts[i].requests;
        to[i].outliers += counts[i].outliers;
        to[i].slow += counts[i].slow;
    }
}

/* Makes all cells 2^by times as long. */
static void coarsen(struct scan *scan, unsigned by)
{
    scan->shift += by;
    scan->cell_count = 0;
    for (size_t e = 0; e < scan->plan->endpoint_count; e++) {
        struct cells old = scan->cells[e];
        scan->cells[e] = (struct cells){.width = old.width};
        for (size_t i = 0; i < old.count; i++)
            add_cell(&scan->cells[e], old.ids[i] >> by, &old.counts[i * old.width]);
        scan->cell_count += scan->cells[e].count;
        cells_release(&old);
    }
}

static void keep_limit(struct scan *scan)
{
    while (scan->cell_count > SCAN_CELLS)
        coarsen(scan, 1);
}

/* The counts of an endpoint's cell (id as if cells were not longer); valid until the next
 * call. */
static struct scan_count *counts_at(struct scan *scan, size_t endpoint, int64_t id)
{
    struct cells *cells = &scan->cells[endpoint];
    size_t before = cells->count;
    size_t cell = cell_of(cells, id >> scan->shift);
    if (cells->count > before) {
        scan->cell_count++;
        keep_limit(scan);
        cell = cell_of(cells, id >> scan->shift);
    }
    return &cells->counts[cell * cells->width];
}

void scan_merge(struct scan *to, const struct scan *from)
{
    if (to->shift < from->shift)
        coarsen(to, from->shift - to->shift);
    to->cell_count = 0;
    for (size_t e = 0; e < to->plan->endpoint_count; e++) {
        const struct cells *cells = &from->cells[e];
        for (size_t i = 0; i < cells->count; i++)
            add_cell(&to->cells[e], cells->ids[i] >> (to->shift - from->shift),
                     &cells->counts[i * cells->width]);
        to->cell_count += to->cells[e].count;
    }
    keep_limit(to);
    for (size_t i = 0; i < to->plan->cohort_count * SCAN_STRATA; i++) {
        to->strata[i].requests += from->strata[i].requests;
        for (int t = 0; t < SCAN_THRESHOLDS; t++)
            to->strata[i].beyond[t] += from->strata[i].beyond[t];
    }
}

/* --- adding --- */

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
    endpoint->scan = UNLISTED;
    endpoint->scan_cohort = find_cohort(scan->plan, endpoint);
    for (size_t e = 0; e < scan->plan->endpoint_count; e++) {
        const struct scan_endpoint *planned = &scan->plan->endpoints[e];
        if (!same_name(planned->name, endpoint->name) ||
            !same_name(planned->application, endpoint->application))
            continue;
        for (size_t f = 0; f < planned->fence_count; f++)
            if (same_name(planned->fences[f].version, endpoint->version_name)) {
                endpoint->scan = (uint32_t)(LISTED + e);
                endpoint->scan_fence = (uint32_t)f;
            }
        endpoint->scan_version = 0;
        for (size_t v = 0; v < planned->value_count; v++)
            if (planned->values[v].dimension == SCAN_VERSION &&
                same_name(planned->values[v].name, endpoint->version_name))
                endpoint->scan_version = (uint8_t)(v + 1);
    }
}

/* Looks a group or an address of the source up, once: LISTED + place in the shortlist,
 * and its stratum. Returns the number that stands for it. */
static uint32_t look_up_value(const struct scan *scan, struct source_values *values,
                              enum summary_dimension dimension, uint32_t id)
{
    id = id < values->room && values->names[id].bytes ? id : 0;
    if (values->numbers[id] == UNKNOWN) {
        const struct name *name = &values->names[id];
        uint32_t number =
            map_find(&scan->shortlist[dimension], name->bytes, name->length);
        values->numbers[id] = number < SCAN_SHORTLIST ? LISTED + number : UNLISTED;
        values->strata[id] = (uint8_t)(map_hash(name->bytes, name->length) % SCAN_STRATA);
    }
    return id;
}

/* Place of a group or an address of the source at an endpoint. */
static unsigned place_of(const struct scan *scan, const struct places *places,
                         struct source_map *map, enum summary_dimension dimension,
                         uint32_t id)
{
    struct source_values *values = &map->values[dimension];
    if (id == 0)
        return 0;
    id = look_up_value(scan, values, dimension, id);
    return values->numbers[id] < LISTED
               ? 0
               : places->names[dimension][values->numbers[id] - LISTED];
}

static void add_count(struct scan_count *to, struct scan_count counts)
{
    to->requests += counts.requests;
    to->outliers += counts.outliers;
    to->slow += counts.slow;
}

/* What work.error holds of a request: 1 an outlier, 2 slow. */
static uint8_t mark_of(uint64_t ns, const struct scan_fence *fence)
{
    return (uint8_t)((ns >= fence->fence_ns) | (ns >= fence->slow_ns) << 1);
}

static struct scan_count count_of(uint8_t mark)
{
    return (struct scan_count){1, mark & 1, mark >> 1};
}

/* Requests of one endpoint in one cell: order[begin .. end) of the batch. */
struct scan_piece {
    struct scan *scan;
    struct source_map *map;
    const struct events *events;
    const struct places *places;
    struct scan_count *counts; /* of the cell */
    unsigned begin, end;
};

/* Outliers by both fences; work.error remembers the marks by the version's own. */
static void scan_durations(const struct scan_piece *piece, const struct scan_fence *fence,
                           uint8_t version_place)
{
    struct source_work *work = &piece->map->work;
    struct scan_count own = {.requests = piece->end - piece->begin}, common = own;
    for (unsigned i = piece->begin; i < piece->end; i++) {
        uint64_t ns = piece->events->duration_ns[work->order[i]];
        work->error[i] = mark_of(ns, fence);
        own.outliers += work->error[i] & 1;
        own.slow += work->error[i] >> 1;
        common.outliers += ns >= fence->common_ns;
    }
    add_count(&piece->counts[SCAN_ALL], own);
    add_count(&piece->counts[SCAN_ALL_COMMON], common);
    if (version_place)
        add_count(&piece->counts[SCAN_VALUES + version_place - 1], common);
}

static void scan_values(const struct scan_piece *piece, enum summary_dimension dimension,
                        const uint32_t *ids)
{
    const struct source_work *work = &piece->map->work;
    const struct source_values *values = &piece->map->values[dimension];
    for (unsigned i = piece->begin; ids && i < piece->end; i++) {
        uint32_t id = ids[work->order[i]];
        if (id < values->room && values->numbers[id] == UNLISTED)
            continue;
        unsigned place = place_of(piece->scan, piece->places, piece->map, dimension, id);
        if (place)
            add_count(&piece->counts[SCAN_VALUES + place - 1], count_of(work->error[i]));
    }
}

/* Nearly always the code of the one before again: runs are added at once. */
static void add_run(const struct scan_piece *piece, unsigned place,
                    struct scan_count *run)
{
    if (place)
        add_count(&piece->counts[SCAN_VALUES + place - 1], *run);
    *run = (struct scan_count){0};
}

static void scan_statuses(const struct scan_piece *piece)
{
    const struct source_work *work = &piece->map->work;
    const uint16_t *status = piece->events->status;
    struct scan_count run = {0};
    unsigned current = 0;
    for (unsigned i = piece->begin; i < piece->end; i++) {
        unsigned code = status ? status[work->order[i]] : 0;
        unsigned place =
            piece->places
                ->status[code < SUMMARY_STATUS_OTHER ? code : SUMMARY_STATUS_OTHER];
        if (place != current)
            add_run(piece, current, &run);
        current = place;
        add_count(&run, count_of(work->error[i]));
    }
    add_run(piece, current, &run);
}

static void scan_methods(const struct scan_piece *piece)
{
    const struct source_work *work = &piece->map->work;
    const uint8_t *method = piece->events->method;
    struct scan_count run = {0};
    unsigned current = 0;
    for (unsigned i = piece->begin; i < piece->end; i++) {
        unsigned code = method ? method[work->order[i]] : FMD_METHOD_OTHER;
        unsigned place = piece->places->method[code];
        if (place != current)
            add_run(piece, current, &run);
        current = place;
        add_count(&run, count_of(work->error[i]));
    }
    add_run(piece, current, &run);
}

static int64_t cell_at(const struct events *events, unsigned event)
{
    int64_t utc_ns = (int64_t)(events->start_ns[event] + (uint64_t)events->utc_offset_ns);
    return utc_ns / CELL_NS - (utc_ns % CELL_NS < 0);
}

/* Requests of an endpoint of the plan: order[begin .. end). */
static void scan_endpoint(struct scan *scan, struct source_map *map,
                          const struct source_endpoint *endpoint,
                          const struct events *events, unsigned begin, unsigned end)
{
    size_t e = endpoint->scan - LISTED;
    const uint16_t *order = map->work.order;
    const struct scan_fence *fence =
        &scan->plan->endpoints[e].fences[endpoint->scan_fence];
    struct scan_piece piece = {scan, map, events, &scan->places[e], NULL, begin, begin};
    while (piece.end < end) {
        int64_t id = cell_at(events, order[piece.begin = piece.end]);
        while (piece.end < end && cell_at(events, order[piece.end]) == id)
            piece.end++;
        piece.counts = counts_at(scan, e, id);
        scan_durations(&piece, fence, endpoint->scan_version);
        scan_values(&piece, SUMMARY_GROUP, events->group);
        scan_values(&piece, SUMMARY_ADDRESS, events->address);
        scan_statuses(&piece);
        scan_methods(&piece);
    }
}

/* Request i in its cohort. */
static void scan_side(struct scan *scan, struct source_map *map, uint32_t place,
                      const struct events *events, uint32_t i)
{
    const struct scan_cohort *cohort = &scan->plan->cohorts[place];
    struct source_values *values = &map->values[SUMMARY_GROUP];
    uint32_t group = events->group ? events->group[i] : 0;
    unsigned stratum = 0;
    if (group)
        stratum = values->strata[look_up_value(scan, values, SUMMARY_GROUP, group)];
    struct scan_stratum *to = &scan->strata[(size_t)place * SCAN_STRATA + stratum];
    to->requests++;
    for (int t = 0; t < SCAN_THRESHOLDS; t++)
        to->beyond[t] += events->duration_ns[i] >= cohort->thresholds_ns[t];
}

/* Sorted by endpoint as in adding.c: then the counts of its cell are near. */
void scan_add(struct scan *scan, struct source_map *map, const struct events *events)
{
    unsigned touched = source_map_sort(map, events), begin = 0;
    for (unsigned t = 0; t < touched; t++) {
        struct source_endpoint *endpoint = &map->endpoints[map->work.touched[t]];
        unsigned end = endpoint->pending;
        endpoint->pending = 0;
        if (endpoint->scan == UNKNOWN)
            look_up(scan, endpoint);
        if (endpoint->scan >= LISTED)
            scan_endpoint(scan, map, endpoint, events, begin, end);
        for (unsigned i = begin; endpoint->scan_cohort && i < end; i++)
            scan_side(scan, map, endpoint->scan_cohort - 1, events, map->work.order[i]);
        begin = end;
    }
}

/* --- reading --- */

double scan_cell_s(const struct scan *scan)
{
    return SCAN_CELL_S * (double)(UINT64_C(1) << scan->shift);
}

size_t scan_cells(const struct scan *scan, size_t endpoint)
{
    return scan->cells[endpoint].count;
}

const struct scan_count *scan_cell(const struct scan *scan, size_t endpoint, size_t cell)
{
    const struct cells *cells = &scan->cells[endpoint];
    return &cells->counts[cell * cells->width];
}

int64_t scan_cell_utc_ns(const struct scan *scan, size_t endpoint, size_t cell)
{
    return scan->cells[endpoint].ids[cell] * (CELL_NS << scan->shift);
}

const struct scan_stratum *scan_strata(const struct scan *scan, size_t cohort)
{
    return &scan->strata[cohort * SCAN_STRATA];
}

struct order {
    int64_t id;
    size_t cell;
};

static int by_time(const void *a, const void *b)
{
    const struct order *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* Cells by time; slots are no longer right and go. */
static void sort_cells(struct cells *cells)
{
    struct order *order = mem_array(cells->count, sizeof(*order));
    struct scan_count *counts =
        mem_array(cells->count * cells->width, sizeof(*cells->counts));
    for (size_t i = 0; i < cells->count; i++)
        order[i] = (struct order){cells->ids[i], i};
    if (cells->count > 1)
        qsort(order, cells->count, sizeof(*order), by_time);
    for (size_t i = 0; i < cells->count; i++) {
        cells->ids[i] = order[i].id;
        memcpy(&counts[i * cells->width], &cells->counts[order[i].cell * cells->width],
               cells->width * sizeof(*counts));
    }
    free(cells->counts);
    free(cells->slots);
    free(order);
    cells->counts = counts;
    cells->slots = NULL;
    cells->slot_count = 0;
    cells->room = cells->count;
}

struct summary *summary_new_scanning(const struct scan_plan *plan)
{
    struct summary *summary = summary_new();
    summary->scan = scan_new(plan);
    summary_filter(summary, plan->filter);
    return summary;
}

struct summary *summary_new_like(const struct summary *summary)
{
    struct summary *like =
        summary->scan ? summary_new_scanning(summary->scan->plan) : summary_new();
    summary_filter(like, summary->filter);
    return like;
}

bool summary_scans(const struct summary *summary)
{
    return summary->scan != NULL;
}

struct scan *summary_scan(struct summary *summary)
{
    for (size_t e = 0; summary->scan && e < summary->scan->plan->endpoint_count; e++)
        sort_cells(&summary->scan->cells[e]);
    return summary->scan;
}
