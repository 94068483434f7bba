/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What traces tell beside requests: stack samples, exceptions, gauges, figures of the
 * processes, requests that never finished, requests that were only counted, and what
 * requests at level 2 and above carry (processor time, their context, their last stack).
 *
 * Part of a summary, with its promises: it merges, and below the limits every split and
 * order of the same events saves to the same bytes. A summary without such events has
 * none of it. Adding is in events.h. Built for 10^6 samples and some thousand of the
 * rest.
 */
#ifndef SUMMARY_BESIDE_H
#define SUMMARY_BESIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gauge_values.h"
#include "stacks.h"

enum {
    BESIDE_KEPT = 128,        /* requests with details, and last stacks, kept a cell */
    BESIDE_SAMPLED = 256,     /* requests of a cell whose samples are counted */
    BESIDE_EXCEPTIONS = 4096, /* groups; further ones count as type "(other)" */
    BESIDE_CONTEXTS = 8192,   /* requests whose context is kept: those of lowest hash */
    BESIDE_UNFINISHED = 1024  /* listed; further ones are counted */
};

/* A request as its process knows it. */
struct request_id {
    uint64_t process, start_ns; /* monotonic */
};

/* A request at level 2 or above. Counts are of its thread. */
struct detailed_request {
    struct request_id id;
    int64_t start_utc_ns;
    uint64_t sequence, duration_ns; /* as in struct slow_request */
    uint64_t cpu_ns, threshold_ns;  /* threshold 0: none was in force */
    uint32_t counts[6];             /* enum detail_count */
    uint8_t level;
    bool outlier, measured; /* measured: cpu_ns and counts are known */
};

enum detail_count {
    DETAIL_VOLUNTARY_SWITCHES,
    DETAIL_INVOLUNTARY_SWITCHES,
    DETAIL_MINOR_FAULTS,
    DETAIL_MAJOR_FAULTS,
    DETAIL_BLOCK_READS,
    DETAIL_BLOCK_WRITES,
    DETAIL_COUNTS
};

/* The stack of a request in the last sample that was taken of it. */
struct last_stack {
    struct request_id id;
    uint64_t elapsed_ns; /* of the request, when it was taken */
    uint32_t node;       /* of stacks */
    uint8_t state, label;
};

/* How many samples were taken of a request for the profile. */
struct sampled_request {
    uint64_t hash;
    uint64_t samples;
};

/* An endpoint in a version. It may have no requests in the summary. */
struct beside_cell {
    /* requests at level 2 and above, and sums over those that were measured */
    uint64_t detailed, outliers, measured;
    uint128_t cpu_ns, duration_ns;
    uint64_t counts[DETAIL_COUNTS];
    struct detailed_request *kept; /* the BESIDE_KEPT slowest, slowest first */
    size_t kept_count;
    struct last_stack *last; /* of the BESIDE_KEPT that had been going on longest */
    size_t last_count;
    /* of the samples for the profile: the BESIDE_SAMPLED requests of lowest hash, by it:
     * a fair sample of all that were sampled. full: there are others */
    struct sampled_request *sampled;
    size_t sampled_count;
    bool sampled_full;
    uint64_t truncated, unsupported; /* samples with that label */
    uint64_t counted;                /* requests at level 0 */
    int64_t counted_last_utc_ns;     /* the last of them; INT64_MIN: none */
};

/* Its key is the cell's key, type, handled (0 or 1) and stack, packed. */
struct beside_exception {
    uint64_t count;
    int64_t first_utc_ns, last_utc_ns;
    char *message; /* of the first */
    size_t message_length;
};

struct beside_unfinished {
    struct request_id id;
    uint32_t cell;
    int64_t start_utc_ns;
    uint64_t elapsed_ns;   /* when it was last known to be in flight; 0: not known */
    uint64_t threshold_ns; /* 0: none */
    uint32_t thread;
    uint8_t method, level, outlier;
    uint64_t pid;
    char *texts; /* group, address, path: packed names */
    size_t texts_length;
};

/* Added over the processes that told them, the last values of each. */
struct beside_processes {
    uint64_t processes;
    uint64_t resident_max_bytes, threads_max, interval_max_us;
    uint64_t cpu_ns, writer_cpu_ns, sampler_cpu_ns;
    uint64_t ticks, late_ticks, samples, rejected_samples;
    uint64_t entries_dropped, no_flight;
};

struct beside {
    struct map cells; /* key: application, version, endpoint, packed */
    struct beside_cell *of_cells;
    size_t cell_room;
    struct stacks stacks;
    struct map exceptions;
    struct beside_exception *of_exceptions;
    size_t exception_room;
    struct gauges gauges;
    struct map contexts; /* key: process, start_ns as 16 bytes */
    struct beside_context {
        char *items; /* packed: count; each what, name, value */
        size_t length;
    } * of_contexts;
    size_t context_room;
    struct beside_unfinished *unfinished; /* by process, then start */
    size_t unfinished_count;
    uint64_t unfinished_more;
    struct beside_processes processes;
};

/* NULL when the summary has none of it. */
const struct beside *summary_beside(const struct summary *summary);

/* Numbers of a map in the order of its keys. A new array. */
uint32_t *beside_order(const struct map *map);

/* What a cell's key says. Borrowed. */
struct beside_key {
    struct name application, version, endpoint;
};
struct beside_key beside_key_of(const struct beside *beside, uint32_t cell);
/* The cell of an endpoint in a version, or MAP_NONE. */
uint32_t beside_find(const struct beside *beside, const struct beside_key *key);

struct beside_exception_key {
    struct beside_key cell;
    struct name type;
    bool handled;
    struct name stack; /* as stacks_path() writes them; stack_frame_next() reads it */
};
struct beside_exception_key beside_exception_key_of(const struct beside *beside,
                                                    uint32_t exception);
/* The next frame of a path; false at its end. *path moves on. */
bool stack_frame_next(struct name *path, struct stack_frame *frame);

/* NULL where there is none. */
const struct detailed_request *beside_detail(const struct beside *beside, uint32_t cell,
                                             uint64_t process, uint64_t sequence);
const struct last_stack *beside_last_stack(const struct beside *beside, uint32_t cell,
                                           struct request_id id);
/* length 0 where there is none. context_item_next() reads it. */
struct name beside_context(const struct beside *beside, struct request_id id);
struct context_item {
    bool header; /* else the URL's path */
    struct name name, value;
};
bool context_item_next(struct name *context, struct context_item *item);

struct unfinished_texts {
    struct name group, address, path;
};
struct unfinished_texts beside_unfinished_texts(const struct beside_unfinished *request);

#endif
