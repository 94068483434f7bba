/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "vec.h"

void map_init(struct map *map)
{
    *map = (struct map){0};
    arena_init(&map->arena);
}

void map_release(struct map *map)
{
    arena_release(&map->arena);
    free(map->keys);
    free(map->slots);
    *map = (struct map){0};
}

/* Folds the 128-bit product: both halves depend on all bits of both factors. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to 8 bytes, little endian on every machine, so that saved hashes agree. */
static uint64_t read_le(const unsigned char *bytes, size_t length)
{
    uint64_t value = 0;
    memcpy(&value, bytes, length);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

uint64_t map_hash(const void *bytes, size_t length)
{
    const uint64_t odd_1 = UINT64_C(0x9e3779b97f4a7c15),
                   odd_2 = UINT64_C(0xd1b54a32d192ed03);
    const unsigned char *at = bytes;
    uint64_t hash = odd_1 ^ length;
    size_t left = length;
    for (; left >= 8; at += 8, left -= 8)
        hash = mix(hash ^ read_le(at, 8), odd_2);
    hash = mix(hash ^ (left ? read_le(at, left) : 0), odd_2);
    return mix(hash ^ (hash >> 32), odd_1);
}

static uint32_t *map_slot(const struct map *map, const void *bytes, size_t length,
                          uint64_t hash)
{
    for (size_t i = hash & (map->slot_count - 1);; i = (i + 1) & (map->slot_count - 1)) {
        uint32_t *slot = &map->slots[i];
        if (*slot == 0)
            return slot;
        const struct map_key *key = &map->keys[*slot - 1];
        if (key->hash == hash && key->length == length &&
            (length == 0 || memcmp(key->bytes, bytes, length) == 0))
            return slot;
    }
}

/* At most half of the slots are taken. */
static void map_grow(struct map *map)
{
    free(map->slots);
    map->slot_count = map->slot_count ? 2 * map->slot_count : 16;
    map->slots = mem_array(map->slot_count, sizeof(*map->slots));
    for (size_t number = 0; number < map->count; number++) {
        size_t i = map->keys[number].hash & (map->slot_count - 1);
        while (map->slots[i])
            i = (i + 1) & (map->slot_count - 1);
        map->slots[i] = (uint32_t)number + 1;
    }
}

uint32_t map_add(struct map *map, const void *bytes, size_t length)
{
    length = length > UINT32_MAX ? UINT32_MAX : length;
    if (2 * (map->count + 1) > map->slot_count)
        map_grow(map);
    uint64_t hash = map_hash(bytes, length);
    uint32_t *slot = map_slot(map, bytes, length, hash);
    if (*slot)
        return *slot - 1;
    map->keys = vec_room(map->keys, &map->room, map->count + 1, sizeof(*map->keys));
    map->keys[map->count++] = (struct map_key){arena_copy(&map->arena, bytes, length),
                                               (uint32_t)length, 0, hash};
    *slot = (uint32_t)map->count;
    return *slot - 1;
}

uint32_t map_find(const struct map *map, const void *bytes, size_t length)
{
    if (map->count == 0 || length > UINT32_MAX)
        return MAP_NONE;
    return *map_slot(map, bytes, length, map_hash(bytes, length)) - 1;
}
