/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests made up for tests and benchmarks, seeded: rows, so that a test can shuffle,
 * split and count them by hand, and a way to add them as batches of columns.
 */
#ifndef SUMMARY_MADE_REQUESTS_H
#define SUMMARY_MADE_REQUESTS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/mem.h"
#include "summary.h"

struct made_request {
    uint32_t process, endpoint, version, group, address;
    uint64_t sequence;
    int64_t start_utc_ns;
    uint64_t duration_ns, first_byte_ns, view_ns;
    uint16_t status;
    uint8_t method, flags;
};

/* What to make. endpoint 1 .., version 0 .., group and address 0 (none) or 1 ..; */
struct made_plan {
    uint64_t seed;
    size_t count;
    uint32_t processes, endpoints, versions, groups, addresses, runs;
    int64_t start_utc_ns, length_ns;
};

#define MADE_DAY_NS INT64_C(86400000000000)
#define MADE_START_NS INT64_C(1795424400000000000) /* 2026-11-23 09:00 UTC */

/* Three days of a small application. */
static const struct made_plan made_small = {.seed = 1,
                                            .count = 30000,
                                            .processes = 6,
                                            .endpoints = 12,
                                            .versions = 2,
                                            .groups = 200,
                                            .addresses = 500,
                                            .runs = 1,
                                            .start_utc_ns = MADE_START_NS,
                                            .length_ns = 3 * MADE_DAY_NS};

/* splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t made_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t made_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(((made_random(state) >> 32) * limit) >> 32);
}

/* 0 .. limit, k + 1 with a probability of about 1 / k: Zipf's law. */
static inline uint32_t made_zipf(uint64_t *state, uint32_t limit)
{
    double uniform = (double)(made_random(state) >> 11) / 9007199254740992.0;
    return (uint32_t)pow(limit + 1, uniform) * (made_random(state) % 16 > 0);
}

/* Heavy-tailed: a product of random octaves around 8 ms. */
static inline uint64_t made_duration(uint64_t *state, uint32_t endpoint)
{
    uint64_t bits = made_random(state);
    int octave = 14 + (int)(endpoint % 5) + __builtin_popcountll(bits & 0xffff) / 2 +
                 (bits >> 54 == 0 ? 4 : 0);
    return (UINT64_C(1) << octave) + (made_random(state) >> (64 - octave));
}

/* count requests, each process's ascending in time as a recorder has them. */
static inline struct made_request *made_requests(const struct made_plan *plan)
{
    struct made_request *requests = mem_array(plan->count, sizeof(*requests));
    uint64_t state = plan->seed;
    for (size_t i = 0; i < plan->count; i++) {
        struct made_request *request = &requests[i];
        uint64_t bits = made_random(&state);
        request->process = (uint32_t)(i * plan->processes / plan->count);
        size_t begin = request->process * plan->count / plan->processes;
        request->sequence = i - begin;
        request->start_utc_ns =
            plan->start_utc_ns + (int64_t)((double)plan->length_ns * (double)(i - begin) *
                                           plan->processes / (double)plan->count);
        request->endpoint = 1 + made_below(&state, plan->endpoints);
        request->version = request->process % plan->versions;
        request->group = made_zipf(&state, plan->groups);
        request->address = made_zipf(&state, plan->addresses);
        request->duration_ns = made_duration(&state, request->endpoint);
        request->first_byte_ns = bits & 63 ? request->duration_ns / 2 : UINT64_MAX;
        request->view_ns = bits & 4032 ? request->duration_ns / 3 : UINT64_MAX;
        unsigned kind = (bits >> 16) & 127;
        request->status = kind == 0 ? 500 : kind == 1 ? 503 : kind < 6 ? 404 : 200;
        request->flags = (uint8_t)((kind == 7) | (kind == 8 ? 2 : 0) | (kind & 4));
        request->method = (uint8_t)(kind % 3);
    }
    return requests;
}

enum { MADE_BATCH = 5000 };

/* The columns of one batch. */
struct made_columns {
    uint32_t endpoint[MADE_BATCH], group[MADE_BATCH], address[MADE_BATCH];
    uint64_t start_ns[MADE_BATCH], duration_ns[MADE_BATCH], first_byte_ns[MADE_BATCH],
        view_ns[MADE_BATCH];
    uint16_t status[MADE_BATCH];
    uint8_t method[MADE_BATCH], flags[MADE_BATCH];
};

/* A process's clock begins 1000 s before its offset's epoch. */
#define MADE_OFFSET_NS INT64_C(1700000000000000000)

