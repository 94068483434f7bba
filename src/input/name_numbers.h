/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings to numbers for some 10^4 short names that come over and over, in any order: in
 * front of the map stands a table whose entries hold the whole name, so that a look-up
 * touches one line of memory instead of three.
 */
#ifndef INPUT_NAME_NUMBERS_H
#define INPUT_NAME_NUMBERS_H

#include "src/base/map.h"

#include <stdbool.h>
#include <string.h>

enum { SHORT_NAME_BYTES = 24, NAME_PROBES = 16 };

/* A name of 1 to SHORT_NAME_BYTES bytes: its length and its words, of which the last is
 * its last 8 bytes, tell it from all others. number 0: free. */
struct short_name {
    uint64_t words[3];
    uint32_t length, number;
};

/* Linear probing, at most half full, so that the first slot nearly always is the right
 * one and the processor guesses so; empty ones are never read. A name that finds no place
 * within NAME_PROBES (made to collide) is looked up in the map. */
struct name_numbers {
    struct map map;
    struct short_name *slots;
    size_t slot_count; /* a power of two */
};

void name_numbers_init(struct name_numbers *names);
void name_numbers_release(struct name_numbers *names);
/* Forgets all. */
void name_numbers_clear(struct name_numbers *names);

/* A name that will be asked for: the table's line is on its way meanwhile. */
struct name_key {
    struct short_name name;
    const char *bytes; /* borrowed */
    size_t length, hash;
};

/* What name_number() does with names that the table does not have. */
uint32_t name_number_of_map(struct name_numbers *names, const struct name_key *key);

static inline uint64_t name_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Fewer than 8 bytes, at least one. */
static inline uint64_t name_short_word(const char *bytes, size_t length)
{
    uint32_t first, last;
    if (length < 4)
        return (uint64_t)(unsigned char)bytes[0] |
               (uint64_t)(unsigned char)bytes[length / 2] << 8 |
               (uint64_t)(unsigned char)bytes[length - 1] << 16;
    memcpy(&first, bytes, sizeof(first));
    memcpy(&last, bytes + length - sizeof(last), sizeof(last));
    return (uint64_t)first << 32 | last;
}

/* All bits of the words change it: both halves of the product depend on all of them. */
static inline size_t short_name_hash(const struct short_name *name)
{
    unsigned __int128 product =
        (unsigned __int128)(name->words[0] ^ name->words[1] << 1 ^ name->length ^
                            UINT64_C(0x9e3779b97f4a7c15)) *
        (name->words[2] ^ UINT64_C(0xd1b54a32d192ed03));
    uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);
    return (size_t)(hash ^ hash >> 32);
}

static inline struct name_key name_key_of(const struct name_numbers *names,
                                          const char *bytes, size_t length)
{
    struct name_key key = {{{0}, (uint32_t)length, 0}, bytes, length, 0};
    uint64_t *words = key.name.words;
    if (length == 0 || length > SHORT_NAME_BYTES)
        return key;
    if (length < 8) {
        words[0] = name_short_word(bytes, length);
    } else {
        words[0] = name_word(bytes);
        words[1] = length > 16 ? name_word(bytes + 8) : 0;
        words[2] = name_word(bytes + length - 8);
    }
    key.hash = short_name_hash(&key.name);
    __builtin_prefetch(&names->slots[key.hash & (names->slot_count - 1)]);
    return key;
}

static inline bool same_short_name(const struct short_name *a, const struct short_name *b)
{
    return a->length == b->length && a->words[0] == b->words[0] &&
           a->words[1] == b->words[1] && a->words[2] == b->words[2];
}

/* The name's number from 1 on; 0 of an empty one. */
static inline uint32_t name_number(struct name_numbers *names, const struct name_key *key)
{
    if (key->length == 0)
        return 0;
    if (key->length <= SHORT_NAME_BYTES)
        for (size_t i = 0; i < NAME_PROBES; i++) {
            const struct short_name *slot =
                &names->slots[(key->hash + i) & (names->slot_count - 1)];
            if (same_short_name(slot, &key->name))
                return slot->number;
            if (!slot->number)
                break;
        }
    return name_number_of_map(names, key);
}

#endif
