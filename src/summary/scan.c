/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "scan_inside.h"
#include "src/base/mem.h"

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

static void place_value(struct scan *scan, struct scan_places *places,
                        const struct scan_value *value, size_t index)
{
    uint8_t place = (uint8_t)(index + 1);
    if (value->dimension == SCAN_STATUS) {
        places->status[value->code < SUMMARY_STATUS_OTHER ? value->code
                                                          : SUMMARY_STATUS_OTHER] = place;
    } else if (value->dimension == SCAN_METHOD) {
        places->method[value->code % SCAN_METHODS] = place;
    } else if (value->dimension != SCAN_VERSION) {
        int d = value->dimension == SCAN_GROUP ? SUMMARY_GROUP : SUMMARY_ADDRESS;
        uint32_t number =
            map_add(&scan->shortlist[d], value->name.bytes, value->name.length);
        if (number < SCAN_SHORTLIST)
            places->names[d][number + 1] = place;
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

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    for (size_t e = 0; e < scan->plan->endpoint_count; e++)
        scan_cells_release(&scan->cells[e]);
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

/* Makes all cells 2^by times as long. */
static void coarsen(struct scan *scan, unsigned by)
{
    scan->shift += by;
    scan->cell_count = 0;
    for (size_t e = 0; e < scan->plan->endpoint_count; e++) {
        struct scan_cells old = scan->cells[e];
        scan->cells[e] = (struct scan_cells){.width = old.width};
        for (size_t i = 0; i < old.count; i++)
            scan_cells_add(&scan->cells[e], old.ids[i] >> by, &old.counts[i * old.width]);
        scan->cell_count += scan->cells[e].count;
        scan_cells_release(&old);
    }
}

static void keep_limit(struct scan *scan)
{
    while (scan->cell_count > SCAN_CELLS)
        coarsen(scan, 1);
}

struct scan_count *scan_counts_at(struct scan *scan, size_t endpoint, int64_t id)
{
    struct scan_cells *cells = &scan->cells[endpoint];
    size_t before = cells->count;
    size_t cell = scan_cells_place(cells, id >> scan->shift);
    if (cells->count > before) {
        scan->cell_count++;
        keep_limit(scan);
        cell = scan_cells_place(cells, id >> scan->shift);
    }
    return &cells->counts[cell * cells->width];
}

void scan_merge(struct scan *to, const struct scan *from)
{
    if (to->shift < from->shift)
        coarsen(to, from->shift - to->shift);
    to->cell_count = 0;
    for (size_t e = 0; e < to->plan->endpoint_count; e++) {
        const struct scan_cells *cells = &from->cells[e];
        for (size_t i = 0; i < cells->count; i++)
            scan_cells_add(&to->cells[e], cells->ids[i] >> (to->shift - from->shift),
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
    const struct scan_cells *cells = &scan->cells[endpoint];
    return &cells->counts[cell * cells->width];
}

int64_t scan_cell_utc_ns(const struct scan *scan, size_t endpoint, size_t cell)
{
    return scan->cells[endpoint].ids[cell] * (SCAN_CELL_NS << scan->shift);
}

const struct scan_stratum *scan_strata(const struct scan *scan, size_t cohort)
{
    return &scan->strata[cohort * SCAN_STRATA];
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
        scan_cells_sort(&summary->scan->cells[e]);
    return summary->scan;
}
