/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "known_names.h"

#include "python_lines.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <stdlib.h>
#include <string.h>

void known_names_init(struct known_names *known)
{
    *known = (struct known_names){0};
    arena_init(&known->arena);
    map_init(&known->places);
}

void known_names_release(struct known_names *known)
{
    arena_release(&known->arena);
    map_release(&known->places);
    free(known->endpoints);
    free(known->codes);
    free(known->frames);
}

/* Item id of an array that grows with zeros. */
static void *item(void *items, size_t *room, uint32_t id, size_t item_bytes, void **grown)
{
    size_t before = *room;
    char *bytes = items;
    if (id >= before) {
        bytes = vec_room(items, room, (size_t)id + 1, item_bytes);
        memset(bytes + before * item_bytes, 0, (*room - before) * item_bytes);
    }
    *grown = bytes;
    return bytes + id * item_bytes;
}

static struct event_text copy(struct known_names *known, const char *bytes, size_t length)
{
    return (struct event_text){arena_copy(&known->arena, bytes, length), length};
}

static void define_endpoint(struct known_names *known,
                            const struct fmd__definition *definition)
{
    void *grown;
    struct known_endpoint *endpoint = item(known->endpoints, &known->endpoint_room,
                                           definition->id, sizeof(*endpoint), &grown);
    known->endpoints = grown;
    endpoint->application =
        copy(known, definition->application, definition->application_length);
    endpoint->version = copy(known, definition->version, definition->version_length);
    endpoint->name = copy(known, definition->bytes, definition->length);
}

/* Places that were looked up may be others now. */
static void forget_places(struct known_names *known)
{
    map_release(&known->places);
    map_init(&known->places);
}

static void define_code(struct known_names *known,
                        const struct fmd__definition *definition)
{
    void *grown;
    struct known_code *code =
        item(known->codes, &known->code_room, definition->id, sizeof(*code), &grown);
    known->codes = grown;
    if (code->function.bytes)
        forget_places(known);
    *code = (struct known_code){
        .file = copy(known, definition->file, definition->file_length),
        .function = copy(known, definition->bytes, definition->length),
        .lines = (const uint8_t *)arena_copy(&known->arena, definition->line_table,
                                             definition->line_table_bytes),
        .lines_bytes = definition->line_table_bytes,
        .first_line = definition->first_line,
        .lines_kind = definition->line_table_kind};
}

void known_names_define(struct known_names *known,
                        const struct fmd__definition *definition)
{
    if (definition->id == 0 || definition->id > KNOWN_NUMBERS_MAX)
        return;
    if (definition->kind == FMD__DEFINE_ENDPOINT)
        define_endpoint(known, definition);
    else if (definition->kind == FMD__DEFINE_CODE)
        define_code(known, definition);
}

const struct known_endpoint *known_names_endpoint(const struct known_names *known,
                                                  uint32_t id)
{
    return id < known->endpoint_room && known->endpoints[id].name.bytes
               ? &known->endpoints[id]
               : NULL;
}

static uint32_t line_of(const struct known_code *code, uint32_t offset)
{
    uint32_t line = 0;
    if (code->lines_kind == FMD__LINE_TABLE_CPYTHON_311)
        line = python_line(code->lines, code->lines_bytes, code->first_line, offset);
    return line ? line : code->first_line;
}

static uint32_t find_frame(const struct known_names *known, struct source_map *map,
                           const struct fmd__stack_frame *place)
{
    const struct known_code *code =
        place->code < known->code_room ? &known->codes[place->code] : NULL;
    if (!code || !code->function.bytes)
        return source_map_frame(map, (struct event_text){"", 0},
                                (struct event_text){"(not readable)", 14}, 0);
    return source_map_frame(map, code->file, code->function,
                            line_of(code, place->offset));
}

void known_names_frames(struct known_names *known, struct source_map *map,
                        const struct fmd__stack_frame *stack, uint32_t count,
                        uint32_t *frames)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t before = known->places.count;
        uint32_t place = map_add(&known->places, &stack[i], sizeof(stack[i]));
        if (known->places.count > before) {
            known->frames = vec_room(known->frames, &known->frame_room,
                                     known->places.count, sizeof(*known->frames));
            known->frames[place] = find_frame(known, map, &stack[i]);
        }
        frames[i] = known->frames[place];
    }
}
