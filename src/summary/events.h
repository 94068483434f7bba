/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What flows from an input to the summary: who wrote it, its definitions by the source's
 * own numbers, and batches of requests as columns. No format's details come through here.
 */
#ifndef SUMMARY_EVENTS_H
#define SUMMARY_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who wrote it. Strings are borrowed; "" where not known. */
struct event_source {
    const char *host;
    const char *run;  /* recording run, the unit of replication in CI */
    uint64_t process; /* distinguishes processes (of one host and another) */
};

/* What many requests have in common. */
struct event_kind {
    uint32_t endpoint;
    uint16_t status;
    uint8_t method, flags;
};

/* A batch. Endpoint, group and address are the source's numbers (0: none). Borrowed
 * arrays of count values; any optional column may be NULL (not known). UTC start =
 * start_ns[i] + utc_offset_ns in ns since 1970. */
struct events {
    uint32_t count;
    int64_t utc_offset_ns;
    uint64_t sequence;      /* of the first request in its process; orders equal times */
    const uint16_t *places; /* a filter's: sequence + places[i]. Inputs give NULL: + i */
    const uint16_t *kind;   /* request i is of kinds[kind[i]]; NULL: then ... */
    const struct event_kind *kinds; /* kind_count of them */
    uint32_t kind_count;
    const uint32_t *endpoint; /* ... these say it, three of them optional */
    const uint16_t *status;
    const uint8_t *method; /* enum fmd_method of lib/fmd-record.h */
    const uint8_t *flags;  /* enum fmd_flag */
    const uint64_t *start_ns;
    const uint64_t *duration_ns;
    const uint64_t *first_byte_ns; /* optional; UINT64_MAX: not known */
    const uint64_t *view_ns;       /* optional; UINT64_MAX: not known */
    const uint32_t *group;         /* optional */
    const uint32_t *address;       /* optional */
};

static inline int64_t event_utc_ns(const struct events *events, uint32_t i)
{
    return (int64_t)(events->start_ns[i] + (uint64_t)events->utc_offset_ns);
}

/* What requests at level 2 and above carry; arrays of as many values as the batch. */
struct event_details {
    const uint8_t *what; /* enum event_detail; 0: nothing was told */
    const uint64_t *cpu_ns, *threshold_ns;
    const uint32_t *voluntary_switches, *involuntary_switches;
    const uint32_t *minor_faults, *major_faults;
    const uint32_t *block_reads, *block_writes;
};
enum event_detail {
    EVENT_DETAIL_LEVEL = 7,    /* bits of the level */
    EVENT_DETAIL_OUTLIER = 8,  /* it passed the threshold in force */
    EVENT_DETAIL_MEASURED = 16 /* all but what and threshold_ns are known */
};

/* Names a request of the source, whether its batch comes before, after or never. */
struct event_request {
    uint64_t start_ns; /* exact; 0: no request */
    uint32_t endpoint; /* as known then; may be 0 */
};

/* Any bytes. */
struct event_text {
    const char *bytes;
    size_t length;
};

/* Stacks are numbers of source_map_frame(), outermost first. Times are UTC. */
struct event_sample {
    struct event_request request;
    int64_t utc_ns;        /* start of the request; of none: of the sample */
    uint64_t elapsed_ns;   /* of the request */
    uint32_t interval_us;  /* the time it stands for */
    bool profile, outlier; /* why it was taken */
    bool running, waiting;
    bool truncated, unsupported; /* frames are missing; it may be another's stack */
    const uint32_t *frames;
    uint32_t frame_count;
};

struct event_exception {
    struct event_request request;
    int64_t utc_ns;
    uint64_t count; /* of the same, since it was told last; the rest is an example */
    bool handled;   /* the application reported it, it did not get out */
    struct event_text type, message;
    const uint32_t *frames;
    uint32_t frame_count;
};

/* What a request asked for: its path, or a header. */
struct event_context_item {
    bool header;
    struct event_text name, value;
};

/* A request that was being served when its process ended. */
struct event_unfinished {
    struct event_request request;
    int64_t start_utc_ns;
    uint64_t elapsed_ns;   /* when it was last known to be in flight; 0: not known */
    uint64_t threshold_ns; /* for outliers; 0: none */
    uint64_t pid;
    uint32_t thread;
    uint8_t method, level;
    bool outlier;
    struct event_text group, address, path;
};

struct beside_processes;
struct summary;

/* One source's numbers mapped to one summary's. Belongs to one thread with its summary.
 */
struct source_map;
struct source_map *source_map_new(struct summary *summary,
                                  const struct event_source *source);
void source_map_free(struct source_map *map);
/* Defines number id of the source. Defining again with other bytes replaces it. Bytes are
 * copied; any bytes and any length, not terminated. */
void source_map_endpoint(struct source_map *map, uint32_t id, const char *application,
                         size_t application_length, const char *version,
                         size_t version_length, const char *name, size_t name_length);
void source_map_group(struct source_map *map, uint32_t id, const char *bytes,
                      size_t length);
void source_map_address(struct source_map *map, uint32_t id, const char *bytes,
                        size_t length);

/* Adds a batch. Numbers that are not defined count under "(undefined)". Hot: no
 * allocation in the steady state. */
void summary_add(struct summary *summary, struct source_map *map,
                 const struct events *events);

/* --- beside requests (beside.h) ---
 * A summary that scans takes none of them. One with a filter takes those of requests that
 * pass it, and of what belongs to no request what its time lets pass. What cannot be told
 * by its group or status, where those are asked for, is left out and counted. */

/* What the requests of a batch carry, after or before summary_add() of it. */
void summary_add_details(struct summary *summary, struct source_map *map,
                         const struct events *events,
                         const struct event_details *details);
/* The number of a place in code, the same for the same place. line 0: not known. */
uint32_t source_map_frame(struct source_map *map, struct event_text file,
                          struct event_text function, uint32_t line);
void summary_add_sample(struct summary *summary, struct source_map *map,
                        const struct event_sample *sample);
void summary_add_exception(struct summary *summary, struct source_map *map,
                           const struct event_exception *exception);
void summary_add_context(struct summary *summary, struct source_map *map,
                         struct event_request request, int64_t start_utc_ns,
                         const struct event_context_item *items, size_t count);
void summary_add_gauge(struct summary *summary, struct event_text name, int64_t utc_ns,
                       double value);
/* Those that every recorder tells of its process and machine, once a second. */
#define EVENT_GAUGE_MEMORY "memory of a process (MB)"
#define EVENT_GAUGE_LOAD "load average (1 min)"
void summary_add_unfinished(struct summary *summary, struct source_map *map,
                            const struct event_unfinished *unfinished);
/* Requests that a process counted without recording them. Once a process and endpoint;
 * names are terminated. */
void summary_add_counted(struct summary *summary, struct event_text application,
                         struct event_text version, struct event_text endpoint,
                         uint64_t count, int64_t last_utc_ns);
/* The last figures of processes. Once a process. */
void summary_add_processes(struct summary *summary,
                           const struct beside_processes *processes);

#endif
