/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source_map.h"

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

static const struct name undefined = {"(undefined)", 11}, nothing = {"", 0};

static struct name copy(struct arena *arena, const char *bytes, size_t length)
{
    return (struct name){arena_copy(arena, bytes, length), length};
}

/* Zeroed room for ids up to id in an array. */
static void *id_room(void *items, size_t old_room, size_t room, size_t item_bytes)
{
    char *bytes = mem_resize_array(items, room, item_bytes);
    memset(bytes + old_room * item_bytes, 0, (room - old_room) * item_bytes);
    return bytes;
}

static size_t next_room(size_t room, uint32_t id)
{
    size_t bigger = room + room / 2 + 16;
    return id < bigger ? bigger : (size_t)id + 1;
}

static void grow_values(struct source_map *map, enum summary_dimension dimension,
                        uint32_t id)
{
    struct source_values *values = &map->values[dimension];
    if (id < values->room)
        return;
    size_t old = values->room, room = next_room(old, id);
    values->names = id_room(values->names, old, room, sizeof(*values->names));
    values->numbers = id_room(values->numbers, old, room, sizeof(*values->numbers));
    values->strata = id_room(values->strata, old, room, sizeof(*values->strata));
    values->filtered = id_room(values->filtered, old, room, sizeof(*values->filtered));
    for (size_t i = 0; i < map->version_count; i++) {
        uint32_t **entries = &map->versions[i].entries[dimension];
        *entries = id_room(*entries, old, room, sizeof(**entries));
    }
    values->room = room;
}

/* Where the next endpoint goes. */
static struct source_endpoint *new_endpoint(struct source_map *map)
{
    size_t count = ++map->endpoint_count;
    map->endpoints =
        vec_room(map->endpoints, &map->endpoint_room, count, sizeof(*map->endpoints));
    map->pending =
        vec_room(map->pending, &map->pending_room, count, sizeof(*map->pending));
    map->pending[count - 1] = (struct source_pending){0, 0};
    return &map->endpoints[count - 1];
}

struct source_map *source_map_new(struct summary *summary,
                                  const struct event_source *source)
{
    struct source_map *map = mem_new(sizeof(*map));
    map->summary = summary;
    map->generation = summary->generation;
    kept_answers_release(&summary->answers); /* of other requests than will be */
    map->process = source->process;
    map->run_name = mem_text(source->run ? source->run : "");
    arena_init(&map->arena);
    *new_endpoint(map) = (struct source_endpoint){
        .application = nothing, .version_name = nothing, .name = undefined};
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        arena_init(&map->values[d].arena);
        grow_values(map, (enum summary_dimension)d, 0);
        map->values[d].names[0] = undefined;
    }
    return map;
}

void source_map_free(struct source_map *map)
{
    if (!map)
        return;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        struct source_values *values = &map->values[d];
        free(values->names);
        free(values->numbers);
        free(values->strata);
        free(values->filtered);
        arena_release(&values->arena);
        for (size_t i = 0; i < map->version_count; i++)
            free(map->versions[i].entries[d]);
    }
    free(map->versions);
    free(map->endpoints);
    free(map->pending);
    free(map->slots);
    free(map->run_name);
    filtered_free(map->filtered);
    made_kinds_free(map->made_kinds);
    arena_release(&map->arena);
    free(map);
}

static bool same(struct name name, const char *bytes, size_t length)
{
    return name.bytes && name_compare(name, (struct name){bytes, length}) == 0;
}

void source_map_endpoint(struct source_map *map, uint32_t id, const char *application,
                         size_t application_length, const char *version,
                         size_t version_length, const char *name, size_t name_length)
{
    if (id == 0 || id >= SOURCE_IDS_MAX)
        return;
    if (id >= map->slot_room) {
        size_t room = next_room(map->slot_room, id);
        map->slots = id_room(map->slots, map->slot_room, room, sizeof(*map->slots));
        map->slot_room = room;
    }
    if (!map->slots[id]) {
        map->slots[id] = (uint32_t)map->endpoint_count;
        *new_endpoint(map) = (struct source_endpoint){0};
    }
    struct source_endpoint *endpoint = &map->endpoints[map->slots[id]];
    if (same(endpoint->application, application, application_length) &&
        same(endpoint->version_name, version, version_length) &&
        same(endpoint->name, name, name_length))
        return;
    *endpoint = (struct source_endpoint){
        .application = copy(&map->arena, application, application_length),
        .version_name = copy(&map->arena, version, version_length),
        .name = copy(&map->arena, name, name_length)};
}

static void define_value(struct source_map *map, enum summary_dimension dimension,
                         uint32_t id, const char *bytes, size_t length)
{
    if (id == 0 || id >= SOURCE_IDS_MAX)
        return;
    grow_values(map, dimension, id);
    struct source_values *values = &map->values[dimension];
    if (same(values->names[id], bytes, length))
        return;
    values->names[id] = copy(&values->arena, bytes, length);
    values->numbers[id] = 0;
    values->filtered[id] = 0;
    for (size_t i = 0; i < map->version_count; i++)
        map->versions[i].entries[dimension][id] = 0;
}

void source_map_group(struct source_map *map, uint32_t id, const char *bytes,
                      size_t length)
{
    define_value(map, SUMMARY_GROUP, id, bytes, length);
}

void source_map_address(struct source_map *map, uint32_t id, const char *bytes,
                        size_t length)
{
    define_value(map, SUMMARY_ADDRESS, id, bytes, length);
}

