/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What findings read of a struct beside. */
#include <stdlib.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"

const struct beside *summary_beside(const struct summary *summary)
{
    return beside_is_empty(summary->beside) ? NULL : summary->beside;
}

struct ordered {
    struct name key;
    uint32_t number;
};

static int by_key(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    return name_compare(x->key, y->key);
}

uint32_t *beside_order(const struct map *map)
{
    struct ordered *ordered = mem_array(map->count, sizeof(*ordered));
    uint32_t *order = mem_array(map->count, sizeof(*order));
    for (uint32_t i = 0; i < map->count; i++)
        ordered[i] = (struct ordered){{map->keys[i].bytes, map->keys[i].length}, i};
    if (map->count)
        qsort(ordered, map->count, sizeof(*ordered), by_key);
    for (uint32_t i = 0; i < map->count; i++)
        order[i] = ordered[i].number;
    free(ordered);
    return order;
}

static struct unpacking bytes_of(const struct map_key *key)
{
    return (struct unpacking){(const uint8_t *)key->bytes,
                              (const uint8_t *)key->bytes + key->length, false};
}

static struct beside_key unpack_key(struct unpacking *in)
{
    struct beside_key key;
    key.application = unpack_name(in);
    key.version = unpack_name(in);
    key.endpoint = unpack_name(in);
    return key;
}

struct beside_key beside_key_of(const struct beside *beside, uint32_t cell)
{
    struct unpacking in = bytes_of(&beside->cells.keys[cell]);
    return unpack_key(&in);
}

struct beside_exception_key beside_exception_key_of(const struct beside *beside,
                                                    uint32_t exception)
{
    struct unpacking in = bytes_of(&beside->exceptions.keys[exception]);
    struct beside_exception_key key;
    key.cell = unpack_key(&in);
    key.type = unpack_name(&in);
    key.handled = unpack_number(&in);
    key.stack = (struct name){(const char *)in.at, (size_t)(in.end - in.at)};
    return key;
}

bool stack_frame_next(struct name *path, struct stack_frame *frame)
{
    struct unpacking in = {(const uint8_t *)path->bytes,
                           (const uint8_t *)path->bytes + path->length, false};
    if (!path->length)
        return false;
    struct name key = unpack_name(&in);
    struct unpacking of_key = {(const uint8_t *)key.bytes,
                               (const uint8_t *)key.bytes + key.length, false};
    frame->file = unpack_name(&of_key);
    frame->function = unpack_name(&of_key);
    frame->line = (uint32_t)unpack_number(&of_key);
    *path = (struct name){(const char *)in.at, (size_t)(in.end - in.at)};
    return !in.bad && !of_key.bad;
}

const struct detailed_request *beside_detail(const struct beside *beside, uint32_t cell,
                                             uint64_t process, uint64_t sequence)
{
    const struct beside_cell *of = &beside->of_cells[cell];
    for (size_t i = 0; i < of->kept_count; i++)
        if (of->kept[i].id.process == process && of->kept[i].sequence == sequence)
            return &of->kept[i];
    return NULL;
}

const struct last_stack *beside_last_stack(const struct beside *beside, uint32_t cell,
                                           struct request_id id)
{
    const struct beside_cell *of = &beside->of_cells[cell];
    for (size_t i = 0; i < of->last_count; i++)
        if (of->last[i].id.process == id.process &&
            of->last[i].id.start_ns == id.start_ns)
            return &of->last[i];
    return NULL;
}

/* Twice the number may be in memory; only what would be saved is shown, so that a report
 * does not depend on the order. */
static bool is_kept(const struct map *contexts, uint32_t number)
{
    size_t lower = 0;
    if (contexts->count <= BESIDE_CONTEXTS)
        return true;
    for (size_t i = 0; i < contexts->count; i++)
        lower += contexts->keys[i].hash < contexts->keys[number].hash;
    return lower < BESIDE_CONTEXTS;
}

struct name beside_context(const struct beside *beside, struct request_id id)
{
    uint32_t number = map_find(&beside->contexts, &id, sizeof(id));
    if (number == MAP_NONE || !is_kept(&beside->contexts, number))
        return (struct name){"", 0};
    return (struct name){beside->of_contexts[number].items,
                         beside->of_contexts[number].length};
}

bool context_item_next(struct name *context, struct context_item *item)
{
    struct unpacking in = {(const uint8_t *)context->bytes,
                           (const uint8_t *)context->bytes + context->length, false};
    if (!context->length)
        return false;
    item->header = unpack_number(&in);
    item->name = unpack_name(&in);
    item->value = unpack_name(&in);
    *context = (struct name){(const char *)in.at, (size_t)(in.end - in.at)};
    return !in.bad;
}

struct unfinished_texts beside_unfinished_texts(const struct beside_unfinished *request)
{
    struct unpacking in = {(const uint8_t *)request->texts,
                           (const uint8_t *)request->texts + request->texts_length,
                           false};
    struct unfinished_texts texts;
    texts.group = unpack_name(&in);
    texts.address = unpack_name(&in);
    texts.path = unpack_name(&in);
    return texts;
}
