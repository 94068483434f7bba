/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What flows from an input to the summary: who wrote it, its definitions by the source's
 * own numbers, and batches of requests as columns. No format's details come through here.
 */
#ifndef SUMMARY_EVENTS_H
#define SUMMARY_EVENTS_H

#include <stddef.h>
#include <stdint.h>

/* Who wrote it. Strings are borrowed; "" where not known. */
struct event_source {
    const char *host;
    const char *run;  /* recording run, the unit of replication in CI */
    uint64_t process; /* distinguishes processes (of one host and another) */
};

/* A batch. Endpoint, group and address are the source's numbers (0: none). Borrowed
 * arrays of count values; any optional column may be NULL (not known). UTC start =
 * start_ns[i] + utc_offset_ns in ns since 1970. */
struct events {
    uint32_t count;
    int64_t utc_offset_ns;
    uint64_t sequence;      /* of the first request in its process; orders equal times */
    const uint16_t *places; /* a filter's: sequence + places[i]. Inputs give NULL: + i */
    const uint32_t *endpoint;
    const uint64_t *start_ns;
    const uint64_t *duration_ns;
    const uint64_t *first_byte_ns; /* optional; UINT64_MAX: not known */
    const uint64_t *view_ns;       /* optional; UINT64_MAX: not known */
    const uint32_t *group;         /* optional */
    const uint32_t *address;       /* optional */
    const uint16_t *status;        /* optional */
    const uint8_t *method;         /* optional; enum fmd_method of lib/fmd-record.h */
    const uint8_t *flags;          /* optional; enum fmd_flag */
};

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

#endif