void source_map_refresh(struct source_map *map)
{
    summary_sweep(map->summary);
    if (map->generation == map->summary->generation)
        return;
    map->generation = map->summary->generation;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++) {
        struct source_values *values = &map->values[d];
        memset(values->numbers, 0, values->room * sizeof(*values->numbers));
        for (size_t i = 0; i < map->version_count; i++)
            memset(map->versions[i].entries[d], 0,
                   values->room * sizeof(*map->versions[i].entries[d]));
    }
}

static size_t find_version(struct source_map *map, struct summary_version *version)
{
    for (size_t i = 0; i < map->version_count; i++)
        if (map->versions[i].version == version)
            return i;
    map->versions = vec_room(map->versions, &map->version_room, map->version_count + 1,
                             sizeof(*map->versions));
    struct source_version *made = &map->versions[map->version_count];
    made->version = version;
    for (int d = 0; d < SUMMARY_DIMENSIONS; d++)
        made->entries[d] = mem_array(map->values[d].room, sizeof(*made->entries[d]));
    return map->version_count++;
}

void source_map_find_cell(struct source_map *map, struct source_endpoint *endpoint)
{
    struct summary_endpoint *found =
        summary_endpoint_of(map->summary, endpoint->application, endpoint->name);
    struct summary_version *version =
        summary_version_of(map->summary, endpoint->application, endpoint->version_name);
    endpoint->cell = summary_cell_of(map->summary, found, version);
    endpoint->version = find_version(map, version);
    endpoint->folded =
        name_compare(endpoint->cell->endpoint->name, endpoint->name) != 0 ||
        name_compare(version->name, endpoint->version_name) != 0;
}

/* The number under which an id counts. */
static uint32_t defined_id(const struct source_values *values, uint32_t id)
{
    return id < values->room && values->names[id].bytes ? id : 0;
}

uint32_t source_map_number(struct source_map *map, enum summary_dimension dimension,
                           uint32_t id)
{
    struct source_values *values = &map->values[dimension];
    id = defined_id(values, id);
    if (!values->numbers[id]) {
        struct map *names = &map->summary->names[dimension];
        uint32_t number =
            map_add(names, values->names[id].bytes, values->names[id].length);
        values->numbers[id] = number + 1;
        values->strata[id] = (uint8_t)(names->keys[number].hash % SUMMARY_STRATA);
    }
    return values->numbers[id];
}

uint32_t source_map_entry(struct source_map *map, struct source_version *version,
                          enum summary_dimension dimension, uint32_t id)
{
    uint32_t number = source_map_number(map, dimension, id) - 1;
    uint32_t entry = tally_entry(version->version->tallies[dimension], number) + 1;
    if (id < map->values[dimension].room)
        version->entries[dimension][id] = entry;
    return entry;
}

/* How many requests each kind has, and each endpoint of how many kinds; one stretch for
 * each endpoint. */
static unsigned count_kinds(struct source_map *map, const struct events *events)
{
    struct source_work *work = &map->work;
    unsigned stretches = 0;
    memset(work->kind_count, 0, events->kind_count * sizeof(*work->kind_count));
    for (unsigned i = 0; i < events->count; i++)
        work->kind_count[events->kind[i]]++;
    for (unsigned k = 0; k < events->kind_count; k++) {
        uint32_t id = events->kinds[k].endpoint;
        uint32_t slot = id < map->slot_room ? map->slots[id] : 0;
        if (!work->kind_count[k])
            continue;
        work->kind_slot[k] = slot;
        if (map->pending[slot].runs++ == 0)
            work->stretches[stretches++].slot = slot;
        map->pending[slot].requests += work->kind_count[k];
    }
    return stretches;
}

/* Where each stretch goes; then pending says where its next run goes. */
static void place_stretches(struct source_map *map, unsigned count)
{
    unsigned request = 0, run = 0;
    for (unsigned i = 0; i < count; i++) {
        struct source_stretch *stretch = &map->work.stretches[i];
        struct source_pending *pending = &map->pending[stretch->slot];
        stretch->begin = request;
        stretch->first_run = run;
        stretch->end = request += pending->requests;
        stretch->end_run = run += pending->runs;
        *pending = (struct source_pending){stretch->begin, stretch->first_run};
    }
}

static void place_runs(struct source_map *map, const struct events *events)
{
    struct source_work *work = &map->work;
    for (unsigned k = 0; k < events->kind_count; k++) {
        unsigned count = work->kind_count[k];
        if (!count)
            continue;
        struct source_pending *pending = &map->pending[work->kind_slot[k]];
        unsigned begin = pending->requests, end = begin + count;
        work->runs[pending->runs++] = (struct source_run){events->kinds[k], begin, end};
        work->kind_next[k] = (uint16_t)begin;
        pending->requests = end;
    }
}

unsigned source_map_sort(struct source_map *map, const struct events *events)
{
    struct source_work *work = &map->work;
    unsigned stretches = count_kinds(map, events);
    place_stretches(map, stretches);
    place_runs(map, events);
    for (unsigned i = 0; i < events->count; i++) {
        unsigned position = work->kind_next[events->kind[i]]++;
        work->position[i] = (uint16_t)position;
        work->order[position] = (uint16_t)i;
    }
    for (unsigned i = 0; i < stretches; i++)
        map->pending[work->stretches[i].slot] = (struct source_pending){0, 0};
    return stretches;
}
