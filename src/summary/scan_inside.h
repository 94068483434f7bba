/* SPDX-License-Identifier: GPL-3.0-or-later */
/* struct scan as scan.c, which makes and merges it, and scanning.c, which adds, see it.
 */
#ifndef SUMMARY_SCAN_INSIDE_H
#define SUMMARY_SCAN_INSIDE_H

#include "scan_cells.h"

#include "src/base/map.h"

enum { SCAN_METHODS = 256 };

/* Where an endpoint counts a value: place among its values + 1, 0: not. names: by number
 * in the shortlist + 1; names[.][0] is 0. */
struct scan_places {
    uint8_t names[SUMMARY_DIMENSIONS][SCAN_SHORTLIST + 1];
    uint8_t status[SUMMARY_STATUS_OTHER + 1];
    uint8_t method[SCAN_METHODS];
};

struct scan {
    const struct scan_plan *plan;
    struct map shortlist[SUMMARY_DIMENSIONS];
    struct scan_places *places; /* of each endpoint */
    struct scan_cells *cells;   /* of each endpoint */
    size_t cell_count;
    struct scan_stratum *strata; /* SCAN_STRATA of each cohort */
    unsigned shift;              /* a cell is SCAN_CELL_NS << shift long */
};

#define SCAN_CELL_NS (INT64_C(1000000000) * SCAN_CELL_S)

/* The counts of an endpoint's cell, id in units of SCAN_CELL_NS; valid until the next
 * call. May make all cells longer. */
struct scan_count *scan_counts_at(struct scan *scan, size_t endpoint, int64_t id);

#endif
