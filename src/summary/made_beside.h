/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events beside requests made up for tests, seeded: one struct an event, so that a test
 * can shuffle, split and count them by hand.
 */
#ifndef SUMMARY_MADE_BESIDE_H
#define SUMMARY_MADE_BESIDE_H

#include "beside.h"
#include "made_requests.h"

enum { MADE_FRAMES = 6, MADE_FUNCTIONS = 9 };

struct made_event {
    enum {
        MADE_DETAIL,
        MADE_SAMPLE,
        MADE_EXCEPTION,
        MADE_CONTEXT,
        MADE_GAUGE,
        MADE_UNFINISHED,
        MADE_COUNTED,
        MADE_PROCESS,
        MADE_KINDS
    } kind;
    uint32_t process, endpoint, version;
    uint64_t sequence, start_ns, duration_ns, number;
    uint32_t functions[MADE_FRAMES], count;
    double value;
};

static inline struct event_text made_text(char text[48], const char *format,
                                          unsigned number)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int length = snprintf(text, 48, format, number);
#pragma GCC diagnostic pop
    return (struct event_text){text, (size_t)length};
}

/* Samples and contexts are of requests that other events also name. */
static inline struct made_event *made_beside(const struct made_plan *plan)
{
    struct made_event *events = mem_array(plan->count, sizeof(*events));
    uint64_t state = plan->seed;
    for (size_t i = 0; i < plan->count; i++) {
        struct made_event *event = &events[i];
        unsigned kind = made_below(&state, 24);
        event->kind = kind < MADE_KINDS ? kind : kind < 16 ? MADE_DETAIL : MADE_SAMPLE;
        event->process = made_below(&state, plan->processes);
        event->sequence = made_below(&state, (uint32_t)plan->count / 4 + 1);
        event->endpoint = 1 + (uint32_t)event->sequence % plan->endpoints;
        event->version = event->process % plan->versions;
        event->start_ns = 1000 + event->sequence * 10000000;
        event->duration_ns = made_duration(&state, event->endpoint);
        event->number = made_random(&state);
        if (event->kind == MADE_DETAIL || event->kind == MADE_UNFINISHED)
            event->number = event->sequence * 2654435761u; /* a request is told once */
        event->count = made_below(&state, MADE_FRAMES + 1);
        for (uint32_t k = 0; k < event->count; k++)
            event->functions[k] = made_below(&state, MADE_FUNCTIONS);
        event->value = ldexp((double)(int64_t)event->number, -(int)(event->number % 90));
    }
    return events;
}

/* The source's number of its endpoint. */
static inline uint32_t made_id(const struct made_event *event)
{
    return event->endpoint + 100 * event->version;
}

/* Of a detailed request, and of one that never finished; 0: none. */
static inline uint32_t made_group(const struct made_event *event)
{
    return (uint32_t)(event->sequence % 6);
}

/* Of a detailed request. */
static inline uint16_t made_status(const struct made_event *event)
{
    return event->sequence % 7 ? 200 : 500;
}

static inline int64_t made_start_utc_ns(const struct made_event *event)
{
    return MADE_OFFSET_NS + (int64_t)event->start_ns;
}

/* When it was told: of exceptions, gauges and the last of what was only counted. */
static inline int64_t made_told_utc_ns(const struct made_event *event)
{
    return MADE_OFFSET_NS + (int64_t)(event->number % 1000) * 10000000;
}

static inline void made_add_detail(struct summary *summary, struct source_map *map,
                                   const struct made_event *event)
{
    uint32_t endpoint = made_id(event), group = made_group(event);
    uint16_t status = made_status(event);
    uint32_t counts[6];
    uint8_t what = (uint8_t)(event->number % 32);
    uint64_t threshold_ns = event->number % 5000000;
    for (uint32_t i = 0; i < 6; i++)
        counts[i] = (uint32_t)(event->number >> i * 4) % 16;
    /* a duration that follows from the request, as there is one of each only */
    uint64_t duration_ns = event->sequence * 7919 % 1000000007, cpu_ns = duration_ns / 3;
    struct events events = {.count = 1,
                            .utc_offset_ns = MADE_OFFSET_NS,
                            .sequence = event->sequence,
                            .endpoint = &endpoint,
                            .start_ns = &event->start_ns,
                            .duration_ns = &duration_ns,
                            .group = &group,
                            .status = &status};
    struct event_details details = {&what,      &cpu_ns,    &threshold_ns,
                                    &counts[0], &counts[1], &counts[2],
                                    &counts[3], &counts[4], &counts[5]};
    summary_add_details(summary, map, &events, &details);
}

static inline uint32_t made_frames(struct source_map *map, const struct made_event *event,
                                   uint32_t frames[MADE_FRAMES])
{
    char file[48], function[48];
    for (uint32_t i = 0; i < event->count; i++)
        frames[i] = source_map_frame(
            map, made_text(file, "/app/file%u.py", event->functions[i] % 3),
            made_text(function, "function_%u", event->functions[i]),
            10 * event->functions[i] + i % 2);
    return event->count;
}

