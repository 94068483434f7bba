/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * struct summary as the files of this folder see it: who owns what, and the few calls
 * that adding, merging and loading share.
 */
#ifndef SUMMARY_INSIDE_H
#define SUMMARY_INSIDE_H

#include "beside_inside.h"
#include "distinct.h"
#include "kept_answers.h"
#include "slow.h"
#include "summary.h"
#include "tally.h"

#include "src/base/map.h"

/* Arrays of pointers are sorted by names' bytes; what they point to stays where it is.
 * names: of groups and addresses; entries of tallies and slow lists hold numbers of it,
 * which change only in summary_sweep(). */
struct summary {
    struct summary_endpoint **endpoints;
    size_t endpoint_count, endpoint_room;
    struct summary_version **versions;
    size_t version_count, version_room;
    struct summary_run **runs;
    size_t run_count, run_room;
    bool other_run;      /* "(other)" is among the runs */
    size_t cell_count;   /* without those of endpoint "(other)" */
    bool strata_dropped; /* there were more than SUMMARY_STRATA_ENDPOINTS */
    struct map names[SUMMARY_DIMENSIONS];
    size_t sweep_at[SUMMARY_DIMENSIONS]; /* so many names are worth a sweep */
    struct visitors visitors;            /* of all versions */
    int32_t *days;                       /* with requests, ascending */
    size_t day_count, day_room, last_day;
    uint32_t slot_s;     /* of all calendars: calendar_slot_s(day_count) */
    uint64_t generation; /* raised when numbers of names or tally entries change */
    struct scan *scan;   /* not NULL: scans and adds nothing up (scan.h) */
    const struct filter *filter;                 /* NULL: every request counts */
    uint64_t left_out, beside_left_out;          /* by the filter */
    int64_t seen_first_utc_ns, seen_last_utc_ns; /* of all that the filter looked at */
    struct kept_answers answers;
    struct beside *beside; /* NULL while no event of its kind was added */
    uint64_t requests, undefined, other;
    int64_t first_utc_ns, last_utc_ns; /* INT64_MAX, INT64_MIN when empty */
    /* log2 of the middle of each fine bucket, in units of SUM_LOG2_UNIT */
    int32_t log2[HISTOGRAM_FINE_BUCKETS];
};

/* Find or make; "(other)" beyond the limits. */
struct summary_endpoint *summary_endpoint_of(struct summary *summary,
                                             struct name application, struct name name);
struct summary_version *summary_version_of(struct summary *summary,
                                           struct name application, struct name name);
struct summary_cell *summary_cell_of(struct summary *summary,
                                     struct summary_endpoint *endpoint,
                                     struct summary_version *version);
struct summary_run *summary_run_of(struct summary *summary, struct name name);
/* The whole cell as a block: what the only run of a summary has. Release it. */
void summary_block_of_cell(const struct summary *summary, const struct summary_cell *cell,
                           struct block *block);
/* The day under which a day counts: itself, or a kept one beyond SUMMARY_DAYS. */
int32_t summary_day_of(struct summary *summary, int32_t day);

/* Status codes count up to SUMMARY_STATUS_OTHER. */
void summary_count_status(struct summary_cell *cell, unsigned status, uint64_t requests);

/* 1 for each name that a tally or slow request has, 0 for those that are forgotten. A new
 * array. */
uint32_t *summary_mark_names(const struct summary *summary, int dimension);

/* Trims tallies that have grown too long and forgets names that nobody has; call where no
 * numbers are held. */
void summary_sweep(struct summary *summary);

#endif
