/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stretch of time in which everything that a cell keeps by time stays the same: a
 * time block, a block of the endpoint's series, an hour, a quarter of an hour. Minutes
 * long, so what was found for one batch nearly always holds for the next.
 */
#ifndef SUMMARY_PERIOD_H
#define SUMMARY_PERIOD_H

#include "summary.h"

/* The pointers hold as long as the counts of changes are those of the grids, and slot_s
 * that of the summary. slot_s 0: nothing was found. */
struct period {
    int64_t first_ns, last_ns; /* inclusive */
    struct block *block, *series;
    struct histogram *hour;
    struct calendar_slot *slot;
    int32_t day;
    uint32_t slot_s, grid_changes, series_changes;
};

/* Makes *period, found for the same cell before, the one that holds a time. */
void period_find(struct period *period, struct summary *summary,
                 struct summary_cell *cell, int64_t utc_ns);
/* Days since 1970-01-01. */
int32_t period_day(int64_t utc_ns);

#endif