static inline void made_fill(struct made_columns *columns,
                             const struct made_request *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        columns->endpoint[i] = requests[i].endpoint + 100 * requests[i].version;
        columns->group[i] = requests[i].group;
        columns->address[i] = requests[i].address;
        columns->start_ns[i] =
            (uint64_t)requests[i].start_utc_ns - (uint64_t)MADE_OFFSET_NS;
        columns->duration_ns[i] = requests[i].duration_ns;
        columns->first_byte_ns[i] = requests[i].first_byte_ns;
        columns->view_ns[i] = requests[i].view_ns;
        columns->status[i] = requests[i].status;
        columns->method[i] = requests[i].method;
        columns->flags[i] = requests[i].flags;
    }
}

static inline struct events made_events(const struct made_columns *columns, size_t count,
                                        uint64_t sequence)
{
    return (struct events){.count = (uint32_t)count,
                           .utc_offset_ns = MADE_OFFSET_NS,
                           .sequence = sequence,
                           .endpoint = columns->endpoint,
                           .start_ns = columns->start_ns,
                           .duration_ns = columns->duration_ns,
                           .first_byte_ns = columns->first_byte_ns,
                           .view_ns = columns->view_ns,
                           .group = columns->group,
                           .address = columns->address,
                           .status = columns->status,
                           .method = columns->method,
                           .flags = columns->flags};
}

/* A source map of one process with everything of the plan defined. */
static inline struct source_map *
made_source(struct summary *summary, const struct made_plan *plan, uint32_t process)
{
    char run[16], text[32], version[32];
    snprintf(run, sizeof(run), "run-%u", process % plan->runs);
    struct event_source source = {"host", plan->runs > 1 ? run : "", process};
    struct source_map *map = source_map_new(summary, &source);
    for (uint32_t v = 0; v < plan->versions; v++)
        for (uint32_t e = 1; e <= plan->endpoints; e++) {
            int version_length = snprintf(version, sizeof(version), "1.%u", v);
            int length = snprintf(text, sizeof(text), "GET /%u", e);
            source_map_endpoint(map, e + 100 * v, "shop", 4, version,
                                (size_t)version_length, text, (size_t)length);
        }
    for (uint32_t g = 1; g <= plan->groups; g++)
        source_map_group(map, g, text,
                         (size_t)snprintf(text, sizeof(text), "customer-%u", g));
    for (uint32_t a = 1; a <= plan->addresses; a++)
        source_map_address(
            map, a, text,
            (size_t)snprintf(text, sizeof(text), "10.0.%u.%u", a / 256, a % 256));
    return map;
}

/* Adds requests in their order, batches of at most batch from one process each. */
static inline void made_add(struct summary *summary, const struct made_plan *plan,
                            const struct made_request *requests, size_t count,
                            size_t batch)
{
    struct made_columns *columns = mem_new(sizeof(*columns));
    struct source_map **maps = mem_array(plan->processes, sizeof(struct source_map *));
    batch = batch < MADE_BATCH ? batch : MADE_BATCH;
    for (size_t at = 0, n; at < count; at += n) {
        uint32_t process = requests[at].process;
        for (n = 1; n < batch && at + n < count; n++)
            if (requests[at + n].process != process ||
                requests[at + n].sequence != requests[at].sequence + n)
                break;
        if (!maps[process])
            maps[process] = made_source(summary, plan, process);
        made_fill(columns, requests + at, n);
        struct events events = made_events(columns, n, requests[at].sequence);
        summary_add(summary, maps[process], &events);
    }
    for (uint32_t process = 0; process < plan->processes; process++)
        source_map_free(maps[process]);
    free(maps);
    free(columns);
}

/* All requests of a plan in one pass. */
static inline struct summary *made_whole(const struct made_plan *plan)
{
    struct summary *summary = summary_new();
    struct made_request *requests = made_requests(plan);
    made_add(summary, plan, requests, plan->count, MADE_BATCH);
    free(requests);
    return summary;
}

/* Of any application; NULL when there is no such cell. */
static inline const struct summary_cell *
cell_of(const struct summary *summary, const char *endpoint, const char *version)
{
    struct summary_endpoint *const *endpoints;
    struct summary_version *const *versions;
    size_t endpoint_count = summary_endpoints(summary, &endpoints);
    size_t version_count = summary_versions(summary, &versions);
    for (size_t e = 0; e < endpoint_count; e++)
        for (size_t v = 0; v < version_count; v++)
            if (strcmp(endpoints[e]->name.bytes, endpoint) == 0 &&
                strcmp(versions[v]->name.bytes, version) == 0)
                return summary_find_cell(endpoints[e], versions[v]);
    return NULL;
}

#endif
