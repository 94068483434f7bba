/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cells of one endpoint of a scan: rows of counts, found by the time they are of.
 * Nearly always the row that was found last.
 */
#ifndef SUMMARY_SCAN_CELLS_H
#define SUMMARY_SCAN_CELLS_H

#include "scan.h"

/* ids[i] is the time in units of the scan's cell length, the counts of cell i are
 * counts[i * width ...]. slots: cell + 1 by hash of its id, at most half full. */
struct scan_cells {
    int64_t *ids;
    struct scan_count *counts;
    size_t count, room, width, last;
    uint32_t *slots;
    size_t slot_count;
};

void scan_cells_release(struct scan_cells *cells);
/* Index of a cell, made when there is none; this may move the counts. */
size_t scan_cells_place(struct scan_cells *cells, int64_t id);
/* Adds a row of counts to a cell. */
void scan_cells_add(struct scan_cells *cells, int64_t id,
                    const struct scan_count *counts);
/* By time. No cell may be looked for afterwards. */
void scan_cells_sort(struct scan_cells *cells);

#endif
