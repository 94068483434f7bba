/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Summaries of made-up requests, through the same doors as recorded ones. For tests and
 * benchmarks.
 */
#ifndef FINDINGS_MADE_SUMMARY_H
#define FINDINGS_MADE_SUMMARY_H

#include "src/summary/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct made_request {
    uint32_t endpoint, group, address; /* numbers defined below; 0: none */
    int64_t start_utc_ns;
    uint64_t duration_ns;
    uint64_t first_byte_ns, view_ns; /* 0: not known */
    uint16_t status;
    uint8_t flags;
};

struct made {
    struct summary *summary;
    struct source_map *map;
    uint64_t sequence;
};

static inline void made_init(struct made *made)
{
    struct event_source source = {.host = "web-1", .run = "", .process = 1};

    made->summary = summary_new();
    made->map = source_map_new(made->summary, &source);
    made->sequence = 0;
}

static inline void made_release(struct made *made)
{
    source_map_free(made->map);
    summary_free(made->summary);
}

static inline void made_endpoint(struct made *made, uint32_t id, const char *application,
                                 const char *version, const char *name)
{
    source_map_endpoint(made->map, id, application, strlen(application), version,
                        strlen(version), name, strlen(name));
}

static inline void made_group(struct made *made, uint32_t id, const char *name)
{
    source_map_group(made->map, id, name, strlen(name));
}

static inline void made_address(struct made *made, uint32_t id, const char *name)
{
    source_map_address(made->map, id, name, strlen(name));
}

static inline void made_add(struct made *made, const struct made_request *request)
{
    uint64_t start_ns = 0;
    uint64_t first_byte_ns = request->first_byte_ns ? request->first_byte_ns : UINT64_MAX;
    uint64_t view_ns = request->view_ns ? request->view_ns : UINT64_MAX;
    struct events events = {.count = 1,
                            .utc_offset_ns = request->start_utc_ns,
                            .sequence = made->sequence++,
                            .endpoint = &request->endpoint,
                            .start_ns = &start_ns,
                            .duration_ns = &request->duration_ns,
                            .first_byte_ns = &first_byte_ns,
                            .view_ns = &view_ns,
                            .group = &request->group,
                            .address = &request->address,
                            .status = &request->status,
                            .flags = &request->flags};

    summary_add(made->summary, made->map, &events);
}

/* Seeded, the same everywhere (Marsaglia's xorshift64*). */
static inline uint64_t made_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* 0 < u < 1. */
static inline double made_uniform(uint64_t *state)
{
    return ((double)(made_random(state) >> 11) + .5) / 9007199254740992.0;
}

/* Box and Muller. */
static inline double made_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(made_uniform(state)));
    return radius * cos(6.283185307179586 * made_uniform(state));
}

/* Log-normal around a median. */
static inline uint64_t made_latency_ns(uint64_t *state, double median_ns, double sigma)
{
    return (uint64_t)(median_ns * exp(sigma * made_normal(state)));
}

#endif
