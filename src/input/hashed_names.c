/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hashed_names.h"

#include "src/base/mem.h"

#include <stdlib.h>
#include <string.h>

void hashed_names_release(struct hashed_names *names)
{
    free(names->slots);
    free(names->bytes);
    *names = (struct hashed_names){0};
}

size_t hashed_names_size(const struct hashed_names *names)
{
    return names->slot_count * sizeof(*names->slots) + names->room;
}

/* The slot of hash, or the free one where it would go. */
static struct hashed_name *slot_of(const struct hashed_names *names, uint64_t hash)
{
    uint32_t mask = names->slot_count - 1;
    uint32_t i = (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (names->slots[i].hash && names->slots[i].hash != hash)
        i = (i + 1) & mask;
    return &names->slots[i];
}

static void grow(struct hashed_names *names)
{
    struct hashed_names old = *names;
    names->slot_count = old.slot_count ? old.slot_count * 2 : 64;
    names->slots = mem_new(names->slot_count * sizeof(*names->slots));
    for (uint32_t i = 0; i < old.slot_count; i++)
        if (old.slots[i].hash)
            *slot_of(names, old.slots[i].hash) = old.slots[i];
    free(old.slots);
}

void hashed_names_add(struct hashed_names *names, uint64_t hash, const char *bytes,
                      uint32_t length)
{
    if (!hash)
        return;
    if (names->count * 2 >= names->slot_count)
        grow(names);
    struct hashed_name *slot = slot_of(names, hash);
    if (slot->hash)
        return;
    while (names->room - names->used < length) {
        names->room = names->room ? names->room * 2 : 1024;
        names->bytes = mem_resize(names->bytes, names->room);
    }
    if (length)
        memcpy(names->bytes + names->used, bytes, length);
    *slot = (struct hashed_name){hash, names->used, length};
    names->used += length;
    names->count++;
}

const char *hashed_names_find(const struct hashed_names *names, uint64_t hash,
                              uint32_t *length)
{
    if (!hash || !names->slot_count)
        return NULL;
    const struct hashed_name *slot = slot_of(names, hash);
    if (!slot->hash)
        return NULL;
    *length = slot->length;
    return names->bytes ? names->bytes + slot->at : "";
}
