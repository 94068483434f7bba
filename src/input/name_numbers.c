/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "name_numbers.h"

#include "src/base/mem.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

static void make_slots(struct name_numbers *names, size_t count)
{
    free(names->slots);
    names->slot_count = count;
    names->slots = aligned_alloc(64, count * sizeof(*names->slots));
    if (!names->slots)
        abort();
    memset(names->slots, 0, count * sizeof(*names->slots));
}

void name_numbers_init(struct name_numbers *names)
{
    *names = (struct name_numbers){0};
    map_init(&names->map);
    make_slots(names, FIRST_SLOTS);
}

void name_numbers_release(struct name_numbers *names)
{
    map_release(&names->map);
    free(names->slots);
}

void name_numbers_clear(struct name_numbers *names)
{
    if (!names->map.count)
        return;
    name_numbers_release(names);
    name_numbers_init(names);
}

static void put(struct name_numbers *names, const struct name_key *key, uint32_t number)
{
    for (size_t i = 0; key->length <= SHORT_NAME_BYTES && i < NAME_PROBES; i++) {
        struct short_name *slot =
            &names->slots[(key->hash + i) & (names->slot_count - 1)];
        if (slot->number)
            continue;
        *slot = key->name;
        slot->number = number;
        return;
    }
}

static void grow(struct name_numbers *names)
{
    make_slots(names, 2 * names->slot_count);
    for (size_t i = 0; i < names->map.count; i++) {
        const struct map_key *name = &names->map.keys[i];
        struct name_key key = name_key_of(names, name->bytes, name->length);
        put(names, &key, (uint32_t)i + 1);
    }
}

uint32_t name_number_of_map(struct name_numbers *names, const struct name_key *key)
{
    size_t before = names->map.count;
    uint32_t number = map_add(&names->map, key->bytes, key->length) + 1;
    if (names->map.count == before)
        return number;
    if (names->map.count * 2 > names->slot_count)
        grow(names);
    else
        put(names, key, number);
    return number;
}
