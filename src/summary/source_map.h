/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One source's numbers and what they are in its summary. Everything is looked up by name
 * once and then by the source's own number: an endpoint gives its cell, a group in a
 * version gives its tally entry. The look-ups fall away when the summary's generation
 * changes, so the source's strings are kept.
 */
#ifndef SUMMARY_SOURCE_MAP_H
#define SUMMARY_SOURCE_MAP_H

#include "inside.h"
#include "kinds.h"
#include "period.h"

#include "src/base/arena.h"

enum {
    SOURCE_IDS_MAX = 1 << 22, /* larger numbers are not defined, whatever they say */
    SOURCE_BATCH = 4096       /* requests that are worked on at once */
};

/* Groups or addresses by the source's number; 0 stands for all that are not defined. */
struct source_values {
    struct name *names; /* bytes NULL: not defined */
    uint32_t *numbers;  /* in summary->names, + 1; scanning: its own; 0: not looked up */
    uint8_t *strata;    /* hash mod SUMMARY_STRATA, once looked up */
    uint8_t *filtered;  /* whether it passes the filter; 0: not looked up */
    size_t room;        /* of all four, and of the entries of each source_version */
    struct arena arena;
};

/* A version that this source has requests of. */
struct source_version {
    struct summary_version *version;
    uint32_t *entries[SUMMARY_DIMENSIONS]; /* tally entry + 1; 0: not looked up */
};

struct source_endpoint {
    struct name application, version_name, name;
    struct summary_cell *cell; /* NULL: not looked up */
    size_t version;            /* index of the map's versions */
    bool folded;               /* counts under "(other)" */
    struct period period;      /* of the cell, found last; length 0: none */
    /* in a summary that scans: 0 not looked up, 1 not in the plan, else there + 2 */
    uint32_t scan, scan_fence;
    uint8_t scan_version; /* place among the plan's values + 1; 0: none */
    uint32_t scan_cohort; /* in the plan, + 1; 0: none */
    uint8_t filtered;     /* whether it passes the filter; 0: not looked up */
    uint32_t beside;      /* cell of the summary's struct beside + 1; 0: not looked up */
};

/* Of a sorted batch: the requests of one kind ... */
struct source_run {
    struct event_kind kind;
    unsigned begin, end;
};

/* ... and those of one endpoint: some runs, one behind the other. */
struct source_stretch {
    uint32_t slot; /* index of the map's endpoints */
    unsigned begin, end;
    unsigned first_run, end_run;
};

/* What of the batch that is sorted now is an endpoint's. */
struct source_pending {
    uint32_t requests, runs;
};

/* A batch sorted by endpoint and kind: columns of copies, so that each pass over the
 * requests of a cell reads on and on. Columns that the batch does not have are not set.
 */
struct source_work {
    struct source_stretch stretches[SOURCE_BATCH];
    struct source_run runs[SOURCE_BATCH];
    uint16_t position[SOURCE_BATCH]; /* where each request goes */
    uint16_t bucket[SOURCE_BATCH];   /* fine; of each request, unsorted */
    /* of each kind */
    uint32_t kind_slot[SOURCE_BATCH]; /* its endpoint, where it has requests */
    uint16_t kind_count[SOURCE_BATCH], kind_next[SOURCE_BATCH];
    /* sorted */
    uint16_t order[SOURCE_BATCH]; /* which request of the batch it is */
    uint64_t duration_ns[SOURCE_BATCH];
    uint16_t sorted_bucket[SOURCE_BATCH];
    uint32_t values[SUMMARY_DIMENSIONS][SOURCE_BATCH]; /* scan.c's own */
    /* some of the batch, unsorted */
    uint16_t picked[SOURCE_BATCH]; /* adding: server errors; scanning: slow ones */
    unsigned picked_count;
};

/* endpoints[0] is "(undefined)"; slots: of endpoints, by the source's number. */
struct source_map {
    struct summary *summary;
    uint64_t generation;
    uint64_t process;
    char *run_name;
    struct summary_run *run; /* NULL until the first request */
    struct arena arena;
    struct source_endpoint *endpoints;
    size_t endpoint_count, endpoint_room;
    struct source_pending *pending; /* of each endpoint; 0 between batches */
    size_t pending_room;
    uint32_t *slots;
    size_t slot_room;
    struct source_values values[SUMMARY_DIMENSIONS];
    struct source_version *versions;
    size_t version_count, version_room;
    struct source_work work;
    struct filtered *filtered;     /* NULL until a filter asks */
    struct made_kinds *made_kinds; /* NULL until a batch has none */
};

/* Before a batch: forgets look-ups that are no longer right. */
void source_map_refresh(struct source_map *map);
/* Sorts at most SOURCE_BATCH requests, which have kinds, by endpoint and kind: sets
 * work.stretches, runs, position and order. Returns how many stretches there are. */
unsigned source_map_sort(struct source_map *map, const struct events *events);
/* Looks an endpoint's cell and version up; its fields are set afterwards. */
void source_map_find_cell(struct source_map *map, struct source_endpoint *endpoint);
/* Entry in the version's tally of the group or address with the source's number, never 0.
 */
uint32_t source_map_entry(struct source_map *map, struct source_version *version,
                          enum summary_dimension dimension, uint32_t id);
/* Number in the summary's names + 1. */
uint32_t source_map_number(struct source_map *map, enum summary_dimension dimension,
                           uint32_t id);

#endif
