/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "source_map.h"
#include "src/base/mem.h"

/* What is known of a name: the source's numbers remember it. */
enum { NOT_LOOKED_UP, PASSES, LEFT_OUT };

struct filtered {
    struct events events;
    uint16_t places[SOURCE_BATCH]; /* which requests of the batch are left */
    uint64_t words[4][SOURCE_BATCH];
    uint32_t numbers[3][SOURCE_BATCH];
    uint16_t short_numbers[2][SOURCE_BATCH];
    uint8_t bytes[2][SOURCE_BATCH];
};

bool filter_is_set(const struct filter *filter)
{
    return filter->endpoints.count || filter->versions.count || filter->groups.count ||
           filter->status_count || filter->has_since || filter->has_until ||
           filter->nothing;
}

bool filter_passes(const struct filter_globs *globs, const char *name)
{
    bool passes = globs->count == 0;
    for (size_t i = 0; i < globs->count && !passes; i++)
        passes =
            strcmp(globs->globs[i], name) == 0 || fnmatch(globs->globs[i], name, 0) == 0;
    return passes;
}

void filtered_free(struct filtered *filtered)
{
    free(filtered);
}

static bool endpoint_passes(const struct filter *filter, struct source_map *map,
                            uint32_t id)
{
    struct source_endpoint *endpoint =
        &map->endpoints[id < map->slot_room ? map->slots[id] : 0];
    if (endpoint->filtered == NOT_LOOKED_UP)
        endpoint->filtered =
            filter_passes(&filter->endpoints, endpoint->name.bytes) &&
                    filter_passes(&filter->versions, endpoint->version_name.bytes)
                ? PASSES
                : LEFT_OUT;
    return endpoint->filtered == PASSES;
}

static bool group_passes(const struct filter *filter, struct source_map *map,
                         const struct events *events, uint32_t i)
{
    struct source_values *values = &map->values[SUMMARY_GROUP];
    uint32_t id = events->group ? events->group[i] : 0;
    if (filter->groups.count == 0 || id == 0)
        return filter->groups.count == 0;
    id = id < values->room && values->names[id].bytes ? id : 0;
    if (values->filtered[id] == NOT_LOOKED_UP)
        values->filtered[id] =
            filter_passes(&filter->groups, values->names[id].bytes) ? PASSES : LEFT_OUT;
    return values->filtered[id] == PASSES;
}

static bool status_passes(const struct filter *filter, const struct events *events,
                          uint32_t i)
{
    unsigned status = kind_of(events, i).status;
    bool passes = filter->status_count == 0;
    for (size_t k = 0; k < filter->status_count && !passes; k++)
        passes = status >= filter->statuses[k].low && status <= filter->statuses[k].high;
    return passes;
}

static bool time_passes(const struct filter *filter, int64_t utc_ns)
{
    return (!filter->has_since || utc_ns >= filter->since_utc_ns) &&
           (!filter->has_until || utc_ns < filter->until_utc_ns);
}

bool filter_passes_request(struct source_map *map, const struct events *events,
                           uint32_t i)
{
    const struct filter *filter = map->summary->filter;
    return !filter->nothing && time_passes(filter, event_utc_ns(events, i)) &&
           status_passes(filter, events, i) &&
           endpoint_passes(filter, map, kind_of(events, i).endpoint) &&
           group_passes(filter, map, events, i);
}

/* Fills places; returns how many there are. */
static uint32_t find_places(struct source_map *map, const struct events *events,
                            uint16_t *places)
{
    struct summary *summary = map->summary;
    uint32_t count = 0;
    for (uint32_t i = 0; i < events->count; i++) {
        int64_t utc_ns = event_utc_ns(events, i);
        if (utc_ns < summary->seen_first_utc_ns)
            summary->seen_first_utc_ns = utc_ns;
        if (utc_ns > summary->seen_last_utc_ns)
            summary->seen_last_utc_ns = utc_ns;
        if (filter_passes_request(map, events, i))
            places[count++] = (uint16_t)i;
    }
    return count;
}

/* Copies what is left of a column, where there is one. */
#define KEEP(column, memory)                                                             \
    if (from->column) {                                                                  \
        for (uint32_t i = 0; i < to->count; i++)                                         \
            (memory)[i] = from->column[filtered->places[i]];                             \
        to->column = (memory);                                                           \
    }

static void keep_columns(struct filtered *filtered, const struct events *from)
{
    struct events *to = &filtered->events;
    KEEP(endpoint, filtered->numbers[0])
    KEEP(group, filtered->numbers[1])
    KEEP(address, filtered->numbers[2])
    KEEP(start_ns, filtered->words[0])
    KEEP(duration_ns, filtered->words[1])
    KEEP(first_byte_ns, filtered->words[2])
    KEEP(view_ns, filtered->words[3])
    KEEP(kind, filtered->short_numbers[0])
    KEEP(status, filtered->short_numbers[1])
    KEEP(method, filtered->bytes[0])
    KEEP(flags, filtered->bytes[1])
}

const struct events *filter_events(struct source_map *map, const struct events *events)
{
    if (!map->filtered)
        map->filtered = mem_new(sizeof(*map->filtered));
    struct filtered *filtered = map->filtered;
    uint32_t count = find_places(map, events, filtered->places);
    map->summary->left_out += events->count - count;
    if (count == events->count)
        return events;
    filtered->events = (struct events){.count = count,
                                       .utc_offset_ns = events->utc_offset_ns,
                                       .sequence = events->sequence,
                                       .places = filtered->places,
                                       .kinds = events->kinds,
                                       .kind_count = events->kind_count};
    keep_columns(filtered, events);
    return &filtered->events;
}
