/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests of one cell in one period, in the columns of a batch that is sorted by
 * endpoint: what they add to the cell. Hot: no allocation in the steady state.
 */
#ifndef SUMMARY_PIECE_H
#define SUMMARY_PIECE_H

#include "source_map.h"

struct piece {
    struct summary *summary;
    struct source_map *map;
    const struct events *events;
    struct summary_cell *cell;
    const struct period *period;
    unsigned begin, count;         /* in the sorted columns */
    const struct source_run *runs; /* all of which it is */
    unsigned run_count;
    /* what they add up to */
    uint64_t min_ns, max_ns, client_errors, server_errors;
    int64_t sum_log2;
};

/* Adds all but groups and addresses. Server errors go to work.picked. */
void piece_add(struct piece *piece);

#endif