static inline void made_add_sample(struct summary *summary, struct source_map *map,
                                   const struct made_event *event)
{
    uint32_t frames[MADE_FRAMES];
    uint32_t count = made_frames(map, event, frames);
    uint64_t bits = event->number;
    struct event_sample sample = {
        .request = {bits % 16 ? event->start_ns : 0, made_id(event)},
        .utc_ns = made_start_utc_ns(event),
        .elapsed_ns = event->duration_ns >> (bits >> 20 & 3),
        .interval_us = bits % 3 ? 10000 : 5000,
        .profile = bits & 32 || !(bits & 64),
        .outlier = bits & 64,
        .running = bits & 128,
        .waiting = !(bits & 128) && bits & 256,
        .truncated = (bits >> 10) % 16 == 0,
        .unsupported = (bits >> 14) % 16 == 0,
        .frames = frames,
        .frame_count = count};
    summary_add_sample(summary, map, &sample);
}

static inline void made_add_exception(struct summary *summary, struct source_map *map,
                                      const struct made_event *event)
{
    char type[48], message[48];
    uint32_t frames[MADE_FRAMES];
    uint32_t count = made_frames(map, event, frames) % 3;
    struct event_exception exception = {
        .request = {event->start_ns, made_id(event)},
        .utc_ns = made_told_utc_ns(event),
        .count = 1 + event->number % 4,
        .handled = event->number & 1,
        .type = made_text(type, "Error%u", (unsigned)event->number % 4),
        .message = made_text(message, "no item %u", (unsigned)(event->number % 97)),
        .frames = frames,
        .frame_count = count};
    summary_add_exception(summary, map, &exception);
}

static inline void made_add_context(struct summary *summary, struct source_map *map,
                                    const struct made_event *event)
{
    char path[48], agent[48];
    struct event_context_item items[] = {
        {false, {"", 0}, made_text(path, "/cart/%u", (unsigned)event->number % 1000)},
        {true, {"User-Agent", 10}, made_text(agent, "agent %u", event->count)}};
    struct event_request request = {event->start_ns,
                                    event->number % 3 ? made_id(event) : 0};
    summary_add_context(summary, map, request, made_start_utc_ns(event), items,
                        1 + event->number % 2);
}

static inline void made_add_unfinished(struct summary *summary, struct source_map *map,
                                       const struct made_event *event)
{
    char group[48], path[48];
    struct event_unfinished unfinished = {
        .request = {event->start_ns, made_id(event)},
        .start_utc_ns = made_start_utc_ns(event),
        .elapsed_ns = event->duration_ns,
        .threshold_ns = event->number % 1000,
        .pid = 100 + event->process,
        .thread = 7,
        .level = 2,
        .outlier = event->number & 1,
        .group = made_group(event) ? made_text(group, "customer-%u", made_group(event))
                                   : (struct event_text){"", 0},
        .path = made_text(path, "/cart/%u", (unsigned)event->number % 1000)};
    summary_add_unfinished(summary, map, &unfinished);
}

static inline void made_add_figures(struct summary *summary,
                                    const struct made_event *event)
{
    struct beside_processes processes = {.processes = 1,
                                         .resident_max_bytes = event->number % 100000,
                                         .cpu_ns = event->number % 1000000,
                                         .samples = event->number % 1000};
    summary_add_processes(summary, &processes);
}

static inline void made_add_event(struct summary *summary, struct source_map *map,
                                  const struct made_event *event)
{
    char name[48];
    switch (event->kind) {
    case MADE_DETAIL:
        made_add_detail(summary, map, event);
        break;
    case MADE_SAMPLE:
        made_add_sample(summary, map, event);
        break;
    case MADE_EXCEPTION:
        made_add_exception(summary, map, event);
        break;
    case MADE_CONTEXT:
        made_add_context(summary, map, event);
        break;
    case MADE_GAUGE:
        summary_add_gauge(summary, made_text(name, "queue-%u", event->count % 3),
                          made_told_utc_ns(event), event->value);
        break;
    case MADE_UNFINISHED:
        made_add_unfinished(summary, map, event);
        break;
    case MADE_COUNTED:
        summary_add_counted(summary, (struct event_text){"shop", 4},
                            (struct event_text){"1.0", 3},
                            made_text(name, "GET /static/%u", event->count),
                            event->number % 10, made_told_utc_ns(event));
        break;
    default:
        made_add_figures(summary, event);
    }
}

/* Adds events in their order; maps of the processes are made as they are needed. */
static inline void made_add_events(struct summary *summary, const struct made_plan *plan,
                                   const struct made_event *events, size_t count)
{
    struct source_map **maps = mem_array(plan->processes, sizeof(struct source_map *));
    for (size_t i = 0; i < count; i++) {
        struct source_map **map = &maps[events[i].process];
        *map = *map ? *map : made_source(summary, plan, events[i].process);
        made_add_event(summary, *map, &events[i]);
    }
    for (uint32_t process = 0; process < plan->processes; process++)
        source_map_free(maps[process]);
    free(maps);
}

#endif
