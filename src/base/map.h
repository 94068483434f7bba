/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings to small numbers: a string's number is the count of different strings that came
 * before it, so numbers index the owner's arrays. Open addressing with stored hashes;
 * made for up to some 10^6 strings that are looked up once each time a source defines
 * them.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"

struct map_key {
    const char *bytes; /* in the arena, terminated */
    uint32_t length;
    uint32_t unused;
    uint64_t hash; /* map_hash of the bytes: the same on every machine, for ever */
};

/* keys[number]; slots hold number + 1, 0 where free; slot_count is a power of two larger
 * than count. */
struct map {
    struct arena arena;
    struct map_key *keys;
    size_t count, room;
    uint32_t *slots;
    size_t slot_count;
};

#define MAP_NONE UINT32_MAX

void map_init(struct map *map);
void map_release(struct map *map);
/* The string's number; a new string is copied and gets the next one. Lengths are cut at
 * UINT32_MAX. */
uint32_t map_add(struct map *map, const void *bytes, size_t length);
/* The string's number, or MAP_NONE. */
uint32_t map_find(const struct map *map, const void *bytes, size_t length);

/* 64 well mixed bits; not against an attacker. */
uint64_t map_hash(const void *bytes, size_t length);

#endif
